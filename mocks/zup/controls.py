"""/_control of the mock 1C: what all mocks have, and its people."""

from __future__ import annotations

import datetime as dt
import re
import types

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Router

from argus_wfm.json_type import Json
from argus_wfm.mocks.controls import Switches, body_of, control, router
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.relay import Relay
from argus_wfm.mocks.people import Person
from argus_wfm.mocks.zup.host import Host
from argus_wfm.mocks.zup.payroll import PayrollNotifier
from argus_wfm.mocks.zup.state import ZupState
from argus_wfm.openapi.errors import ValidationFailed

DATES = ("hired", "dismissed")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
CHANGEABLE = (*DATES, "norm_week", "employment_rate", "position_id", "department_id", "lastname", "secondname")
TYPES: dict[str, type | types.UnionType] = {
    "norm_week": int | float,
    "employment_rate": int | float,
    "secondname": str | None,
    **dict.fromkeys(("position_id", "department_id", "lastname"), str),
}


def controls(
    state: ZupState,
    payroll: PayrollNotifier,
    active_faults: ActiveFaults,
    relay: Relay | None,
    host: Host | None = None,
) -> Router:
    """
    POST agents {"hire": day} or {"agent_id", field: value, …}
    POST payroll {"period": "2025-08"}, or {} for every month    and what all mocks have
    GET host, where one of others is behind it: what could not be had of it since the last reset, and what was wrong
    """

    async def agents(request: Request) -> Json:
        return _shown(_change(state, await body_of(request)))

    async def confirm(request: Request) -> Json:
        return {"documents": await payroll.confirm(_month((await body_of(request)).get("period")))}

    async def of_host(_request: Request) -> Json:
        return await run_in_threadpool(host.view) if host else {}

    switches = Switches(active_faults, "replies", relay)
    now = state.clock.now
    own = [control("/agents", agents, "POST", now=now), control("/payroll", confirm, "POST", now=now)]
    own += [control("/host", of_host, "GET", now=now)] if host else []
    return router(state, switches, own)


def _month(given: Json) -> str | None:
    """Raises ValidationFailed."""
    if given is None or (isinstance(given, str) and MONTH.fullmatch(given)):
        return given
    raise ValidationFailed("period is a month, written as 2025-08", field="period")


def _change(state: ZupState, body: Json) -> Person:
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
