"""The mock 1C ZUP: stateful, on Flask, with the personnel contract as its only interface."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from argus_wfm.json_type import Json
from argus_wfm.mocks import people
from argus_wfm.mocks.clock import MOSCOW, Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.http import HttpFaults
from argus_wfm.mocks.faults.models import Fault
from argus_wfm.mocks.faults.relay import Relay
from argus_wfm.mocks.gateway_client import GatewayClient, Token
from argus_wfm.mocks.people import Person
from argus_wfm.mocks.zup import schedules, timesheet
from argus_wfm.mocks.zup.calendar import Calendar
from argus_wfm.mocks.zup.controls import controls
from argus_wfm.mocks.zup.forwarding import Forwarding, HostRoster
from argus_wfm.mocks.zup.host import Ask, Host
from argus_wfm.mocks.zup.payroll import PayrollNotifier
from argus_wfm.mocks.zup.schedules import Rules, ScheduleError
from argus_wfm.mocks.zup.shifts import merged
from argus_wfm.mocks.zup.state import ZupState
from argus_wfm.openapi import ApiResponse, Authenticate, Call, Handlers, ServedExchange, accounts, load, serve
from argus_wfm.openapi.errors import InvalidPeriod, ValidationFailed, instant
from argus_wfm.openapi.middleware import with_routes

LONGEST_TIMESHEET_DAYS = 366


class Zup:
    """The operations of openapi/personnel.yaml, one method each."""

    def __init__(self, state: ZupState) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "getAgents": self.get_agents,
            "sendSchedule": self.send_schedule,
            "getNormHours": self.get_norm_hours,
            "getTimetypeInfo": self.get_timetype_info,
            "sendFactWorkTime": self.send_fact_work_time,
        }

    def get_agents(self, call: Call, start_date: str, end_date: str) -> ApiResponse:
        """Everyone employed on a day of the period."""
        start, end = _period("endDate", start_date, end_date)
        state = self._state
        state.calls["getAgents"] += 1
        listed = state.listed(start, end)
        tail = {"total_count": len(listed), "sync_timestamp": instant(state.clock.now())}
        return ApiResponse(raw=b'{"agents":[' + b",".join(listed) + b"]," + orjson.dumps(tail)[1:])

    def send_schedule(self, call: Call) -> Json:
        """All or nothing per employee; business rules answer in `errors` (A27)."""
        return self._state.once(call, self._upload)

    def get_norm_hours(self, call: Call) -> Json:
        """The norm of the asked period, not clipped to the employment (A45)."""
        body = call.body
        start, end = _period("period_end", body["period_start"], body["period_end"])
        self._state.calls["getNormHours"] += 1
        self._state.person(body["employee_id"], "employee_id")
        norm = self._state.calendar.norm(start, end, body["weekly_norm"], body["employment_rate"])
        details = {
            "base_hours": norm.base_hours,
            "holiday_reduction": 0,
            "pre_holiday_reduction": norm.pre_holiday_reduction,
            "final_norm": norm.final_norm,
        }
        return {
            "norm_hours": norm.final_norm,
            "working_days": norm.working_days,
            "holidays": norm.holidays,
            "pre_holiday_reduction": norm.pre_holiday_reduction,
            "calculation_details": details,
        }

    def get_timetype_info(self, call: Call) -> Json:
        """One time sheet per asked agent, in the order asked."""
        body = call.body
        start, end = (_day(body[name]) for name in ("date_start", "date_end"))
        _check_order("date_end", start, end)
        if (end - start).days > LONGEST_TIMESHEET_DAYS:
            raise ValidationFailed(f"date_end: more than {LONGEST_TIMESHEET_DAYS} days after", field="date_end")
        state = self._state
        with state.lock:
            state.calls["getTimetypeInfo"] += 1
            asked = [(agent["agentId"], state.person(agent["agentId"], "AR_agents")) for agent in body["AR_agents"]]
            return [timesheet.sheet(state.book(person), agent_id, start, end) for agent_id, person in asked]

    def send_fact_work_time(self, call: Call) -> Json:
        """Presence of one shift; what departs from the plan becomes a document."""
        return self._state.once(call, self._take_facts)

    def _upload(self, call: Call) -> Json:
        body = call.body
        start, end = _period("period_end", body["period_start"], body["period_end"])
        rules = Rules(start, end, self._state.clock.today(), self._state.calendar)
        numbers: list[str] = []
        errors: list[ScheduleError] = []
        created, seen = 0, set[int]()
        for schedule in body["schedules"]:
            person = self._state.by_id.get(schedule["employee_id"])
            shifts = [schedules.shift(given) for given in schedule["shifts"]]
            refusal = _twice(schedule, person, seen) or rules.refusal(schedule["employee_id"], person, shifts)
            if refusal or person is None:
                errors += [refusal] if refusal else []
            else:
                numbers.append(self._state.registry.write(person, shifts))
                created += len(shifts)
        status = ("partial" if numbers else "error") if errors else "success"
        return {
            "status": status,
            "document_id": numbers[0] if numbers else None,
            "employees_processed": len(numbers),
            "shifts_created": created,
            "errors": [error.row() for error in errors],
        }

    def _take_facts(self, call: Call) -> Json:
        body = call.body
        person = self._state.person(body["agentId"], "agentId")
        if any(period["time"] <= 0 for period in body["loginfo"]):
            return {"result": False, "doc": None}
        zone = ZoneInfo(person.site)
        day = _at_site(body["date_start"], zone).date()
        presence = merged(
            (start, start + dt.timedelta(milliseconds=period["time"]))
            for period in body["loginfo"]
            for start in [_at_site(period["start"], zone)]
        )
        plan = self._state.book(person).plan(day)
        self._state.present(person, day, presence)
        posted = timesheet.deviations(plan, presence)[1]
        return {"result": True, "doc": "; ".join(posted) or None}


def zup(
    *,
    user: str,
    password: str,
    seed: int = 1,
    agents: int = 513,
    clock: Clock | None = None,
    calendar: Calendar | None = None,
    with_controls: bool = False,
    relay: Relay | None = None,
    faults: Iterable[Fault] = (),
    gateway: str = "",
    token: Token = "",
    on_exchange: Callable[[ServedExchange], None] | None = None,
    ask: Ask | None = None,
) -> ASGIApp:
    """The mock 1C ZUP as an ASGI application: the contract, /health, and /_control when asked for.

    With a `relay`, which runs as long as the application, callers that come through it meet with `faults`. Payroll
    for the actual work time it receives is confirmed to `gateway`, with `token`. With `ask`, a third-party host
    answers what is read.
    """
    clock = clock or Clock()
    host = Host(ask, clock) if ask else None
    roster = HostRoster(host, clock) if host else people
    state = ZupState(seed=seed, agents=agents, clock=clock, calendar=calendar or Calendar(), roster=roster)
    payroll = PayrollNotifier(state, clock, GatewayClient(gateway, token))
    state.on_due = payroll.settle
    active_faults = ActiveFaults(load("personnel").operations, faults)
    users = {"basic": accounts({user: password})}
    app = _contract(state, users, on_exchange, host)
    if relay:
        app = HttpFaults(app, [load("personnel")], active_faults=active_faults, relay=relay, clock=clock)
    routes = [Route("/health", functools.partial(_health, clock))]
    extra = [Mount("/_control", controls(state, payroll, active_faults, relay, host))] if with_controls else []
    return with_routes(app, [*routes, *extra], lambda _app: _running(payroll, active_faults, relay))


@contextlib.asynccontextmanager
async def _running(payroll: PayrollNotifier, active_faults: ActiveFaults, relay: Relay | None) -> AsyncIterator[None]:
    async with payroll.living(), relay or contextlib.nullcontext():
        if relay:
            await relay.refuse(active_faults.refuses)
        yield


def _contract(
    state: ZupState,
    users: Mapping[str, Authenticate],
    on_exchange: Callable[[ServedExchange], None] | None,
    host: Host | None,
) -> ASGIApp:
    """The personnel contract on Flask; with `host`, reads are forwarded to it."""
    app = serve(
        {"personnel": Zup(state).handlers()}, stack="flask", users=users, now=state.clock.now, on_exchange=on_exchange
    )
    return Forwarding(app, load("personnel"), state, host) if host else app


async def _health(clock: Clock, _request: Request) -> Response:
    return JSONResponse({"status": "ok", "service": "zup", "now": instant(clock.now())})


def _twice(schedule: Mapping[str, Json], person: Person | None, seen: set[int]) -> ScheduleError | None:
    """A second schedule of the same person in one request, under whichever of the two ids."""
    if person is None:
        return None
    if person.number in seen:
        return ScheduleError(schedule["employee_id"], "DUPLICATE_EMPLOYEE", "The request holds this employee twice")
    seen.add(person.number)
    return None


def _period(field: str, start: str, end: str) -> tuple[dt.date, dt.date]:
    """Raises InvalidPeriod naming the end."""
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    _check_order(field, first, last)
    return first, last


def _check_order(field: str, start: dt.date, end: dt.date) -> None:
    if end < start:
        raise InvalidPeriod(f"The period ends on {end}, before it starts on {start}.", field=field)


def _day(moment: str) -> dt.date:
    """The calendar day of a vendor date-time: as written when local, Moscow's when it has a zone."""
    parsed = dt.datetime.fromisoformat(moment)
    return parsed.date() if parsed.tzinfo is None else parsed.astimezone(MOSCOW).date()


def _at_site(moment: str, zone: ZoneInfo) -> dt.datetime:
    """Wall time at the site, without a zone (A32)."""
    parsed = dt.datetime.fromisoformat(moment)
    return parsed if parsed.tzinfo is None else parsed.astimezone(zone).replace(tzinfo=None)
