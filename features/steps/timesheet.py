"""getTimetypeInfo and sendFactWorkTime: time types by day, and what departs from the plan."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.target import MOSCOW
from argus_wfm.features.steps.replies import members_are
from argus_wfm.features.steps.roster import DAY, JULY, Month
from argus_wfm.features.steps.schedule_upload import shift, upload
from argus_wfm.json_type import Json

BATCH = 50  # agents a request, seed section 9
PERIOD = dt.timedelta(minutes=15)  # of loginfo, domain 2.1
WORKED = ("Я", "Н", "С", "РВ", "РВН")
KNOWN = frozenset(
    (
        *("Я", "Н", "В", "С", "РВ", "РВН", "Б", "Т", "ОТ", "ОД", "ОЖ", "Р", "У", "УД", "УВ", "Г", "К", "ПК", "ПМ"),
        *("ДО", "ОЗ", "ОВ", "НВ", "ДБ", "НН", "НБ", "НО", "НП", "НС", "НЗ", "ПР", "РП", "ВМ", "ЗБ", "ЛЧ"),
    )
)  # form Т-13
Interval = tuple[dt.datetime, dt.datetime]  # wall time at the employee's site
Day = tuple[dt.date, str, float]  # a Moscow day, a time type, its hours


def ask(target: Target, employees: Sequence[str], first: object, last: object) -> Exchange:
    """One getTimetypeInfo of whole days."""
    agents = [{"agentId": employee} for employee in employees]
    body = {"date_start": f"{first}T00:00:00", "date_end": f"{last}T23:59:59", "AR_agents": agents}
    return target.personnel.post("/getTimetypeInfo", body)


@when("their time types of July 2025 are requested", target_fixture="exchange")
def request_july(target: Target, employees: list[str]) -> Exchange:
    return ask(target, employees, *JULY)


@when("their time types of July 2025 are requested, 50 agents at a time", target_fixture="replies")
def request_july_in_batches(target: Target, employees: list[str]) -> list[Exchange]:
    batches = [employees[start : start + BATCH] for start in range(0, len(employees), BATCH)]
    return [ask(target, batch, *JULY) for batch in batches]


@then("there is one entry per agent, in the order asked, with exactly these members")
def one_entry_per_agent(exchange: Exchange, employees: list[str], datatable: list[list[str]]) -> None:
    entries = exchange.require(200)
    for finding in judge(exchange):
        raise Departure(finding)
    answered = [entry["agentId"] for entry in entries]
    words = f"{len(answered)} entries for {len(employees)} agents, or not in the order asked"
    exchange.expect(answered == employees, "COUNT", "/", words, expected=employees, actual=answered)
    for index, entry in enumerate(entries):
        members_are(exchange, entry, [member for (member,) in datatable[1:]], f"/{index}")
    words = "Not one entry has a day"
    exchange.expect(any(entry["AR_date"] for entry in entries), "COUNT", "/*/AR_date", words)


@then("every timetype is a known code in Cyrillic letters")
def codes_are_known(exchange: Exchange) -> None:
    found = [(place, code) for place, code in _codes(exchange)]
    if not found:
        raise CouldNotTest("the host's time sheets of July 2025 have no day")
    for place, code in found:
        latin = [letter for letter in code if letter.isascii()]
        words = f"{code} has Latin {', '.join(latin)}" if latin else f"{code} is no code of form Т-13"
        exchange.expect(code in KNOWN, "OUT_OF_RANGE", place, words, expected=" ".join(sorted(KNOWN)), actual=code)


@then("the hours of each half are the hours worked in it")
def halves_add_up(exchange: Exchange) -> None:
    for index, entry in enumerate(exchange.require(200)):
        worked: dict[str, float] = defaultdict(float)
        for day, code, hours in _days(exchange, entry):
            worked["half1_hours" if day.day <= 15 else "half2_hours"] += hours if code in WORKED else 0
        for member in ("half1_hours", "half2_hours"):
            stated = entry[member]
            words = f"{member} of {entry['agentId']} is {stated}, its days have {worked[member]:g}"
            same = math.isclose(stated, worked[member], abs_tol=0.01)
            exchange.expect(same, "COUNT", f"/{index}/{member}", words, expected=worked[member], actual=stated)


@then("somebody was ill, and nobody has both Б and ПР on one date")
def illness_displaces_truancy(replies: list[Exchange]) -> None:
    ill = False
    for exchange in replies:
        for index, entry in enumerate(exchange.require(200)):
            codes: dict[dt.date, set[str]] = defaultdict(set)
            for day, code, _ in _days(exchange, entry):
                codes[day].add(code)
            both = [str(day) for day, found in codes.items() if {"Б", "ПР"} <= found]
            words = f"{entry['agentId']} was ill and truant on {', '.join(both)}"
            exchange.expect(not both, "VALUE", f"/{index}/AR_date", words, actual=both)
            ill = ill or any("Б" in found for found in codes.values())
    if not ill:
        raise CouldNotTest("nobody was ill in the host's time sheets of July 2025")


@when("these days of next month are planned, and actual work time is sent", target_fixture="plan_and_facts")
def plan_and_send(target: Target, employees: list[str], next_month: Month, datatable: list[list[str]]) -> None:
    rows = [(next_month.day(day), planned, actual) for day, planned, actual in datatable[1:]]
    shifts = [shift(day, planned[:5], planned[6:], 0) for day, planned, _ in rows if planned]
    schedules = [{"employee_id": employees[0], "shifts": shifts}]
    reply = upload(target, next_month.first, next_month.last, schedules).require(200)
    if reply["status"] != "success":
        raise CouldNotTest(f"the plan was not taken over: {reply['errors']}")
    for day, planned, actual in rows:
        start, present = _interval(day, planned or actual)[0], actual and _interval(day, actual)
        exchange = _send(target, employees[0], start, list(_periods(present)) if present else [])
        taken = exchange.require(200)["result"]
        exchange.expect(
            taken is True, "VALUE", "/result", f"The facts of {day} were refused", expected=True, actual=taken
        )


@then("getTimetypeInfo shows these deviations")
def deviations_are(target: Target, employees: list[str], next_month: Month, datatable: list[list[str]]) -> None:
    exchange = ask(target, employees, next_month.first, next_month.last)
    (entry,) = exchange.require(200)
    found = {(day, code): hours for day, code, hours in _days(exchange, entry)}
    for number, code, wanted in datatable[1:]:
        day = next_month.day(number)
        on_day = {code: hours for (when, code), hours in found.items() if when == day}
        words = f"{day} has {on_day}, not {code} {wanted}"
        same = code in on_day and math.isclose(on_day[code], float(wanted), abs_tol=0.01)
        exchange.expect(same, "VALUE", "/0/AR_date", words, expected=f"{code} {wanted}", actual=on_day)


@when(parsers.parse("actual work time with a period of {milliseconds:d} ms is sent"), target_fixture="exchange")
def send_bad_period(target: Target, employees: list[str], next_month: Month, milliseconds: int) -> Exchange:
    start = dt.datetime.combine(next_month.first, dt.time(9))
    return _send(target, employees[0], start, [{"start": start.isoformat(), "time": milliseconds}])


@then("the facts are refused: result false, doc null")
def facts_are_refused(exchange: Exchange) -> None:
    body = exchange.require(200)
    for member, value in (("result", False), ("doc", None)):
        words = f"{member} is {body[member]}"
        exchange.expect(body[member] is value, "VALUE", f"/{member}", words, expected=value, actual=body[member])


def _send(target: Target, employee: str, start: dt.datetime, loginfo: list[Json]) -> Exchange:
    body = {"agentId": employee, "initiator_name": "argus", "date_start": start.isoformat(), "loginfo": loginfo}
    return target.personnel.post("/sendFactWorkTime", body)


def _interval(day: dt.date, text: str) -> Interval:
    start, end = (dt.datetime.combine(day, dt.time.fromisoformat(time)) for time in text.split("–"))
    return start, end if end > start else end + DAY


def _periods(present: Interval) -> Iterator[Json]:
    start, end = present
    while start < end:
        yield {"start": start.isoformat(), "time": int(PERIOD.total_seconds() * 1000)}
        start += PERIOD


def _codes(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for index, entry in enumerate(exchange.require(200)):
        for number, row in enumerate(entry["AR_date"]):
            yield f"/{index}/AR_date/{number}/timetype", row["timetype"]
        for number, row in enumerate(entry["AR_N"]):
            yield f"/{index}/AR_N/{number}/timetype_N", row["timetype_N"]


def _days(exchange: Exchange, entry: Json) -> Iterator[Day]:
    """Days as Moscow has them: the vendor writes midnights in UTC, 21:00Z of the day before (D66)."""
    for row in entry["AR_date"]:
        try:
            day = dt.datetime.fromisoformat(row["date"]).astimezone(MOSCOW).date()
        except (TypeError, ValueError):
            words = f"{row['date']} is no date-time"
            exchange.departs("WRONG_FORMAT", Drift.SHAPE, "/*/AR_date/*/date", words, actual=row["date"])
        yield day, row["timetype"], row["hours"]
