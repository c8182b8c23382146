"""Operations of the queue: submitted, waited for, looked at; the gateway's own view."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.circuit_breaker import NOTICED_S, pass_
from argus_wfm.features.steps.roster import DAY, Month
from argus_wfm.features.steps.schedule_upload import shift
from argus_wfm.json_type import Json

DELAYS_S = (30, 120, 300)
OVER = ("completed", "dead_letter", "cancelled")
LOOK_S = 0.02


@dataclass
class Queued:
    """What a scenario has submitted, in that order, and since when the latest of them waits (our own count)."""

    ids: list[str] = field(default_factory=list)
    since: float = 0.0


@pytest.fixture
def queued() -> Queued:
    return Queued()


@given("the queue is paused")
def paused(target: Target) -> None:
    target.operations.post("/queue/pause").require(200)


@when("the queue goes on")
def resumed(target: Target) -> None:
    target.operations.post("/queue/resume").require(200)


@when("a schedule upload is queued")
def queue_upload(target: Target, queued: Queued, employee: str, next_month: Month) -> None:
    submit(target, queued, "schedule_upload", schedule(employee, next_month))


@when(parsers.parse("{count:d} schedule uploads are queued"))
def queue_uploads(target: Target, queued: Queued, employee: str, next_month: Month, count: int) -> None:
    for number in range(count):
        submit(target, queued, "schedule_upload", schedule(employee, next_month, number))


@when("a personnel sync is queued")
def queue_sync(target: Target, queued: Queued) -> None:
    submit(target, queued, "personnel_sync", {})


@given("a personnel sync has run", target_fixture="sync_run")
@when("a personnel sync has run", target_fixture="sync_run")
def sync_has_run(target: Target) -> Json:
    """As the gateway tells of it."""
    operation = submit(target, Queued(), "personnel_sync", {}).require(202)
    ended(target, operation["id"], "completed")
    return target.operations.get(f"/sync-runs/{operation['id']}").require(200)


@then(parsers.re(r"attempt (?P<number>\d+) has failed and it waits"))
def failed_and_waits(target: Target, queued: Queued, number: str) -> None:
    waits(target, queued, int(number))


@when(parsers.parse("{seconds:d} seconds have passed since the failure"))
def passed_since_the_failure(target: Target, queued: Queued, seconds: int) -> None:
    pass_(target, queued.since, seconds)


@when("every retry has been waited for")
def waited_for_all(target: Target, queued: Queued) -> None:
    for number, delay_s in enumerate(DELAYS_S, 1):
        waits(target, queued, number)
        pass_(target, queued.since, delay_s)


@then("it is among the dead letters")
def is_dead(target: Target, queued: Queued) -> None:
    ended(target, queued.ids[-1], "dead_letter")
    listed = target.operations.get("/dead-letters")
    ids = [letter["id"] for letter in listed.require(200)["items"]]
    listed.expect(queued.ids[-1] in ids, "VALUE", "/items", "The operation is not listed", actual=ids)


def submit(target: Target, queued: Queued, kind: str, payload: Json) -> Exchange:
    """Into the queue."""
    exchange = target.operations.post(f"/operations/{kind}", payload)
    queued.ids.append(exchange.require(202)["id"])
    return exchange


def schedule(employee: str, month: Month, number: int = 0) -> Json:
    """One shift of one employee, on day `number` of the month."""
    shifts = [shift(month.first + number * DAY)]
    period = {"period_start": str(month.first), "period_end": str(month.last)}
    return {**period, "schedules": [{"employee_id": employee, "shifts": shifts}]}


def look(target: Target, operation_id: str) -> Exchange:
    """At an operation."""
    return target.operations.get(f"/operations/{operation_id}")


def until(target: Target, operation_id: str, holds: Callable[[Json], bool], words: str) -> Json:
    """The operation once it is so. Raises Departure when it does not come to that."""
    deadline = time.monotonic() + NOTICED_S
    while not holds(operation := target.operations.ask("GET", f"/operations/{operation_id}").require(200)):
        if time.monotonic() >= deadline:
            shown = {name: operation[name] for name in ("status", "attempt", "reason", "error")}
            look(target, operation_id).departs("VALUE", Drift.VALUE, "/status", words, actual=shown)
        time.sleep(LOOK_S)
    return look(target, operation_id).require(200)


def ended(target: Target, operation_id: str, status: str) -> Json:
    """The operation once it is over, which has to be with this status."""
    operation = until(target, operation_id, lambda now: now["status"] in OVER, f"It never became {status}")
    if operation["status"] != status:
        words = f"It is {operation['status']}: {operation['reason']}"
        look(target, operation_id).departs("VALUE", Drift.VALUE, "/status", words, expected=status, actual=operation)
    return operation


def waits(target: Target, queued: Queued, attempts: int) -> Json:
    """The latest operation once it waits after so many attempts."""

    def so(now: Json) -> bool:
        return now["status"] == "waiting" and len(now["attempts"]) == attempts

    operation = until(target, queued.ids[-1], so, f"It does not wait after attempt {attempts}")
    queued.since = target.controls.monotonic()
    return operation
