"""The APIs of a running gateway, as the command line uses them; every failure is one RemoteError."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from argus_wfm.conformance.errors import RemoteError
from argus_wfm.json_type import Json

if TYPE_CHECKING:
    import requests

TOTAL_S = 30.0
LIFE_S = 3600  # of a token that is signed here
SHORTEST_KEY = 32  # bytes
PAGE = 500  # rows of one page at most
TOKEN = re.compile("[!-~]+")
OPERATION_ID = re.compile("[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Api:
    """One of the gateway's; `variable` of the environment may hold a token of its audience."""

    base: str
    audience: str
    variable: str


OPERATIONS = Api("/api/integration", "argus", "ARGUS_TOKEN")
REPORTS = Api("/api/reports", "reports", "ARGUS_REPORTS_TOKEN")


class GatewayClient:
    """An API behind one URL, with a token of the environment or one that is signed for this machine."""

    def __init__(self, url: str, environment: Mapping[str, str] = os.environ, api: Api = OPERATIONS) -> None:
        import requests

        from argus_wfm.conformance.target.deadline import DeadlineAdapter, bounded

        self._host, self.url = str(_checked(url).hostname), url.rstrip("/")
        self._session = bounded(requests.Session(), DeadlineAdapter())
        self._environment, self._api = environment, api
        self._token = environment.get(api.variable, "").strip()
        self._signs = not self._token

    def get(self, path: str, **query: Json) -> Json:
        """An object; members of `query` that are None are left out."""
        return self._object(self._asked("GET", path, query=query))

    def post(self, path: str, body: Json = None, *, key: str | None = None) -> Json:
        """An object; `key` makes the gateway do it once."""
        return self._object(self._asked("POST", path, body=body, key=key))

    def read(self, path: str, total_s: float | None = None) -> tuple[str, bytes]:
        """(media type, content); `total_s` is for what may be large."""
        response = self._asked("GET", path, total_s=total_s)
        return response.headers.get("Content-Type", "").partition(";")[0].strip(), response.content

    def pages(self, path: str, wanted: int, **query: Json) -> Pages:
        """Up to `wanted` items of a list, fetched as they are asked for."""
        return Pages(self, path, wanted, query)

    def _asked(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Json] | None = None,
        body: Json = None,
        key: str | None = None,
        total_s: float | None = None,
    ) -> requests.Response:
        given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        options: dict[str, Json] = {"params": given, "headers": {"Accept": "*/*"}}
        if body is not None:
            options["data"] = json.dumps(body).encode()
            options["headers"]["Content-Type"] = "application/json"
        if key is not None:
            if not key.isprintable():
                raise RemoteError("--key is text of one line.")
            options["headers"]["Idempotency-Key"] = key.encode()
        response = self._authorized(method, self._api.base + path, options, total_s)
        if response.status_code >= 300:
            raise RemoteError(self._refusal(response))
        return response

    def _authorized(self, method: str, path: str, options: dict[str, Json], total_s: float | None) -> requests.Response:
        """One that was signed here is renewed when it expires while we wait; 401 means that nothing was done."""
        self._token = self._token or self._signed()
        if not TOKEN.fullmatch(self._token):
            raise RemoteError(f"{self._api.variable} is no token; {self._issuing()} makes one.")
        response = self._sent(method, path, _bearing(options, self._token), total_s)
        if self._signs and response.status_code == 401 and _envelope(response).get("code") == "TOKEN_EXPIRED":
            self._token = self._signed()
            response = self._sent(method, path, _bearing(options, self._token), total_s)
        return response

    def _sent(
        self, method: str, path: str, options: Mapping[str, Json], total_s: float | None = None
    ) -> requests.Response:
        import requests

        try:
            prepared = self._session.prepare_request(requests.Request(method, self.url + path, **options))
            return self._session.send(prepared, timeout=total_s or TOTAL_S, allow_redirects=False, verify=True)
        except requests.RequestException as error:
            raise RemoteError(
                f"The gateway at {self.url} was not reached: {_reason(error)}. Start it (argus up, argus serve), "
                "or give another --url."
            ) from error

    def _signed(self) -> str:
        """By the gateway's clock, which may be another than ours."""
        import jwt

        from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY, LOOPBACK

        if self._host not in LOOPBACK:
            raise RemoteError(f"Set {self._api.variable}: a token for {self.url}; {self._issuing()} makes one.")
        key = (self._environment.get("ARGUS_TOKEN_KEY") or DEVELOPMENT_KEY).encode()
        if len(key) < SHORTEST_KEY:
            raise RemoteError(f"ARGUS_TOKEN_KEY is shorter than {SHORTEST_KEY} bytes; set it to the gateway's.")
        now = int(self.now().timestamp())
        claims = {"iss": "argus", "sub": "argus", "aud": self._api.audience, "iat": now, "exp": now + LIFE_S}
        return jwt.encode(claims, key, algorithm="HS256")

    def _issuing(self) -> str:
        return "argus token" if self._api is OPERATIONS else f"argus token --audience {self._api.audience}"

    def now(self) -> dt.datetime:
        """By the gateway's clock; aware."""
        from email.utils import parsedate_to_datetime

        health = self._sent("GET", "/health", {})
        try:
            if date := health.headers.get("Date"):
                return parsedate_to_datetime(date)
            return dt.datetime.fromisoformat(_body(health)["now"])
        except (ValueError, KeyError, TypeError):
            return dt.datetime.now(dt.UTC)

    def _object(self, response: requests.Response) -> Json:
        body = _body(response)
        if not isinstance(body, dict):
            raise RemoteError(f"The reply of {self.url} is not the gateway's JSON; is --url right?")
        return body

    def _refusal(self, response: requests.Response) -> str:
        told, status = _envelope(response), response.status_code
        words = f"{told['code']}: {told['message']}" if {"code", "message"} <= told.keys() else ""
        if status in (401, 403):
            hint = (
                f"Set {self._api.variable} to a token of this gateway ({self._issuing()} makes one), "
                "or ARGUS_TOKEN_KEY to its key."
            )
            return f"{words or f'{self.url} refused the token ({status}).'} {hint}"
        return words or f"{self.url} answered {status}, and not as the gateway does; is --url right?"


class Pages:
    """Items of a list, page by page; `next` is the cursor of what was not asked for, None at the end."""

    def __init__(self, remote: GatewayClient, path: str, wanted: int, query: Mapping[str, Json]) -> None:
        self._remote, self._path, self._wanted, self._query = remote, path, wanted, query
        self.next: str | None = None

    def __iter__(self) -> Iterator[Json]:
        left, self.next = self._wanted, None
        while left > 0:
            page = self._remote.get(self._path, **self._query, limit=min(left, PAGE), cursor=self.next)
            items, self.next = page.get("items", []), page.get("next")
            yield from items
            left -= len(items)
            if not items or not self.next:
                return

    def whole(self) -> dict[str, Json]:
        """All of them as one page of the API's."""
        items = list(self)
        return {"items": items, "next": self.next}


def operation(operation_id: str) -> str:
    """The path of an operation. Raises RemoteError for what cannot be an id."""
    return f"/operations/{checked_id(operation_id)}"


def checked_id(operation_id: str) -> str:
    """An operation's id. Raises RemoteError for what cannot be one."""
    if not OPERATION_ID.fullmatch(operation_id):
        raise RemoteError(f"{operation_id} is no operation's id; argus queue list shows them.")
    return operation_id


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise RemoteError(f"{url} is no URL of a gateway; write it as http://127.0.0.1:8090.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise RemoteError("--url is a plain URL, without user, query or fragment; a token goes into ARGUS_TOKEN.")
    return parts


def _bearing(options: Mapping[str, Json], token: str) -> dict[str, Json]:
    return {**options, "headers": {**options["headers"], "Authorization": f"Bearer {token}".encode()}}


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(response: requests.Response) -> Json:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _envelope(response: requests.Response) -> dict[str, Json]:
    body = _body(response)
    return body if isinstance(body, dict) else {}


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words; requests' own repeats the whole pool."""
    cause = error
    while "within" not in str(cause) and (inner := cause.__cause__ or cause.__context__):
        cause = inner
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
