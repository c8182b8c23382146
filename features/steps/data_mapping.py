"""The mapping of employees and time types, with a table of truths of our own (seed section 8, A34, A42)."""

from __future__ import annotations

import math

from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.replies import Labelled, members_are, refused
from argus_wfm.json_type import Json

EMPLOYEE = {
    "employee_id": "0042-а",
    "personnel_number": "00042",
    "last_name": "Ёлкина-Щукина",
    "first_name": "Анна",
    "middle_name": "Львовна",
    "position": {"id": "POS-7"},
    "department": {"id": "DEPT-9"},
    "hire_date": "2020-02-29",
    "weekly_hours": 40,
}
AGENT = {
    "agent_id": "0042-а",
    "tab_number": "00042",
    "lastname": "Ёлкина-Щукина",
    "firstname": "Анна",
    "secondname": "Львовна",
    "position_id": "POS-7",
    "department_id": "DEPT-9",
    "start_work": "2020-02-29",
    "norm_week": 40,
    "employment_rate": 1,
}
RENAMED = {"employee_id": "external_employee_id", "personnel_number": "employee_code", "weekly_hours": "standard_hours"}
TIME_TYPES = {
    "vacation": (0x041E, 0x0422),
    "sick_leave": (0x0411,),
    "business_trip": (0x041A,),
    "unpaid_leave": (0x0414, 0x041E),
    "work_time": (0x042F,),
    "overtime": (0x0421,),
}


@given(parsers.parse("an employee of Argus with a part-time week of {hours:g} hours"), target_fixture="record")
def part_time(hours: float) -> Json:
    return EMPLOYEE | {"weekly_hours": hours}


@given("an employee of Argus without a middle name", target_fixture="record")
def without_middle_name() -> Json:
    return EMPLOYEE | {"middle_name": None}


@given(parsers.parse("an agent of 1C with tab_number {number} and rate {rate:g}"), target_fixture="record")
def agent(number: str, rate: float) -> Json:
    return AGENT | {"tab_number": number, "employment_rate": rate}


@when("the employee is mapped to 1C", target_fixture="exchange")
def to_1c(target: Target, record: Json) -> Exchange:
    return target.operations.post("/mapping/employees/to-1c", record)


@when("the agent is mapped to Argus", target_fixture="exchange")
def from_1c(target: Target, record: Json) -> Exchange:
    return target.operations.post("/mapping/employees/from-1c", record)


@when("what 1C got is mapped to Argus", target_fixture="back")
def back_again(target: Target, exchange: Exchange) -> Exchange:
    sent = exchange.require(200) | {"employment_rate": 1}  # which the way to 1C does not have
    return target.operations.post("/mapping/employees/from-1c", sent)


@then("1C gets these fields of Argus, each with its value, and no other")
def fields_of_argus(exchange: Exchange, record: Json, datatable: list[list[str]]) -> None:
    _same(exchange, datatable[1:], record, also=())


@then("Argus gets these fields of 1C, each with its value, and fte_percentage")
def fields_of_1c(exchange: Exchange, record: Json, datatable: list[list[str]]) -> None:
    _same(exchange, datatable[1:], record, also=("fte_percentage",))


@then(parsers.parse("employee_code is the text {number}"))
def code_is_text(exchange: Exchange, number: str) -> None:
    code = exchange.require(200)["employee_code"]
    exchange.expect(code == number, "VALUE", "/employee_code", f"It is {code!r}", expected=number, actual=code)


@then("these rates become these percentages")
def percentages(target: Target, record: Json, datatable: list[list[str]]) -> None:
    """To the last digit: no 28.999999999999996."""
    for rate, percentage in datatable[1:]:
        exchange = from_1c(target, record | {"employment_rate": float(rate)})
        told = exchange.require(200)["fte_percentage"]
        words = f"Rate {rate} became {told}"
        exchange.expect(told == float(percentage), "VALUE", "/fte_percentage", words, expected=percentage, actual=told)


@then("the middle name is null in 1C and in Argus")
def null_stays(exchange: Exchange, back: Exchange) -> None:
    for reply, member in ((exchange, "secondname"), (back, "middle_name")):
        body = reply.require(200)
        held = member in body and body[member] is None
        words = f"{member} is not null"
        reply.expect(held, "VALUE", f"/{member}", words, expected=None, actual=body.get(member, "not there"))


@then("every other value is the employee's own")
def others_are_the_same(back: Exchange, record: Json) -> None:
    body = back.require(200)
    for name, value in record.items():
        member = RENAMED.get(name, name)
        words = f"{member} is not what {name} was"
        back.expect(body.get(member) == value, "VALUE", f"/{member}", words, expected=value, actual=body.get(member))


@when("all six time types are mapped both ways", target_fixture="ways")
def both_ways(target: Target) -> tuple[Exchange, Exchange]:
    codes = ["".join(map(chr, points)) for points in TIME_TYPES.values()]
    return _to_codes(target, list(TIME_TYPES)), _from_codes(target, codes)


@then("they are these codes, by code point")
def codes_are(ways: tuple[Exchange, Exchange], datatable: list[list[str]]) -> None:
    due = [(time_type, _characters(points)) for time_type, _, points in datatable[1:]]
    for exchange in ways:
        got = [(one["time_type"], one["code"]) for one in exchange.require(200)["mapped"]]
        exchange.expect(got == due, "VALUE", "/mapped", "Other pairs, or another order", expected=due, actual=got)


@then("a look-alike in Latin letters is refused with 422 UNMAPPED_TIME_TYPE, telling both code points")
def look_alikes_are_refused(target: Target, datatable: list[list[str]]) -> None:
    for points in datatable[1:]:
        exchange = _from_codes(target, [_characters(points[0])])
        refused(exchange, 422, "UNMAPPED_TIME_TYPE")
        message = exchange.json()["message"]
        for point in points:
            words = f"The message does not tell {point}"
            exchange.expect(point in message, "VALUE", "/message", words, expected=point, actual=message)


@when(parsers.parse('"{time_type}" and "{code}" are mapped, each after one that is known'), target_fixture="exchanges")
def map_unknown(target: Target, time_type: str, code: str) -> Labelled:
    known, points = next(iter(TIME_TYPES.items()))
    letters = "".join(map(chr, points))
    return [(time_type, _to_codes(target, [known, time_type])), (code, _from_codes(target, [letters, code]))]


@then("each message names the value and each details.field its place")
def value_is_named(exchanges: Labelled) -> None:
    for value, exchange in exchanges:
        body = exchange.json()
        words = f"The message does not name {value}"
        exchange.expect(value in body["message"], "VALUE", "/message", words, expected=value, actual=body["message"])
        field = body["details"].get("field", "")
        words = f"details.field is {field or 'not there'}"
        exchange.expect(field.endswith(".1"), "VALUE", "/details/field", words, expected="….1", actual=field)


def _to_codes(target: Target, time_types: list[str]) -> Exchange:
    return target.operations.post("/mapping/time-types/to-1c", {"time_types": time_types})


def _from_codes(target: Target, codes: list[str]) -> Exchange:
    return target.operations.post("/mapping/time-types/from-1c", {"codes": codes})


def _characters(points: str) -> str:
    """Of "U+041E U+0422"."""
    return "".join(chr(int(point.removeprefix("U+"), 16)) for point in points.split())


def _same(exchange: Exchange, pairs: list[list[str]], record: Json, also: tuple[str, ...]) -> None:
    """The reply has these paths, each with the record's value at the other path."""
    body = exchange.require(200)
    members_are(exchange, body, [*dict.fromkeys(path.split(".")[0] for path, _ in pairs), *also], "")
    for path, source in pairs:
        got, due = _at(body, path), _at(record, source)
        same = math.isclose(got, due) if isinstance(due, float) and isinstance(got, int | float) else got == due
        if not same:
            place = "/" + path.replace(".", "/")
            exchange.departs("VALUE", Drift.VALUE, place, f"{path} is not {source}", expected=due, actual=got)


def _at(record: Json, path: str) -> Json:
    for member in path.split("."):
        record = record.get(member) if isinstance(record, dict) else None
    return record
