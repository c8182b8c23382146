"""Builds the web side of the gateway: contracts, stream and controls around its components (components.py).

contracts (personnel, operations, mce, sso, export), stream ── Components ── QueueWorker: queue, worker, sync, transfers
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from argus_wfm.gateway.agent_status.redis_signal import RedisSignal
from argus_wfm.gateway.agent_status.websocket import Subscriptions
from argus_wfm.gateway.api.export import Export
from argus_wfm.gateway.api.mce import Mce
from argus_wfm.gateway.api.operations import Operations
from argus_wfm.gateway.api.personnel import Personnel
from argus_wfm.gateway.api.sites import SiteOperations
from argus_wfm.gateway.api.sso import Sso
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.components import Components, QueueWorker, empty, working
from argus_wfm.gateway.controls import ControlRoutes
from argus_wfm.gateway.metrics import CONTENT_TYPE
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.settings import Settings
from argus_wfm.gateway.upstream.zup import ZupClient, connect
from argus_wfm.openapi import accounts, load_stream, serve
from argus_wfm.openapi.errors import ValidationFailed
from argus_wfm.openapi.middleware import with_routes

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build(settings: Settings, *, clock: Clock | None = None, with_controls: bool = False) -> ASGIApp:
    """The gateway as an ASGI application; controls exist only when asked for. Raises DatabaseError."""
    components = Components(settings, clock or Clock())
    http = connect(settings.zup_user, settings.zup_password.get_secret_value())
    contracts = _contracts(components, components.zup_client(http))
    running: list[QueueWorker] = []

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        """Starting and stopping work blocks, in a thread of its own."""
        async with http, _in_thread(working(components)) as work, _following(components):
            running.extend([work] if work else [])
            yield

    extra = [Mount("/_control", _controls(components, running).router())] if with_controls else []
    return with_routes(contracts, [*_monitoring(components), *_stream(components), *extra], lifespan)


def _monitoring(components: Components) -> list[BaseRoute]:
    async def health(_request: Request) -> Response:
        headers = {"Date": format_datetime(components.clock.now(), usegmt=True)}
        return JSONResponse({"service": "gateway", **components.health(), "status": "ok"}, headers=headers)

    async def metrics(_request: Request) -> Response:
        return Response(await asyncio.to_thread(components.metrics.text), media_type=CONTENT_TYPE)

    return [Route("/health", health), Route("/metrics", metrics)]


def _controls(components: Components, running: Sequence[QueueWorker]) -> ControlRoutes:
    """`running` holds the worker of this process once it has started, if it has one."""

    def reset() -> None:
        empty(components)
        if running:
            running[0].drop()
            empty(components)
        components.hub.reset()

    def fall_due() -> None:
        if running:
            components.schedule.look()

    return ControlRoutes(
        components.clock, components.caches, components.zup, components.queue, components.tokens, reset, fall_due
    )


def _contracts(components: Components, zup: ZupClient) -> ASGIApp:
    settings = components.settings
    operations = Operations(
        components.queue,
        QueueActions(components.queue),
        components.views,
        components.employees,
        components.caches,
        components.audit,
        components.exports,
        components.health,
    )
    key = settings.session_key.get_secret_value().encode() if settings.session_key else None
    return serve(
        {
            "personnel": Personnel(zup, components.caches, components.queue, components.views).handlers(),
            "operations": {**operations.handlers(), **_sites(components).handlers()},
            "export": Export(components.exports, components.queue).handlers(),
            "sso": Sso(components.directory, components.tokens, components.lockout, components.revocations).handlers(),
            "mce": Mce(components.agents, components.queries, components.clock.now).handlers(),
        },
        stack="async",
        users={
            "basic": accounts({settings.user: settings.password.get_secret_value()}),
            "bearer": lambda token, audience: components.claims(token, audience).subject,
        },
        now=components.clock.now,
        on_exchange=components.closed,
        before_answer=components.inbound,
        session_key=key,
    )


def _sites(components: Components) -> SiteOperations:
    return SiteOperations(
        components.sites,
        components.employees,
        components.actuals,
        components.payroll,
        components.consistency,
        components.schedule,
        components.clock.now,
    )


def _stream(components: Components) -> list[BaseRoute]:
    """The socket, what a request without an upgrade is told, and the contract."""
    stream = load_stream()
    subscriptions = Subscriptions(
        stream,
        components.hub,
        components.queries,
        now=components.clock.now,
        admit=components.claims,
        before_answer=components.inbound,
        on_exchange=components.closed,
        most=components.settings.stream_sockets,
    )

    async def no_upgrade(_request: Request) -> Response:
        error = ValidationFailed(f"{stream.address} is a WebSocket (RFC 6455): ask for an upgrade.", field="Upgrade")
        return JSONResponse(error.envelope(components.clock.now()), error.status)

    async def document(_request: Request) -> Response:
        return JSONResponse(stream.document)

    return [
        WebSocketRoute(stream.address, subscriptions),
        Route(stream.address, no_upgrade, methods=METHODS),
        Route(f"{stream.address}/asyncapi.json", document),
    ]


@contextlib.asynccontextmanager
async def _following(components: Components) -> AsyncIterator[None]:
    """The hub, and word from other processes where there is Redis."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(components.revocations.following())
        await stack.enter_async_context(components.hub.running())
        if components.settings.redis_url:
            redis_signal = RedisSignal(components.settings.redis_url, components.hub.stir)
            components.hub.on_commit = redis_signal.tell
            await stack.enter_async_context(redis_signal.running())
        yield


@contextlib.asynccontextmanager
async def _in_thread(
    entered: contextlib.AbstractContextManager[QueueWorker | None],
) -> AsyncIterator[QueueWorker | None]:
    work = await asyncio.to_thread(entered.__enter__)
    try:
        yield work
    finally:
        await asyncio.to_thread(entered.__exit__, None, None, None)
