"""One exchange: what a handler gets (Call) and returns (ApiResponse), and the record of both (ServedExchange)."""

from __future__ import annotations

import contextvars
import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers

from argus_wfm.json_type import Json
from argus_wfm.openapi.contract import Contract, Operation
from argus_wfm.openapi.errors import ApiError


@dataclass(slots=True)
class ServedExchange:
    """A request and its answer, from the first byte to the last; logs and audit read it.

    `operation` is None for paths and methods that the contract has not; `failure` is what the envelope that answered
    told of, None for a success. `body` is the parsed request body, valid by the time a handler sees it.
    `requested_at` is aware UTC by the server's clock; `reference` names what a handler has made, for the audit trail.
    """

    request_id: str
    method: str
    path: str
    headers: Headers = field(repr=False)
    requested_at: dt.datetime
    query: str = field(default="", repr=False)
    scheme: str = "http"
    contract: Contract | None = None
    operation: Operation | None = None
    principal: str | None = None
    body: Json = field(default=None, repr=False)
    status: int = 0
    failure: ApiError | None = None
    reference: str | None = None
    _started: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def error(self) -> str | None:
        """The code of the failure."""
        return self.failure.code if self.failure else None

    @property
    def duration_s(self) -> float:
        """Seconds since the request arrived (monotonic, never the moved clock)."""
        return time.perf_counter() - self._started


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is given beside its path and query parameters."""

    operation: Operation
    headers: Mapping[str, str] = field(repr=False)
    principal: str
    request_id: str
    body: Json = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What a handler returns when 200 and plain data are not enough.

    `raw` holds JSON bytes that were valid when they were made (a cache hit): sent as they are, not checked again.
    A `media_type` other than JSON sends `raw` as well.
    """

    data: Json = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json"


Handler = Callable[..., Any]
Handlers = Mapping[str, Handler]
Authenticate = Callable[[str, str], str | None]

_current: contextvars.ContextVar[ServedExchange] = contextvars.ContextVar("exchange")


def folded(headers: Headers) -> dict[str, str]:
    """One value a name: lines that repeat it are one list (RFC 9110, 5.3). Names are lower-case."""
    joined: dict[str, str] = {}
    for name, value in headers.items():
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def current() -> ServedExchange:
    """The exchange being answered in this task or thread. Raises LookupError outside of one."""
    return _current.get()


def enter(exchange: ServedExchange) -> contextvars.Token[ServedExchange]:
    """Make `exchange` the current one; give the token to leave()."""
    return _current.set(exchange)


def leave(token: contextvars.Token[ServedExchange]) -> None:
    """Undo enter()."""
    _current.reset(token)
