"""The client of 1C ZUP: one call, one attempt (A07), a deadline for all of it, an answer checked once."""

from __future__ import annotations

import datetime as dt
import email.message
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import orjson

from argus_wfm.gateway.audit import Record, as_error
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.errors import (
    BadUpstreamResponse,
    CircuitOpen,
    UpstreamDown,
    UpstreamError,
    UpstreamFailed,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnready,
)
from argus_wfm.gateway.upstream.breaker import Breaker
from argus_wfm.gateway.upstream.status import UpstreamStatus
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation
from argus_wfm.openapi.errors import ApiError
from argus_wfm.openapi.validation import parse, validators

PASSED_ON = (400, 404, 409, 422)  # refusals of the caller's own request
TIMED_OUT = "Connection timeout"  # the seed's words (section 5)
LONGEST_REPLY_BYTES = 64 * 1024 * 1024
# The same twice: httpcore closes idle connections once there are more than max_keepalive of any, busy ones included,
# so that many held calls would cost every other call a new connection.
CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=200)


@dataclass(frozen=True, slots=True)
class Origin:
    """On whose behalf 1C is called: goes along as X-Request-Id, and into the audit trail."""

    principal: str
    request_id: str
    operation_ref: str | None = None
    retries: int = 0


@dataclass(slots=True)
class ZupUpstream:
    """1C as all clients of one process share it; `on_recovery` is told of the first success after a failure."""

    url: str
    breaker: Breaker
    timeout_s: float
    seen: UpstreamStatus = field(default_factory=UpstreamStatus)
    on_recovery: Callable[[], None] = lambda: None

    def reset(self) -> None:
        """As new: nothing known of it, the breaker closed."""
        self.breaker.reset()
        self.seen.reset()


def connect(user: str, password: str) -> httpx.AsyncClient:
    """A pool of connections to 1C: Basic in UTF-8; proxies and ~/.netrc of the environment are not asked."""
    auth = httpx.BasicAuth(user.encode(), password.encode())
    return httpx.AsyncClient(auth=auth, trust_env=False, timeout=None, limits=CONNECTIONS)


class ZupClient:
    """Calls operations of the personnel contract; all fail as ApiError and never as anything else."""

    def __init__(
        self,
        contract: Contract,
        upstream: ZupUpstream,
        http: httpx.AsyncClient,
        clock: Clock,
        record: Callable[[Record], Awaitable[None]],
    ) -> None:
        self._contract, self._upstream, self._http, self._clock = contract, upstream, http, clock
        self._url, self._timeout_s = upstream.url.rstrip("/"), upstream.timeout_s
        self._record = record
        self._session: str | None = None

    async def get_agents(self, origin: Origin, start_date: str, end_date: str) -> bytes:
        """The reply's bytes, valid by the contract."""
        return await self._call(origin, "getAgents", f"/agents/{start_date}/{end_date}")

    async def post(self, origin: Origin, operation_id: str, body: Json, *, idempotency_key: str | None = None) -> bytes:
        """The reply's bytes, valid by the contract."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._call(origin, operation_id, f"/{operation_id}", body=body, headers=headers)

    async def _call(
        self,
        origin: Origin,
        operation_id: str,
        path: str,
        *,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Told to the audit trail before anybody hears of it, unless the breaker let nothing through."""
        operation = self._contract.operations[operation_id]
        asked, started = self._clock.now(), time.perf_counter()
        failure: ApiError | None = ApiError("The call was given up before 1C ZUP had answered.")
        try:
            reply = await self._tried(operation, path, body, {"X-Request-Id": origin.request_id, **(headers or {})})
            failure = None
        except ApiError as error:
            failure = error
            raise
        finally:
            if not isinstance(failure, CircuitOpen):
                duration_ms = (time.perf_counter() - started) * 1000
                await self._record(self._told(origin, operation, path, body, failure, asked, duration_ms))
        return reply

    async def _tried(self, operation: Operation, path: str, body: Json, headers: dict[str, str]) -> bytes:
        with self._upstream.breaker.call():
            try:
                response = await self._sent(operation, path, body, headers)
                reply = self._accepted(operation, response)
            except UpstreamRejected:
                self._succeeded()
                raise
            except ApiError as error:
                self._upstream.seen.failed(self._clock.now(), str(error.details.get("last_error", error)))
                raise
        self._succeeded()
        return reply

    def _succeeded(self) -> None:
        if self._upstream.seen.succeeded(self._clock.now()):
            self._upstream.on_recovery()

    def _told(
        self,
        origin: Origin,
        operation: Operation,
        path: str,
        body: Json,
        failure: ApiError | None,
        asked: dt.datetime,
        duration_ms: float,
    ) -> Record:
        return Record(
            direction="outbound",
            system="1C ZUP",
            requested_at=asked,
            responded_at=self._clock.now(),
            principal=origin.principal,
            operation=operation.id,
            method=operation.method,
            path=urlsplit(self._url).path + path,
            payload=body,
            status=200 if failure is None else getattr(failure, "answered", None),
            error=as_error(failure.code, str(failure), failure.details) if failure else None,
            duration_ms=round(duration_ms, 3),
            retries=origin.retries,
            request_id=origin.request_id,
            operation_ref=origin.operation_ref,
            transport=urlsplit(self._url).scheme,
        )

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
            words = f"1C ZUP: no whole answer within {self._timeout_s:g} s."
            raise UpstreamTimeout(words, attempt=0, last_error=TIMED_OUT) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
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
        try:
            return self._judged(operation, response)
        except UpstreamError as error:
            error.answered = response.status_code
            raise

    def _judged(self, operation: Operation, response: httpx.Response) -> bytes:
        status = response.status_code
        if status in PASSED_ON:
            raise self._rejection(operation, response)
        if status in (401, 403):
            said = f"1C ZUP answered {status} to the gateway's own user"
            raise UpstreamFailed(f"{said}; check ARGUS_ZUP_USER and ARGUS_ZUP_PASSWORD.", attempt=0, last_error=said)
        if status != 200:
            said = f"1C ZUP answered {status}"
            kind = UpstreamDown if status >= 500 else UpstreamUnready
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
