"""Order, retries and dead letters of the queue."""

from __future__ import annotations

import datetime as dt
import time

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.circuit_breaker import EARLY_S, raise_
from argus_wfm.features.steps.circuit_breaker import until as until_so
from argus_wfm.features.steps.operations import DELAYS_S, Queued, ended, look, schedule, submit, until, waits
from argus_wfm.features.steps.roster import Month
from argus_wfm.json_type import Json

LATE_S = 10.0  # real seconds of a busy machine, in which an attempt that is due may begin


@when("these operations are queued")
def queue_these(target: Target, queued: Queued, employee: str, next_month: Month, datatable: list[list[str]]) -> None:
    day = target.today().isoformat()
    payloads: dict[str, Json] = {
        "personnel_sync": {},
        "schedule_upload": schedule(employee, next_month),
        "timesheet_request": {"date_start": f"{day}T00:00:00", "date_end": f"{day}T23:59:59", "agents": [employee]},
        "report_export": {"report_id": "personnel_list", "format": "csv", "period": f"{target.today():%Y-%m}"},
    }
    for (kind,) in datatable[1:]:
        submit(target, queued, kind, payloads[kind])


@then("all are completed")
def all_completed(target: Target, queued: Queued) -> None:
    for operation_id in queued.ids:
        ended(target, operation_id, "completed")


@then("they began in this order")
def began_in_order(target: Target, queued: Queued, datatable: list[list[str]]) -> None:
    order = [operation["kind"] for operation in _by_start(target, queued)]
    expected = [kind for (kind,) in datatable[1:]]
    if order != expected:
        raise_("/attempts", f"They began as {', '.join(order)}")


@then("they began in the order in which they were queued")
def began_as_queued(target: Target, queued: Queued) -> None:
    order = [operation["id"] for operation in _by_start(target, queued)]
    if order != queued.ids:
        raise_("/attempts", f"They began as {', '.join(order)}, queued were {', '.join(queued.ids)}")


@then(parsers.re(r"it is completed after (?P<number>\d+) attempts?"))
def completed_after(target: Target, queued: Queued, number: str) -> None:
    operation = ended(target, queued.ids[-1], "completed")
    count, last = len(operation["attempts"]), operation["attempt"]
    _expect(target, queued, (count, last) == (int(number), int(number) - 1), "/attempts", f"{count} attempts")


@then(parsers.parse("its result says that {shifts:d} shift was created"))
def result_says(target: Target, queued: Queued, shifts: int) -> None:
    result = look(target, queued.ids[-1]).require(200)["result"] or {}
    _expect(target, queued, result.get("shifts_created") == shifts, "/result", f"The result is {result}")


@then(parsers.parse("it still waits, after {number:d} attempt"))
def still_waits(target: Target, queued: Queued, number: int) -> None:
    time.sleep(EARLY_S)
    operation = look(target, queued.ids[-1]).require(200)
    so = operation["status"] == "waiting" and len(operation["attempts"]) == number
    words = f"It is {operation['status']} after {len(operation['attempts'])} attempts"
    _expect(target, queued, so, "/status", words)


@then("it was tried at these seconds")
def tried_at(target: Target, queued: Queued, datatable: list[list[str]]) -> None:
    attempts = ended(target, queued.ids[-1], "dead_letter")["attempts"]
    began = [dt.datetime.fromisoformat(attempt["started_at"]) for attempt in attempts]
    seconds = [(moment - began[0]).total_seconds() for moment in began]
    due = [int(cell) for (cell,) in datatable[1:]]
    so = len(due) == len(seconds) and all(0 <= at - by < LATE_S for at, by in zip(seconds, due, strict=True))
    _expect(target, queued, so, "/attempts", f"It was tried at {', '.join(f'{at:.1f}' for at in seconds)} s")


@then(parsers.re(r"1C ZUP was asked for (?P<operation>[a-zA-Z]+) (?P<times>\d+) times"))
def asked_for(target: Target, operation: str, times: str) -> None:
    count = _arrived(target, operation)
    if count != int(times):
        raise_("calls", f"1C ZUP was asked for {operation} {count} times, not {times}")


@when(parsers.parse("every attempt has timed out after {seconds:d} seconds"))
def all_timed_out(target: Target, queued: Queued, seconds: int) -> None:
    for number, delay_s in enumerate((*DELAYS_S, None), 1):
        until_so(lambda number=number: _struck(target) == number)  # type: ignore[misc]
        target.controls.move(seconds)
        if delay_s:
            waits(target, queued, number)
            target.controls.move(delay_s)


@then(
    parsers.parse('its error is {code}, "{message}", attempt {attempt:d}, last error "{last_error}"'),
)
def error_is(target: Target, queued: Queued, code: str, message: str, attempt: int, last_error: str) -> None:
    exchange = look(target, queued.ids[-1])
    error = exchange.require(200)["error"]
    told = (error["code"], error["message"], error["details"]["attempt"], error["details"]["last_error"])
    due = (code, message, attempt, last_error)
    exchange.expect(told == due, "VALUE", "/error", "The dead letter tells of another error", expected=due, actual=told)


@then("it was tried once, and no retry is due")
def tried_once(target: Target, queued: Queued) -> None:
    operation = look(target, queued.ids[-1]).require(200)
    so = len(operation["attempts"]) == 1 and operation["due_at"] is None
    _expect(target, queued, so, "/attempts", f"{len(operation['attempts'])} attempts, due {operation['due_at']}")


@when("it is redriven")
def redriven(target: Target, queued: Queued) -> None:
    target.operations.post(f"/dead-letters/{queued.ids[-1]}/redrive").require(200)


@then("it is completed, and its attempts count from 0 again")
def completed_afresh(target: Target, queued: Queued) -> None:
    operation = ended(target, queued.ids[-1], "completed")
    told = operation["attempt"], operation["redriven"]
    _expect(target, queued, told == (0, 1), "/attempt", f"attempt {told[0]}, redriven {told[1]} times")


@then("1C ZUP has taken its schedule over once")
def taken_over_once(target: Target, employee: str) -> None:
    sheets = target.controls.state("zup")["sheets"]
    versions = [sheet["version"] for sheet in sheets if sheet["agent_id"] == employee]
    if versions != [1]:
        raise_("sheets", f"1C ZUP has sheets of versions {versions}, not one of version 1")


def _by_start(target: Target, queued: Queued) -> list[Json]:
    operations = [until(target, id_, lambda now: bool(now["attempts"]), "It never began") for id_ in queued.ids]
    return sorted(operations, key=lambda operation: operation["attempts"][0]["started_at"])


def _arrived(target: Target, operation: str) -> int:
    return int(target.controls.state("zup")["arrived"].get(operation, 0))


def _struck(target: Target) -> int:
    """How many requests the faults that are on have met with."""
    return sum(fault["struck"] for fault in target.controls.state("zup")["faults"])


def _expect(target: Target, queued: Queued, holds: bool, where: str, words: str) -> None:
    if not holds:
        look(target, queued.ids[-1]).departs("VALUE", Drift.VALUE, where, words)
