"""/_control of the gateway: clock, reset, state. Only there when it was started with controls, never in production."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from argus_wfm.gateway.clock import SETTLED_S, Clock
from argus_wfm.gateway.identity.tokens import Tokens
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.cache import Caches
from argus_wfm.gateway.upstream.zup import ZupUpstream
from argus_wfm.openapi.errors import ValidationFailed, instant

Json = Any
LOOK_S = 0.01


def controls(
    clock: Clock,
    caches: Caches,
    zup: ZupUpstream,
    queue: Queue,
    tokens: Tokens | None,
    empty: Callable[[], None],
    fall_due: Callable[[], None],
) -> Router:
    """GET clock, POST clock {"move_seconds"} or {"now"}; POST reset; POST token {"audience", "subject"}; GET state."""

    def shown() -> dict[str, Json]:
        breaker = {**zup.breaker.shown(), "history": zup.breaker.history()}
        cached = sum(len(region) for region in caches)
        return {"now": instant(clock.now()), "cached": cached, "zup": {**zup.seen.shown(), "breaker": breaker}}

    async def clock_(request: Request) -> Response:
        if request.method == "POST":
            try:
                _move(clock, json.loads(await request.body()))
            except ValidationFailed as error:
                return JSONResponse(error.envelope(clock.now()), error.status)
            except ValueError as error:
                return JSONResponse(ValidationFailed(f"The body is not JSON: {error}").envelope(clock.now()), 400)
            await clock.settled()
            await asyncio.to_thread(fall_due)
            await _begun(queue)
        return JSONResponse({"now": instant(clock.now())})

    async def reset(_request: Request) -> Response:
        await asyncio.to_thread(empty)
        return JSONResponse(shown())

    async def token(request: Request) -> Response:
        given = json.loads(await request.body() or b"{}")
        if tokens is None:
            return JSONResponse(ValidationFailed("There is no token key.").envelope(clock.now()), 400)
        issued = tokens.issue(str(given.get("subject", "argus")), str(given.get("audience", "argus")))
        return JSONResponse({"access_token": issued, "token_type": "Bearer"})

    async def state(_request: Request) -> Response:
        return JSONResponse(shown())

    return Router(
        [
            Route("/clock", clock_, methods=["GET", "POST"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/token", token, methods=["POST"]),
            Route("/state", state, methods=["GET"]),
        ]
    )


async def _begun(queue: Queue) -> None:
    """Until operations that fell due have begun; gives up after SETTLED_S, e.g. without a worker."""
    queue.on_due()
    until = time.monotonic() + SETTLED_S
    while time.monotonic() < until and await asyncio.to_thread(queue.unstarted) > 0:
        await asyncio.sleep(LOOK_S)


def _move(clock: Clock, body: Json) -> None:
    """Raises ValidationFailed for anything but a move forward."""
    try:
        if "now" in body:
            clock.move((dt.datetime.fromisoformat(body["now"]) - clock.now()).total_seconds())
        else:
            clock.move(float(body["move_seconds"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationFailed(f'Send {{"move_seconds": 30}} or a later {{"now": "…Z"}}: {error}') from error
