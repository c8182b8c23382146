"""/_control of a mock: clock, reset, seed, people, faults and state. Only there when it was started with controls."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from mocks import faults
from mocks.clock import Clock
from mocks.faults import FaultError
from mocks.relay import Relay
from mocks.staff import Person
from mocks.state import State
from mocks.switchboard import Switchboard
from openapi.errors import ApiError, NotFound, ValidationFailed, instant

Json = Any
DATES = ("hired", "dismissed")
CHANGEABLE = (*DATES, "norm_week", "employment_rate", "position_id", "department_id", "site", "lastname", "secondname")
TYPES: dict[str, type | types.UnionType] = {
    "norm_week": int | float,
    "employment_rate": int | float,
    "secondname": str | None,
    **dict.fromkeys(("position_id", "department_id", "site", "lastname"), str),
}


def controls(state: State, switchboard: Switchboard, relay: Relay | None) -> Router:
    """
    GET clock, POST clock {"move_seconds"} or {"now"}    POST reset {}    GET seed, POST seed {"seed", "agents"}
    POST agents {"hire": day} or {"agent_id", field: value, …}            GET state
    GET faults, POST faults {"fault": …} or a list of them, DELETE faults, DELETE faults/{id}
    """
    switches = _Switches(switchboard, relay)

    async def clock(request: Request) -> Json:
        if request.method == "POST":
            _move(state.clock, await _body(request))
        return {"now": instant(state.clock.now())}

    async def reset(_request: Request) -> Json:
        state.reset()
        await switches.reset()
        return view_()

    async def seed(request: Request) -> Json:
        if request.method == "POST":
            body = await _body(request)
            state.reset(_integer(body, "seed", state.seed), _integer(body, "agents", state.agents))
            await switches.reset()
        return {"seed": state.seed, "agents": state.agents}

    async def agents(request: Request) -> Json:
        return _shown(_change(state, await _body(request)))

    async def view(_request: Request) -> Json:
        return view_()

    def view_() -> Json:
        return {**state.view(), "arrived": dict(switchboard.arrived), "faults": switchboard.shown()}

    return Router(
        [
            _route("/faults", switches.answer, "GET", "POST", "DELETE", now=state.clock.now),
            _route("/faults/{id:int}", switches.lift_one, "DELETE", now=state.clock.now),
            _route("/clock", clock, "GET", "POST", now=state.clock.now),
            _route("/reset", reset, "POST", now=state.clock.now),
            _route("/seed", seed, "GET", "POST", now=state.clock.now),
            _route("/agents", agents, "POST", now=state.clock.now),
            _route("/state", view, "GET", now=state.clock.now),
        ]
    )


class _Switches:
    """The faults of a party; without a relay before it there are none to switch."""

    def __init__(self, switchboard: Switchboard, relay: Relay | None) -> None:
        self._switchboard, self._relay = switchboard, relay

    async def answer(self, request: Request) -> Json:
        """GET, POST and DELETE faults. Raises ValidationFailed for what is no fault; then none is switched on."""
        if request.method == "POST":
            given = await _json(request)
            for fault in [self._fault(one) for one in (given if isinstance(given, list) else [given])]:
                self._switchboard.switch_on(fault)
        elif request.method == "DELETE":
            self._switchboard.lift()
        await self._tell_relay()
        return {"faults": self._switchboard.shown()}

    async def lift_one(self, request: Request) -> Json:
        """DELETE faults/{id}. Raises NotFound."""
        fault_id: int = request.path_params["id"]
        if not self._switchboard.lift(fault_id):
            raise NotFound(f"There is no fault {fault_id}; GET /_control/faults lists them.")
        await self._tell_relay()
        return {"faults": self._switchboard.shown()}

    async def reset(self) -> None:
        """Only the faults the party was started with."""
        self._switchboard.reset()
        await self._tell_relay()

    def _fault(self, given: Json) -> faults.Fault:
        if self._relay is None:
            raise ValidationFailed("This mock has no relay before it, so that nothing can go wrong with it.")
        try:
            return faults.from_json(given, self._switchboard.operations)
        except FaultError as error:
            raise ValidationFailed(f"{error}. See argus faults.") from error

    async def _tell_relay(self) -> None:
        if self._relay:
            await self._relay.refuse(self._switchboard.refuses)


def _route(
    path: str, act: Callable[[Request], Awaitable[Json]], *methods: str, now: Callable[[], dt.datetime]
) -> Route:
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


def _change(state: State, body: Json) -> Person:
    """Raises ValidationFailed, EmployeeNotFound."""
    try:
        if "hire" in body:
            return state.hire(dt.date.fromisoformat(body["hire"]))
        fields = {name: value for name, value in body.items() if name != "agent_id"}
        unknown = sorted(fields.keys() - set(CHANGEABLE))
        if unknown:
            raise ValueError(f"{unknown[0]} is none of {', '.join(CHANGEABLE)}")
        dated = {name: _date(name, value) for name, value in fields.items() if name in DATES}
        for name, value in fields.items():
            if name in TYPES and (isinstance(value, bool) or not isinstance(value, TYPES[name])):
                raise ValueError(f"{name} cannot be {value!r}")
        return state.change(body["agent_id"], **{**fields, **dated})
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationFailed(f"agents: {error}") from error


def _date(name: str, value: Json) -> dt.date | None:
    """Who is employed has no day of dismissal; everybody has one of hiring."""
    return None if value is None and name == "dismissed" else dt.date.fromisoformat(value)


def _shown(person: Person) -> Json:
    dismissed = person.dismissed and person.dismissed.isoformat()
    return {"agent_id": person.agent_id, "hired": person.hired.isoformat(), "dismissed": dismissed}


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


async def _body(request: Request) -> Json:
    body = await _json(request)
    if not isinstance(body, dict):
        raise ValidationFailed("The body is a JSON object")
    return body
