"""/_control of the gateway: clock, reset, state. Only there when it was started with controls, never in production."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from gateway.cache import Cache
from gateway.clock import Clock
from gateway.upstream.zup import ZupClient
from openapi.errors import ValidationFailed, instant

Json = Any


def controls(clock: Clock, cache: Cache, zup: ZupClient) -> Router:
    """GET clock, POST clock {"move_seconds"} or {"now"}; POST reset; GET state."""

    def shown() -> dict[str, Json]:
        breaker = {**zup.breaker.shown(), "history": zup.breaker.history()}
        return {"now": instant(clock.now()), "cached": len(cache), "zup": {**zup.seen.shown(), "breaker": breaker}}

    async def clock_(request: Request) -> Response:
        if request.method == "POST":
            try:
                _move(clock, json.loads(await request.body()))
            except ValidationFailed as error:
                return JSONResponse(error.envelope(clock.now()), error.status)
            except ValueError as error:
                return JSONResponse(ValidationFailed(f"The body is not JSON: {error}").envelope(clock.now()), 400)
            await clock.settled()
        return JSONResponse({"now": instant(clock.now())})

    async def reset(_request: Request) -> Response:
        cache.clear()
        zup.reset()
        return JSONResponse(shown())

    async def state(_request: Request) -> Response:
        return JSONResponse(shown())

    return Router(
        [
            Route("/clock", clock_, methods=["GET", "POST"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/state", state, methods=["GET"]),
        ]
    )


def _move(clock: Clock, body: Json) -> None:
    """Raises ValidationFailed for anything but a move forward."""
    try:
        if "now" in body:
            clock.move((dt.datetime.fromisoformat(body["now"]) - clock.now()).total_seconds())
        else:
            clock.move(float(body["move_seconds"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationFailed(f'Send {{"move_seconds": 30}} or a later {{"now": "…Z"}}: {error}') from error
