"""/_control of a mock: clock, reset, seed, faults and state. Only there when it was started with controls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.models import Fault, Struck
from argus_wfm.mocks.faults.parser import FaultError, from_json
from argus_wfm.openapi.errors import ApiError, NotFound, ValidationFailed, instant


class Controlled(Protocol):
    """What a mock lets controls do to it."""

    clock: Clock
    seed: int
    agents: int

    def reset(self, seed: int | None = None, agents: int | None = None) -> None:
        """As new, with other people when told so; the clock is not touched."""

    async def settle(self) -> None:
        """Until what the clock has made due is done."""

    def view(self) -> dict[str, Json]:
        """What a test may look at."""


class Refusing(Protocol):
    """A relay, or several: what can be told not to listen."""

    async def refuse(self, refuse: bool) -> None:
        """Stop listening and drop who is connected, or listen again."""


def router(server: Controlled, switches: Switches, own: Iterable[Route] = ()) -> Router:
    """
    GET clock, POST clock {"move_seconds"} or {"now"}    POST reset {}    GET seed, POST seed {"seed", "agents"}
    GET faults, POST faults {"fault": …} or a list of them, DELETE faults, DELETE faults/{id}    GET state
    """
    common, now = _Common(server, switches), server.clock.now
    return Router(
        [
            control("/faults", switches.answer, "GET", "POST", "DELETE", now=now),
            control("/faults/{id:int}", switches.lift_one, "DELETE", now=now),
            control("/clock", common.clock, "GET", "POST", now=now),
            control("/reset", common.reset, "POST", now=now),
            control("/seed", common.seed, "GET", "POST", now=now),
            control("/state", common.state, "GET", now=now),
            *own,
        ]
    )


class _Common:
    """The controls that all mocks have."""

    def __init__(self, server: Controlled, switches: Switches) -> None:
        self._server, self._switches = server, switches

    async def clock(self, request: Request) -> Json:
        if request.method == "POST":
            _move(self._server.clock, await body_of(request))
            await self._server.settle()
        return {"now": instant(self._server.clock.now())}

    async def reset(self, _request: Request) -> Json:
        self._server.reset()
        await self._switches.reset()
        return self._view()

    async def seed(self, request: Request) -> Json:
        server = self._server
        if request.method == "POST":
            body = await body_of(request)
            server.reset(_integer(body, "seed", server.seed), _integer(body, "agents", server.agents))
            await self._switches.reset()
        return {"seed": server.seed, "agents": server.agents}

    async def state(self, _request: Request) -> Json:
        return self._view()

    def _view(self) -> Json:
        return {**self._server.view(), **self._switches.view()}


class Switches:
    """The faults of a party. Those of replies are done by the relay before it; without one there are none to switch."""

    def __init__(
        self,
        active_faults: ActiveFaults,
        strikes: Struck,
        relay: Refusing | None = None,
        kinds: frozenset[str] | None = None,
    ) -> None:
        self._active_faults, self._strikes, self._relay, self._only = active_faults, strikes, relay, kinds

    async def answer(self, request: Request) -> Json:
        """GET, POST and DELETE faults. Raises ValidationFailed for what is no fault; then none is switched on."""
        if request.method == "POST":
            given = await _json(request)
            for fault in [self._fault(one) for one in (given if isinstance(given, list) else [given])]:
                self._active_faults.switch_on(fault)
        elif request.method == "DELETE":
            self._active_faults.lift()
        await self._tell_relay()
        return {"faults": self._active_faults.shown()}

    async def lift_one(self, request: Request) -> Json:
        """DELETE faults/{id}. Raises NotFound."""
        fault_id: int = request.path_params["id"]
        if not self._active_faults.lift(fault_id):
            raise NotFound(f"There is no fault {fault_id}; GET /_control/faults lists them.")
        await self._tell_relay()
        return {"faults": self._active_faults.shown()}

    async def reset(self) -> None:
        """Only the faults the party was started with."""
        self._active_faults.reset()
        await self._tell_relay()

    def view(self) -> dict[str, Json]:
        """What has come by and what is on."""
        return {"arrived": dict(self._active_faults.arrived), "faults": self._active_faults.shown()}

    def _fault(self, given: Json) -> Fault:
        if self._strikes == "replies" and self._relay is None:
            raise ValidationFailed("This mock has no relay before it, so that nothing can go wrong with it.")
        try:
            return from_json(given, self._active_faults.operations, self._strikes, self._only)
        except FaultError as error:
            raise ValidationFailed(f"{error}. See argus faults.") from error

    async def _tell_relay(self) -> None:
        if self._relay:
            await self._relay.refuse(self._active_faults.refuses)


def control(
    path: str, act: Callable[[Request], Awaitable[Json]], *methods: str, now: Callable[[], dt.datetime]
) -> Route:
    """A path of /_control; what `act` raises of the error tree becomes the envelope."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await act(request))
        except ApiError as error:
            return JSONResponse(error.envelope(now()), error.status)

    return Route(path, endpoint, methods=list(methods))


def _move(clock: Clock, body: Json) -> None:
    """Raises ValidationFailed for anything but a move forward."""
    try:
        if "now" in body:
            seconds = (dt.datetime.fromisoformat(body["now"]) - clock.now()).total_seconds()
        else:
            seconds = float(body["move_seconds"])
        clock.move(seconds)
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationFailed(
            f'Send {{"move_seconds": 30}} or a later {{"now": "2025-07-29T01:30:00Z"}}: {error}'
        ) from error


def _integer(body: Json, name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValidationFailed(f"{name} is a whole number from 1", field=name)
    return value


async def _json(request: Request) -> Json:
    try:
        return orjson.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ValidationFailed(f"The body is not JSON: {error}") from error


async def body_of(request: Request) -> dict[str, Json]:
    """Raises ValidationFailed for anything but a JSON object."""
    body = await _json(request)
    if not isinstance(body, dict):
        raise ValidationFailed("The body is a JSON object")
    return body
