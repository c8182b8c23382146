"""Sites: what time it is there, what they push and learn, and when the sync runs."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

import pytest
from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.target import MOSCOW
from argus_wfm.features.steps.circuit_breaker import raise_
from argus_wfm.features.steps.operations import Queued, ended, submit
from argus_wfm.features.steps.roster import Month
from argus_wfm.json_type import Json

PAGE = 500
PAST_S = 1.0  # after a scheduled instant, when it has certainly come
LATER_S = 7200.0
Table = list[list[str]]


@dataclass
class ReportedShift:
    """A site's employee, and the shift that was told of."""

    site: str
    employee: Json
    shift: dict[str, Json] = field(default_factory=dict)

    @property
    def employee_id(self) -> str:
        return str(self.employee["employee_id"])


@dataclass
class Scene:
    """What the scenario has asked and done."""

    clocks: list[Exchange] = field(default_factory=list)
    told: list[ReportedShift] = field(default_factory=list)
    month: str = ""
    due: str = ""
    operation: Json = None


@pytest.fixture
def scene() -> Scene:
    return Scene()


@when(parsers.parse("the sites are asked what time it is at {moment}"))
def ask_time(target: Target, scene: Scene, moment: str) -> None:
    scene.clocks.append(target.operations.get(f"/sites?at={moment}"))


@then("their clocks show")
def clocks_show(scene: Scene, datatable: Table) -> None:
    exchange = scene.clocks[-1]
    shown = {site["zone"]: site["local_time"][:16] for site in exchange.require(200)["items"]}
    _same(exchange, "/items/*/local_time", shown, _by_zone(datatable))


@then("no offset from UTC has changed")
def offsets_are(scene: Scene, datatable: Table) -> None:
    for exchange in scene.clocks:
        shown = {site["zone"]: site["utc_offset"] for site in exchange.require(200)["items"]}
        _same(exchange, "/items/*/utc_offset", shown, _by_zone(datatable))


@given(parsers.parse("an employee of the site in {zone}"))
def employee_of(target: Target, scene: Scene, zone: str) -> None:
    scene.told.append(_somebody(target, zone))


@when(parsers.parse("the site pushes that the employee worked from {start} to {end}"))
def push(target: Target, scene: Scene, start: str, end: str) -> None:
    """The same shift when it is pushed again."""
    told = scene.told[-1]
    shift_id = told.shift.get("shift_id") or f"argus-{uuid.uuid4().hex[:12]}"
    told.shift = {"shift_id": shift_id, "employee_id": told.employee_id, "start": start, "end": end}
    exchange = target.operations.post(f"/sites/{told.site}/actuals", {"actuals": [told.shift]})
    refused = exchange.require(200)["refused"]
    exchange.expect(refused == [], "VALUE", "/refused", "The shift was refused", actual=refused)


@then(parsers.parse("the shift is stored from {start} to {end}"))
def stored(target: Target, scene: Scene, start: str, end: str) -> None:
    exchange, found = _stored(target, scene, "")
    if len(found) != 1:
        exchange.expect(False, "COUNT", "/items", f"The shift is there {len(found)} times", actual=found)
    times = {name: found[0][name] for name in ("start_at", "end_at")}
    _same(exchange, "/items/*/start_at", times, {"start_at": start, "end_at": end})


@then(parsers.parse("it is counted once in {month}, and not in {other}"))
def counted_in(target: Target, scene: Scene, month: str, other: str) -> None:
    for period, count in ((month, 1), (other, 0)):
        exchange, found = _stored(target, scene, f"&period={period}")
        words = f"The shift is {len(found)} times in {period}"
        exchange.expect(len(found) == count, "COUNT", "/items", words, expected=count, actual=found)


@when(parsers.parse("the schedule is asked for from {moment} on"), target_fixture="exchange")
def ask_schedule(target: Target, moment: str) -> Exchange:
    return target.operations.get(f"/schedule?since={moment}&count=2")


@then("the personnel sync is due in turn at")
def due_at(exchange: Exchange, datatable: Table) -> None:
    told = exchange.require(200)
    shown = [[run["at"], run["local_time"][:16]] for run in told["runs"]]
    _same(exchange, "/runs", (told["kind"], shown), ("personnel_sync", datatable[1:]))


@when("the time of the next scheduled sync has come")
def time_has_come(target: Target, scene: Scene) -> None:
    scene.due = target.operations.get("/schedule").require(200)["runs"][0]["at"]
    wait_s = (dt.datetime.fromisoformat(scene.due) - target.controls.now("gateway")).total_seconds()
    target.controls.move(wait_s + PAST_S)


@then("that sync has run once, and none is missing")
def has_run_once(target: Target, scene: Scene) -> None:
    exchange = target.operations.get("/schedule")
    latest = exchange.require(200)["latest"] or {}
    _same(exchange, "/latest/at", latest.get("at"), scene.due)
    ended(target, latest["operation_id"], "completed")
    target.controls.move(LATER_S)
    listed = target.operations.get("/operations?kind=personnel_sync&limit=500")
    ids = [one["id"] for one in listed.require(200)["items"]]
    _same(listed, "/items", ids, [latest["operation_id"]])


@given("the sites have pulled their employees")
@when("the sites have pulled their employees")
def sites_pull(target: Target) -> None:
    target.controls.tell("sites", "/pull", {})


@then("the employees of the four sites add up to Central's, and nobody is at two")
def adds_up(target: Target) -> None:
    central = target.operations.get("/employees?active=true&limit=1").require(200)["active"]
    exchange = target.operations.get("/consistency")
    report = exchange.require(200)
    told = {site["id"]: site["employees"] for site in report["sites"]}
    sites = target.controls.state("sites")["sites"]
    _same(exchange, "/sites/*/employees", told, {name: sites[name]["employees"] for name in told})
    _same(exchange, "/sites", len(told), 4)
    employed = {"central": central, "sites": central, "unassigned": 0}
    _same(exchange, "/employees", report["employees"], employed)
    _same(exchange, "/employees/sites", sum(told.values()), central)
    _same(exchange, "/on_two_sites/count", report["on_two_sites"]["count"], 0)


@when(parsers.parse("the site in {zone} tells of work time of an employee of the site in {home}"))
def tells_of_a_stranger(target: Target, scene: Scene, zone: str, home: str) -> None:
    told = _somebody(target, home)
    scene.told = [told, ReportedShift(_site(target, zone), told.employee)]
    scene.month = f"{target.now().astimezone(MOSCOW):%Y-%m}"
    _work(target, scene.told[1], dt.date.fromisoformat(f"{scene.month}-15"))


@then("that employee is flagged as being on both sites, and nobody else")
def is_flagged(target: Target, scene: Scene) -> None:
    exchange = target.operations.get(f"/consistency?period={scene.month}")
    report = exchange.require(200)
    flagged = [(one["employee_ids"], one["sites"]) for one in report["on_two_sites"]["items"]]
    both = sorted(told.site for told in scene.told)
    _same(exchange, "/on_two_sites/items", flagged, [([scene.told[0].employee_id], both)])
    _same(exchange, "/consistent", report["consistent"], False)


@given(parsers.parse("somebody has worked at the sites in {first} and {second}, and they have told of it"))
def worked_at_both(target: Target, scene: Scene, next_month: Month, first: str, second: str) -> None:
    """On the first of a month, which begins at another instant at each."""
    scene.month = f"{next_month.first:%Y-%m}"
    for zone in (first, second):
        scene.told.append(_somebody(target, zone))
        _work(target, scene.told[-1], next_month.first)


@when("the actual work time of that month is transferred to 1C ZUP")
def transfer(target: Target, scene: Scene) -> None:
    operation = submit(target, Queued(), "site_transfer", {"period": scene.month}).require(202)
    scene.operation = ended(target, operation["id"], "completed")


@then("one operation has brought a shift of each site to 1C ZUP")
def brought(target: Target, scene: Scene) -> None:
    exchange = target.operations.get(f"/operations/{scene.operation['id']}")
    result = exchange.require(200)["result"]
    _same(exchange, "/result/sites", result["sites"], {told.site: 1 for told in scene.told})
    facts = sorted((fact["agent_id"], fact["date"]) for fact in target.controls.state("zup")["facts"])
    due = sorted((told.employee["external_employee_id"], f"{scene.month}-01") for told in scene.told)
    _same(exchange, "facts in 1C ZUP", facts, due)


@when("1C ZUP has confirmed the payroll of that month")
def confirmed(target: Target, scene: Scene) -> None:
    documents = target.controls.tell("zup", "/payroll", {"period": scene.month})["documents"]
    statuses = [document["status"] for document in documents]
    if statuses != [200]:
        raise_("payroll-confirmations", f"1C ZUP's confirmations were answered with {statuses}")


@then("both sites, and no other, learn of it, each of its own employee")
def learnt(target: Target, scene: Scene) -> None:
    told = target.controls.tell("sites", "/pull", {})["sites"]
    learnt = {
        name: [(one["period"], one["employee_ids"]) for one in site["confirmations"]]
        for name, site in told.items()
        if site["confirmations"]
    }
    due = {told.site: [(scene.month, [told.employee_id])] for told in scene.told}
    if learnt != due:
        raise_("confirmations", f"The sites have learnt {learnt}, not {due}")


def _by_zone(datatable: Table) -> dict[str, str]:
    return {zone: shown for zone, shown in datatable[1:]}


def _same(exchange: Exchange, where: str, told: Json, due: Json) -> None:
    exchange.expect(told == due, "VALUE", where, f"{told} instead of {due}", expected=due, actual=told)


def _site(target: Target, zone: str) -> str:
    exchange = target.operations.get("/sites")
    found = [site["id"] for site in exchange.require(200)["items"] if site["zone"] == zone]
    exchange.expect(len(found) == 1, "COUNT", "/items", f"{len(found)} sites in {zone}", expected=1, actual=found)
    return str(found[0])


def _somebody(target: Target, zone: str) -> ReportedShift:
    """Raises CouldNotTest where nobody works at the site."""
    site = _site(target, zone)
    people = target.operations.get(f"/sites/{site}/employees?limit=1").require(200)["items"]
    if not people:
        raise CouldNotTest(f"nobody works at {site}")
    return ReportedShift(site, people[0])


def _work(target: Target, told: ReportedShift, day: dt.date) -> None:
    """The site clocks a shift of that day and pushes it."""
    shift = {"employee_id": told.employee_id, "start": f"{day}T09:00:00", "end": f"{day}T18:00:00"}
    target.controls.tell("sites", "/clockings", {"site": told.site, "shifts": [shift]})
    pushed = target.controls.tell("sites", "/push", {"site": told.site})["sites"][told.site]
    if (pushed["taken"], pushed["backlog"]) != (1, 0):
        raise_("actuals", f"The push of {told.site} was not taken: {pushed}")


def _stored(target: Target, scene: Scene, query: str) -> tuple[Exchange, list[Json]]:
    """The shift as Central has it, of whatever page."""
    told, cursor = scene.told[-1], ""
    found: list[Json] = []
    while True:
        exchange = target.operations.get(f"/sites/{told.site}/actuals?limit={PAGE}{query}{cursor}")
        page = exchange.require(200)
        found += [one for one in page["items"] if one["shift_id"] == told.shift["shift_id"]]
        if page["next"] is None:
            return exchange, found
        cursor = f"&cursor={page['next']}"
