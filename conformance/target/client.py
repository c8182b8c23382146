"""The judge's HTTP client for one contract of a target: real sockets, one deadline, safe by construction."""

from __future__ import annotations

import base64
import json as json_
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import requests

from argus_wfm.conformance.errors import HeldBack
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Drift, Finding
from argus_wfm.conformance.target.deadline import DeadlineAdapter, bounded
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.safety import SafetyGuard
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation

Auth = tuple[str, str] | str | Literal["default"] | None
DEADLINE_S = 31.0  # the 30 s of seed section 1, and the way of a 504 that tells of them
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be done to a host; a host that we started ourselves may be treated as we like."""

    ours: bool = False
    allow_writes: bool = False
    allow_auth_failures: bool = False

    @property
    def writes(self) -> bool:
        return self.ours or self.allow_writes

    @property
    def auth_failures(self) -> bool:
        return self.ours or self.allow_auth_failures


class Client:
    """Sends requests of one contract; every exchange goes to the recorder."""

    def __init__(
        self,
        contract: Contract,
        url: str,
        credentials: tuple[str, str],
        policy: Policy,
        recorder: Recorder,
        *,
        verify: bool | str = True,
        token: Callable[[], str] | None = None,
        foreign_token: Callable[[], str] | None = None,
        guard: SafetyGuard | None = None,
    ) -> None:
        self.contract, self.url, self.policy = contract, _prepared(url).rstrip("/"), policy
        self.foreign_token = foreign_token  # of the same issuer, for another API
        self._token = token  # of a contract that takes Bearer; the user and password are not sent then
        self._credentials, self._recorder, self._verify = credentials, recorder, verify
        self.guard = guard or SafetyGuard()
        self._session = bounded(requests.Session(), DeadlineAdapter())

    def get(self, path: str, **options: Any) -> Exchange:
        """See request()."""
        return self.request("GET", path, **options)

    def delete(self, path: str, **options: Any) -> Exchange:
        """See request()."""
        return self.request("DELETE", path, **options)

    def post(self, path: str, json: Json = None, **options: Any) -> Exchange:
        """See request()."""
        return self.request("POST", path, json=json, **options)

    def request(self, method: str, path: str, **options: Any) -> Exchange:
        """One exchange, judged by the contract and counted; options as ask() has them."""
        exchange = self.ask(method, path, **options)
        self._recorder.add(exchange)
        return exchange

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Json = None,
        data: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Auth = "default",
    ) -> Exchange:
        """One exchange that nobody judges.

        `auth` is the target's own credentials, a (user, password), a whole Authorization, or None.

        Raises HeldBack before anything is sent that the policy forbids, Departure UNREACHABLE when nothing answers,
        and what SafetyGuard raises.
        """
        self._check_policy(method, path, auth)
        operation = self._operation(method, path)
        if operation and operation.security is None and auth == "default":
            auth = None  # nobody has to say who he is there
        sent = {"Accept": self._accepted(method, path), **(headers or {}), **self._authorization(auth)}
        if json is not None:
            data, sent = json_.dumps(json, ensure_ascii=False).encode(), {"Content-Type": "application/json", **sent}
        prepared = self._session.prepare_request(requests.Request(method, self.url + path, headers=sent, data=data))
        return self._sent(prepared, path, credentials=auth == "default")

    def _operation(self, method: str, path: str) -> Operation | None:
        """What a path means, whatever its query says."""
        return self.contract.match(method, path.partition("?")[0])

    def _accepted(self, method: str, path: str) -> str:
        """JSON, but for an operation that answers in other media types alone: files."""
        operation = self._operation(method, path)
        answers = operation.spec["responses"].items() if operation else ()
        media_types = {name for status, answer in answers if status < "3" for name in answer.get("content", {})}
        return "application/json" if not media_types or "application/json" in media_types else "*/*"

    def _sent(self, prepared: requests.PreparedRequest, path: str, *, credentials: bool) -> Exchange:
        method, operation = str(prepared.method), self._operation(str(prepared.method), path)
        name, effect = name_of(operation, method, path), self.effect(operation, method)
        guard = self.guard.request(
            name, method, str(prepared.url), effect, contract=self.contract.name, credentials=credentials
        )
        with guard as pending:
            started = time.perf_counter()
            try:
                response = self._session.send(prepared, timeout=DEADLINE_S, allow_redirects=False, verify=self._verify)
            except requests.RequestException as error:
                pending.error = _reason(error)
                words = f"{self.url} did not answer: {pending.error}"
                raise Departure(Finding("UNREACHABLE", Drift.UNREACHABLE, name, "connection", words)) from error
            pending.status = response.status_code
        body = prepared.body if isinstance(prepared.body, bytes) else b""
        return Exchange(
            self.contract,
            operation,
            method,
            str(prepared.url),
            {name.lower(): str(value) for name, value in prepared.headers.items()},
            body,
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            response.content,
            time.perf_counter() - started,
            self.url,
        )

    def _check_policy(self, method: str, path: str, auth: Auth) -> None:
        operation = self._operation(method, path)
        if self.effect(operation, method) == "write" and not self.policy.writes:
            name = name_of(operation, method, path)
            raise HeldBack(f"{name} could change the host; --allow-writes lets it run")
        user, password = self._credentials
        if isinstance(auth, tuple) and auth[0] == user and auth[1] != password and not self.policy.auth_failures:
            raise HeldBack("a wrong password could lock the account; --allow-auth-failures lets it run")

    def effect(self, operation: Operation | None, method: str) -> str:
        """Of what the contract has not, by the method."""
        return operation.effect if operation else "read" if method in SAFE_METHODS else "write"

    def _authorization(self, auth: Auth) -> dict[str, str]:
        if auth is None:
            return {}
        if isinstance(auth, str) and auth != "default":
            return {"Authorization": auth}
        if isinstance(auth, str) and self._token:
            return {"Authorization": f"Bearer {self._token()}"}
        user, password = self._credentials if isinstance(auth, str) else auth
        return {"Authorization": basic(user, password)}

    @property
    def user(self) -> str:
        """The user the target's own requests present."""
        return self._credentials[0]

    @property
    def password(self) -> str:
        """Of the user; never printed."""
        return self._credentials[1]

    @property
    def authorization(self) -> str:
        """The header the target's own requests present; never printed."""
        return f"Bearer {self._token()}" if self._token else basic(*self._credentials)

    @property
    def verify(self) -> bool | str:
        """TLS trust: true, or the file of a certificate authority."""
        return self._verify

    @property
    def recorder(self) -> Recorder:
        """Where exchanges go."""
        return self._recorder


def basic(user: str, password: str) -> str:
    """An Authorization header for Basic in UTF-8 (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _prepared(url: str) -> str:
    """As requests are sent to it: what is Cyrillic is encoded."""
    return str(requests.Request("GET", url).prepare().url)


def name_of(operation: Operation | None, method: str, path: str) -> str:
    """Its id, or method and path of what the contract has not."""
    return operation.id if operation else f"{method} {path}"


def _reason(error: requests.RequestException) -> str:
    """The innermost cause in a few words; requests' own repeats the whole pool."""
    if isinstance(error, requests.Timeout):
        return str(error) if "within" in str(error) else "timed out"
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(cause) or type(cause).__name__
