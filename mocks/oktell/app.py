"""The mock Oktell as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.messages import MessageFaults
from argus_wfm.mocks.faults.models import Fault
from argus_wfm.mocks.oktell.centre import Oktell
from argus_wfm.mocks.oktell.controls import controls
from argus_wfm.mocks.oktell.poster import EventPoster, Token
from argus_wfm.mocks.oktell.stream import Accepts, Feed
from argus_wfm.openapi.errors import ApiError, MethodNotAllowed, NotFound, instant
from argus_wfm.openapi.stream import load_stream

OPERATIONS = frozenset({"sendEvent", "agentStatus"})  # what is posted, and what the stream sends


def oktell(
    *,
    seed: int = 1,
    agents: int = 50,
    clock: Clock | None = None,
    speed: float = 1,
    gateway: str = "",
    token: Token = "",
    accepts: Accepts = frozenset(),
    with_controls: bool = False,
    faults: Iterable[Fault] = (),
) -> ASGIApp:
    """The mock Oktell as an ASGI application: /ws/agent-status, /health, and /_control when asked for.

    It posts to `gateway` with `token`; its own stream is for those whose token it `accepts`.
    """
    clock = clock or Clock()
    active_faults = ActiveFaults(OPERATIONS, faults)
    feed = Feed(accepts, MessageFaults(active_faults, "agentStatus", "new_status"), clock)
    poster = EventPoster(gateway, token, MessageFaults(active_faults, "sendEvent", "event"), clock) if gateway else None
    server = Oktell(seed=seed, agents=agents, clock=clock, speed=speed, poster=poster, feed=feed)

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "oktell", "now": instant(clock.now())})

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        envelope: ApiError = NotFound(f"There is no such path; the stream is at {load_stream().address}.")
        if error.status_code == 405:
            envelope = MethodNotAllowed("This path has no such method.", headers=error.headers)
        return JSONResponse(envelope.envelope(clock.now()), envelope.status, headers=envelope.headers)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with server.living():
            yield

    routes = [Route("/health", health), WebSocketRoute(load_stream().address, feed.endpoint)]
    extra = [Mount("/_control", controls(server, active_faults))] if with_controls else []
    return Starlette(routes=[*routes, *extra], lifespan=lifespan, exception_handlers={HTTPException: refused})
