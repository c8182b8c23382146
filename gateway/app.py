"""Builds the gateway: the one place that constructs its objects and joins them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from gateway import logs
from gateway.api.personnel import Personnel
from gateway.cache import Cache
from gateway.clock import Clock
from gateway.controls import controls
from gateway.settings import Settings
from gateway.upstream.breaker import Breaker
from gateway.upstream.zup import ZupClient, connect
from openapi import accounts, load, serve
from openapi.errors import instant
from openapi.frame import with_routes


def build(settings: Settings, *, clock: Clock | None = None, with_controls: bool = False) -> ASGIApp:
    """The gateway as an ASGI application; controls exist only when asked for."""
    clock = clock or Clock()
    http = connect(settings.zup_user, settings.zup_password.get_secret_value())
    breaker = Breaker(
        "1C ZUP",
        clock,
        failures=settings.breaker_failures,
        reset_s=settings.breaker_reset_s,
        on_change=logs.breaker,
    )
    zup = ZupClient(load("personnel"), settings.zup_url, http, breaker, clock, timeout_s=settings.call_timeout_s)
    cache = Cache(settings.api_cache_s, settings.api_cache_entries, clock.now)
    key = settings.session_key.get_secret_value().encode() if settings.session_key else None
    contracts = serve(
        {"personnel": Personnel(zup, cache).handlers()},
        stack="async",
        users={"basic": accounts({settings.user: settings.password.get_secret_value()})},
        now=clock.now,
        on_exchange=logs.exchange,
        session_key=key,
    )

    async def health(_request: Request) -> Response:
        """Answers from what is known; an upstream is never called for it."""
        seen = {"zup": {**zup.seen.shown(), "breaker": zup.breaker.shown()}}
        return JSONResponse({"status": "ok", "service": "gateway", "now": instant(clock.now()), "upstreams": seen})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with http:
            yield

    extra = [Mount("/_control", controls(clock, cache, zup))] if with_controls else []
    return with_routes(contracts, [Route("/health", health), *extra], lifespan)
