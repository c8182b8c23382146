"""The client of 1C ZUP: one call, one attempt (A07), a deadline for all of it, an answer checked once."""

from __future__ import annotations

import datetime as dt
import email.message
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from gateway.clock import Clock
from gateway.errors import BadUpstreamResponse, UpstreamDown, UpstreamFailed, UpstreamRejected, UpstreamTimeout
from gateway.upstream.breaker import Breaker
from openapi import Contract, Operation
from openapi.errors import ApiError, instant
from openapi.validation import parse, validators

Json = Any
PASSED_ON = (400, 404, 409, 422)  # refusals of the caller's own request
LONGEST_REPLY_BYTES = 64 * 1024 * 1024
# The same twice: httpcore closes idle connections once there are more than max_keepalive of any, busy ones included,
# so that many held calls would cost every other call a new connection.
CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=200)


@dataclass(slots=True)
class Seen:
    """What is known of the upstream from the calls made so far; instants in UTC, None before the first."""

    last_success: dt.datetime | None = None
    last_failure: dt.datetime | None = None
    last_error: str | None = None

    def shown(self) -> dict[str, Json]:
        """For /health: state is unknown, ok or failing, by the latest call."""
        moments = {"last_success": self.last_success, "last_failure": self.last_failure}
        failing = self.last_failure is not None and (self.last_success or self.last_failure) <= self.last_failure
        state = "failing" if failing else "ok" if self.last_success else "unknown"
        return {"state": state, **{name: moment and instant(moment) for name, moment in moments.items()}} | {
            "last_error": self.last_error if failing else None
        }


def connect(user: str, password: str) -> httpx.AsyncClient:
    """A pool of connections to 1C: Basic in UTF-8; proxies and ~/.netrc of the environment are not asked."""
    auth = httpx.BasicAuth(user.encode(), password.encode())
    return httpx.AsyncClient(auth=auth, trust_env=False, timeout=None, limits=CONNECTIONS)


class ZupClient:
    """Calls operations of the personnel contract; all fail as ApiError and never as anything else."""

    def __init__(
        self,
        contract: Contract,
        url: str,
        http: httpx.AsyncClient,
        breaker: Breaker,
        clock: Clock,
        *,
        timeout_s: float,
    ) -> None:
        self._contract, self._url, self._http = contract, url.rstrip("/"), http
        self.breaker, self._clock, self._timeout_s = breaker, clock, timeout_s
        self._session: str | None = None
        self.seen = Seen()

    def reset(self) -> None:
        """As new: nothing known of the upstream, the breaker closed, no session."""
        self.breaker.reset()
        self.seen, self._session = Seen(), None

    async def get_agents(self, start_date: str, end_date: str) -> bytes:
        """The reply's bytes, valid by the contract."""
        return await self._call("getAgents", f"/agents/{start_date}/{end_date}")

    async def post(self, operation_id: str, body: Json, *, idempotency_key: str | None = None) -> bytes:
        """The reply's bytes, valid by the contract."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._call(operation_id, f"/{operation_id}", body=body, headers=headers)

    async def _call(
        self, operation_id: str, path: str, *, body: Json = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        operation = self._contract.operations[operation_id]
        with self.breaker.call():
            try:
                reply = self._accepted(operation, await self._sent(operation, path, body, dict(headers or {})))
            except UpstreamRejected:
                self.seen.last_success = self._clock.now()
                raise
            except ApiError as error:
                said = str(error.details.get("last_error", error))
                self.seen.last_failure, self.seen.last_error = self._clock.now(), said
                raise
        self.seen.last_success = self._clock.now()
        return reply

    async def _sent(self, operation: Operation, path: str, body: Json, headers: dict[str, str]) -> httpx.Response:
        """Raises UpstreamTimeout, UpstreamDown, BadUpstreamResponse."""
        headers |= {"Accept": "application/json"} | ({"X-Session-Id": self._session} if self._session else {})
        content = None
        if body is not None:
            content, headers["Content-Type"] = orjson.dumps(body), "application/json"
        try:
            async with self._clock.deadline(self._timeout_s):
                # bytes as they came in: a caller's Idempotency-Key may hold more than ASCII
                raw = {name.encode(): value.encode("latin-1", "replace") for name, value in headers.items()}
                return await self._read(operation.method, path, content, raw)
        except TimeoutError as error:
            said = f"No whole answer within {self._timeout_s:g} s"
            raise UpstreamTimeout(f"1C ZUP: {said.lower()}.", attempt=0, last_error=said) from error
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise UpstreamDown(
                f"1C ZUP cannot be reached or dropped the call: {said}", attempt=0, last_error=said
            ) from error

    async def _read(self, method: str, path: str, content: bytes | None, headers: dict[bytes, bytes]) -> httpx.Response:
        async with self._http.stream(method, self._url + path, content=content, headers=headers) as response:
            size, chunks = 0, []
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > LONGEST_REPLY_BYTES:
                    raise _bad(f"more than {LONGEST_REPLY_BYTES} bytes")
                chunks.append(chunk)
        session = response.headers.get("x-session-id", "")
        if session and session.isascii():
            self._session = session
        return httpx.Response(
            response.status_code,
            headers=[(name, value) for name, value in response.headers.raw if name.lower() == b"content-type"],
            content=b"".join(chunks),
        )

    def _accepted(self, operation: Operation, response: httpx.Response) -> bytes:
        """The body of a success. Raises UpstreamRejected, UpstreamFailed, BadUpstreamResponse."""
        status = response.status_code
        if status in PASSED_ON:
            raise self._rejection(operation, response)
        if status in (401, 403):
            said = f"1C ZUP answered {status} to the gateway's own user"
            raise UpstreamFailed(f"{said}; check ARGUS_ZUP_USER and ARGUS_ZUP_PASSWORD.", attempt=0, last_error=said)
        if status != 200:
            said = f"1C ZUP answered {status}"
            kind = UpstreamDown if status >= 500 else UpstreamFailed
            raise kind(f"{said} to {operation.id}.", attempt=0, last_error=said)
        self._check(operation, response)
        return response.content

    def _check(self, operation: Operation, response: httpx.Response) -> None:
        """Raises BadUpstreamResponse unless media type, charset and body keep to the contract."""
        said = response.headers.get("content-type", "")
        declared = email.message.Message()
        declared["Content-Type"] = said or "none/none"
        if declared.get_content_type() != "application/json" or not said.isascii():
            raise _bad(f"{said or 'no media type'} where application/json was due")
        charset = declared.get_content_charset("utf-8")
        if charset not in ("utf-8", "utf8", "us-ascii", "ascii"):
            raise _bad(f"charset {charset} where UTF-8 was due")
        try:
            validators(self._contract).check_reply(operation, response.status_code, parse(response.content))
        except ApiError as error:
            raise _bad(str(error)) from error

    def _rejection(self, operation: Operation, response: httpx.Response) -> ApiError:
        """1C's refusal in its own words when it is a proper envelope, BadUpstreamResponse when it is not."""
        try:
            self._check(operation, response)
        except BadUpstreamResponse as error:
            return error
        envelope = parse(response.content)
        if envelope["code"] not in operation.error_codes(response.status_code):
            return _bad(f"code {envelope['code']} with status {response.status_code}")
        field = envelope["details"].get("field")
        return UpstreamRejected(response.status_code, envelope["code"], envelope["message"], field=field)


def _bad(said: str) -> BadUpstreamResponse:
    return BadUpstreamResponse(f"1C ZUP answered against its contract: {said}", attempt=0, last_error=said)
