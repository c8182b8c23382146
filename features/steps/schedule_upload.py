"""sendSchedule: planned shifts into 1C."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.replies import Labelled
from argus_wfm.features.steps.roster import DAY, Month
from argus_wfm.json_type import Json


def shift(day: dt.date | str, start: str = "09:00", end: str = "18:00", pause: int = 60) -> Json:
    """A WORK shift of the contract."""
    times = {"start_time": start, "end_time": end}
    return {"date": str(day), **times, "break_minutes": pause, "shift_type": "WORK"}


def upload(target: Target, first: dt.date | str, last: dt.date | str, schedules: Sequence[Json]) -> Exchange:
    """One sendSchedule."""
    body = {"period_start": str(first), "period_end": str(last), "schedules": list(schedules)}
    return target.personnel.post("/sendSchedule", body)


@when("these shifts of next month are uploaded", target_fixture="exchange")
def upload_shifts(target: Target, employees: list[str], next_month: Month, datatable: list[list[str]]) -> Exchange:
    shifts: dict[str, list[Json]] = {employee: [] for employee in employees}
    for number, day, start, end, pause in datatable[1:]:
        shifts[employees[int(number) - 1]].append(shift(next_month.day(day), start, end, int(pause)))
    schedules = [{"employee_id": employee, "shifts": those} for employee, those in shifts.items()]
    return upload(target, next_month.first, next_month.last, schedules)


@when(
    parsers.re(r"each is given (?P<count>\d+) shifts? of (?P<start>[\d:]+)–(?P<end>[\d:]+) in next month"),
    target_fixture="exchange",
)
def upload_same(target: Target, employees: list[str], next_month: Month, count: str, start: str, end: str) -> Exchange:
    shifts = [shift(next_month.first + number * DAY, start, end) for number in range(int(count))]
    schedules = [{"employee_id": employee, "shifts": shifts} for employee in employees]
    return upload(target, next_month.first, next_month.last, schedules)


@when("a shift is uploaded with each of these values", target_fixture="exchanges")
def upload_values(target: Target, employees: list[str], next_month: Month, datatable: list[list[str]]) -> Labelled:
    return [
        (
            member,
            upload(
                target, next_month.first, next_month.last, [_one(employees, {**shift(next_month.first), member: value})]
            ),
        )
        for member, value in datatable[1:]
    ]


@when(
    parsers.parse("a shift of day {day:d} is uploaded for the period of days {first:d} to {last:d} of next month"),
    target_fixture="exchange",
)
def upload_part(target: Target, employees: list[str], next_month: Month, day: int, first: int, last: int) -> Exchange:
    start, end, at_fault = (next_month.day(str(number)) for number in (first, last, day))
    return upload(target, start, end, [_one(employees, shift(at_fault))])


@when(
    parsers.re(r"a shift of (?P<day>\d{4}-\S+) is uploaded for the period (?P<first>\S+) to (?P<last>\S+)"),
    target_fixture="exchange",
)
def upload_dated(target: Target, employees: list[str], day: str, first: str, last: str) -> Exchange:
    return upload(target, first, last, [_one(employees, shift(day))])


@then(parsers.re(r"the upload is a success of (?P<people>\d+) employees? and (?P<shifts>\d+) shifts?"))
def is_success(exchange: Exchange, people: str, shifts: str) -> None:
    body = _result(exchange, "success", int(people), int(shifts))
    _has_document(exchange, body)
    errors = body["errors"]
    exchange.expect(errors == [], "VALUE", "/errors", f"{len(errors)} errors under success", expected=[], actual=errors)


@then(parsers.re(r"the upload is partial: (?P<people>\d+) employees? and (?P<shifts>\d+) shifts?"))
def is_partial(exchange: Exchange, people: str, shifts: str) -> None:
    _has_document(exchange, _result(exchange, "partial", int(people), int(shifts)))


@then("nothing is taken over")
def is_error(exchange: Exchange) -> None:
    document = _result(exchange, "error", 0, 0)["document_id"]
    words = f"Document {document} under status error"
    exchange.expect(document is None, "VALUE", "/document_id", words, expected=None, actual=document)


@then(parsers.parse("employee {number:d} is refused for {code}"))
def employee_is_refused(exchange: Exchange, employees: list[str], number: int, code: str) -> None:
    employee = employees[number - 1]
    codes = {row["employee_id"]: row["code"] for row in exchange.require(200)["errors"]}
    words = f"errors has {codes.get(employee, 'no row')} for {employee}"
    exchange.expect(codes == {employee: code}, "VALUE", "/errors", words, expected={employee: code}, actual=codes)


@then("no document was made")
def no_document(exchange: Exchange) -> None:
    body = exchange.json()
    words = "A refused request has a document"
    exchange.expect("document_id" not in body, "VALUE", "/document_id", words, actual=body.get("document_id"))


def _one(employees: list[str], given: Json) -> Json:
    return {"employee_id": employees[0], "shifts": [given]}


def _result(exchange: Exchange, status: str, people: int, shifts: int) -> Json:
    """The reply, with its status and counts checked."""
    body = exchange.require(200)
    wanted = {"status": status, "employees_processed": people, "shifts_created": shifts}
    for member, value in wanted.items():
        words = f"{member} is {body[member]}; errors: {body.get('errors')}"
        code = "VALUE" if member == "status" else "COUNT"
        exchange.expect(body[member] == value, code, f"/{member}", words, expected=value, actual=body[member])
    return body


def _has_document(exchange: Exchange, body: Json) -> None:
    document = body["document_id"]
    exchange.expect(bool(document), "VALUE", "/document_id", "No document for what was taken over", actual=document)
