"""/_control of the gateway: clock, reset, state. Only there when it was started with controls, never in production."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from argus_wfm.gateway.clock import SETTLED_S, Clock
from argus_wfm.gateway.identity.tokens import Tokens
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.cache import Caches
from argus_wfm.gateway.upstream.zup import ZupUpstream
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ValidationFailed, instant

LOOK_S = 0.01


class ControlRoutes:
    """The routes of /_control. `empty` makes the gateway as new; `fall_due` starts what the clock has made due."""

    def __init__(
        self,
        clock: Clock,
        caches: Caches,
        zup: ZupUpstream,
        queue: Queue,
        tokens: Tokens | None,
        empty: Callable[[], None],
        fall_due: Callable[[], None],
    ) -> None:
        self._clock, self._caches, self._zup, self._queue, self._tokens = clock, caches, zup, queue, tokens
        self._empty, self._fall_due = empty, fall_due

    def router(self) -> Router:
        """
        GET clock, POST clock {"move_seconds"} or {"now"}    POST reset
        POST token {"audience", "subject"}    GET state
        """
        return Router(
            [
                Route("/clock", self.clock, methods=["GET", "POST"]),
                Route("/reset", self.reset, methods=["POST"]),
                Route("/token", self.token, methods=["POST"]),
                Route("/state", self.state, methods=["GET"]),
            ]
        )

    async def clock(self, request: Request) -> Response:
        """Show the clock, or move it forward and wait for what that makes due."""
        clock = self._clock
        if request.method == "POST":
            try:
                _move(clock, json.loads(await request.body()))
            except ValidationFailed as error:
                return self._refused(error)
            except ValueError as error:
                return self._refused(ValidationFailed(f"The body is not JSON: {error}"))
            await clock.settled()
            await asyncio.to_thread(self._fall_due)
            await _begun(self._queue)
        return JSONResponse({"now": instant(clock.now())})

    async def reset(self, _request: Request) -> Response:
        """Empty the database and the caches."""
        await asyncio.to_thread(self._empty)
        return JSONResponse(self._shown())

    async def token(self, request: Request) -> Response:
        """Issue a token for one audience."""
        given = json.loads(await request.body() or b"{}")
        if self._tokens is None:
            return self._refused(ValidationFailed("There is no token key."))
        issued = self._tokens.issue(str(given.get("subject", "argus")), str(given.get("audience", "argus")))
        return JSONResponse({"access_token": issued, "token_type": "Bearer"})

    async def state(self, _request: Request) -> Response:
        """Show the clock, the cache and the breaker before 1C."""
        return JSONResponse(self._shown())

    def _shown(self) -> dict[str, Json]:
        breaker = {**self._zup.breaker.shown(), "history": self._zup.breaker.history()}
        cached = sum(len(region) for region in self._caches)
        return {
            "now": instant(self._clock.now()),
            "cached": cached,
            "zup": {**self._zup.seen.shown(), "breaker": breaker},
        }

    def _refused(self, error: ValidationFailed) -> Response:
        return JSONResponse(error.envelope(self._clock.now()), error.status)


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
