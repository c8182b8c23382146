"""What a personnel sync does to the central employee store."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.target import MOSCOW
from argus_wfm.features.steps.circuit_breaker import raise_
from argus_wfm.features.steps.operations import Queued
from argus_wfm.features.steps.roster import DAY, listed
from argus_wfm.json_type import Json

BATCH = 500
AGAIN = {"Cache-Control": "no-cache"}


@dataclass
class Watched:
    """An agent of 1C, Central's record before the change, and the day it is about."""

    agent_id: str
    before: Json = None
    day: dt.date | None = None


@then("every agent that 1C ZUP lists today was processed, in batches of 500 and the rest")
def processed_all(target: Target, sync_run: Json) -> None:
    count = len(listed(target, target.today(), target.today()))
    due = [min(BATCH, count - start) for start in range(0, count, BATCH)]
    told = sum(sync_run[name] for name in ("created", "updated", "unchanged", "rejected"))
    if (sync_run["batches"], told, sync_run["rejected"]) != (due, count, 0):
        raise_("batches", f"batches {sync_run['batches']}, {told} processed; 1C lists {count}: {due}")


@given("an agent has been hired in 1C ZUP today", target_fixture="watched")
def hired(target: Target) -> Watched:
    return Watched(target.controls.change_agent("zup", hire=str(target.today()))["agent_id"])


@then("the agent is an active employee whose external_employee_id is the agent_id")
def appeared(target: Target, watched: Watched) -> None:
    exchange, employee = _employee(target, watched)
    told = employee["external_employee_id"], employee["active"]
    exchange.expect(told == (watched.agent_id, True), "VALUE", "/", "Not as 1C has it", actual=employee)


@given("an agent of 40 hours a week", target_fixture="watched")
def of_forty_hours(target: Target) -> Watched:
    today = target.today()
    agent = next(agent for agent in listed(target, today, today) if agent["norm_week"] == 40)
    watched = Watched(agent["agent_id"])
    watched.before = _employee(target, watched)[1]
    return watched


@when(parsers.parse("the agent's norm_week in 1C ZUP becomes {hours:d}"))
def norm_becomes(target: Target, watched: Watched, hours: int) -> None:
    target.controls.change_agent("zup", agent_id=watched.agent_id, norm_week=hours)


@then(parsers.parse("standard_hours is {hours:d} and no other field has changed"))
def only_hours_changed(target: Target, watched: Watched, hours: int) -> None:
    exchange, employee = _employee(target, watched)
    changed = {name for name, value in employee.items() if value != watched.before[name]} - {"updated_at"}
    so = changed == {"standard_hours"} and employee["standard_hours"] == hours
    exchange.expect(so, "VALUE", "/", f"Changed: {', '.join(sorted(changed)) or 'nothing'}", actual=employee)


@then(parsers.parse("the sync created {created:d}, updated {updated:d} and deactivated {deactivated:d}"))
def counts_are(sync_run: Json, created: int, updated: int, deactivated: int) -> None:
    told = tuple(sync_run[name] for name in ("created", "updated", "deactivated"))
    if told != (created, updated, deactivated):
        raise_("counts", f"created, updated, deactivated: {told}")


@given("an agent is dismissed on a later day", target_fixture="watched")
def dismissed_later(target: Target) -> Watched:
    """On a day of two days later: clocks only move forward."""
    today = target.today()
    day = today + 2 * DAY
    agent_id = listed(target, today, today)[0]["agent_id"]
    target.controls.change_agent("zup", agent_id=agent_id, dismissed=str(day))
    return Watched(agent_id, day=day)


@when("that day has come in Moscow")
def day_has_come(target: Target, watched: Watched) -> None:
    assert watched.day is not None
    _come(target, watched.day)


@when("the day after has come in Moscow")
def day_after_has_come(target: Target, watched: Watched) -> None:
    assert watched.day is not None
    _come(target, watched.day + DAY)


@then("the agent is an active employee")
def is_active(target: Target, watched: Watched) -> None:
    exchange, employee = _employee(target, watched)
    exchange.expect(employee["active"] is True, "VALUE", "/active", "Inactive too early", actual=employee)


@then("the agent is inactive from that day")
def is_inactive(target: Target, watched: Watched) -> None:
    assert watched.day is not None
    exchange, employee = _employee(target, watched)
    told, due = (employee["active"], employee["inactive_from"]), (False, str(watched.day + DAY))
    exchange.expect(told == due, "VALUE", "/active", "Not inactive from the day after", expected=due, actual=told)


@given("1C ZUP lists no agents, but counts them all")
def lists_nobody(target: Target) -> None:
    patch = [{"op": "replace", "path": "/agents", "value": []}]
    target.controls.inject("zup", {"fault": "amend", "operation": "getAgents", "patch": patch})


@then("nobody was deactivated")
def nobody_deactivated(target: Target, sync_run: Json, queued: Queued) -> None:
    exchange = target.operations.get("/employees", headers=AGAIN)
    counts = exchange.require(200)
    told = counts["active"], counts["total"]
    due = (sync_run["total"], sync_run["total"])
    exchange.expect(told == due, "VALUE", "/active", "active and total", expected=due, actual=told)


def _employee(target: Target, watched: Watched) -> tuple[Exchange, Json]:
    exchange = target.operations.get(f"/employees/{watched.agent_id}", headers=AGAIN)
    return exchange, exchange.require(200)


def _come(target: Target, day: dt.date) -> None:
    """An hour of that Moscow day."""
    noon = dt.datetime.combine(day, dt.time(12), MOSCOW)
    target.controls.move((noon - target.now()).total_seconds())
