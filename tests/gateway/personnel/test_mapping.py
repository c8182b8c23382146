"""Employees and time types between Argus and 1C: any record there and back, and what is refused."""

from __future__ import annotations

import datetime as dt
import string
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_wfm.gateway.errors import UnmappedTimeType
from argus_wfm.gateway.personnel import mapping
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ValidationFailed

POINTS = {
    "vacation": [0x041E, 0x0422],
    "sick_leave": [0x0411],
    "business_trip": [0x041A],
    "unpaid_leave": [0x0414, 0x041E],
    "work_time": [0x042F],
    "overtime": [0x0421],
}
WORDS = st.text(min_size=1, max_size=20)
EMPLOYEES = st.fixed_dictionaries(
    {
        "employee_id": WORDS,
        "personnel_number": st.from_regex(r"\A0{0,4}[0-9]{1,6}\Z"),
        "last_name": WORDS,
        "first_name": WORDS,
        "middle_name": st.none() | WORDS,
        "position": st.fixed_dictionaries({"id": WORDS}),
        "department": st.fixed_dictionaries({"id": WORDS}),
        "hire_date": st.dates().map(str),
        "weekly_hours": st.floats(0.25, 60),
    }
)


@given(EMPLOYEES, st.decimals("0.01", "1.5", places=2))
def test_an_employee_comes_back_with_four_fields_renamed(record: Json, rate: Any) -> None:
    agent = mapping.employee_to_1c(record)
    back = mapping.employee_from_1c({**agent, "employment_rate": float(rate)})
    assert len(agent) == 9
    assert back.pop("external_employee_id") == record["employee_id"]
    assert back.pop("employee_code") == record["personnel_number"]
    assert back.pop("standard_hours") == record["weekly_hours"]
    assert back.pop("fte_percentage") == float(rate * 100)
    assert back == {name: record[name] for name in back}
    assert len(back) == 6


@given(EMPLOYEES)
def test_the_sync_stores_what_the_mapping_says(record: Json) -> None:
    agent = {**mapping.employee_to_1c(record), "employment_rate": 0.5}
    stored, mapped = mapping.employee(agent).row(), mapping.employee_from_1c(agent)
    flat = {f"{name}_id": mapped.pop(name)["id"] for name in ("position", "department")} | mapped
    flat["hire_date"] = dt.date.fromisoformat(flat["hire_date"])
    assert {name: stored[name] for name in flat} == flat


@given(st.integers(1, 1500))
def test_no_percentage_has_dust(thousandths: int) -> None:
    told = mapping.percentage(thousandths / 1000)
    assert Fraction(str(told)) == Fraction(thousandths, 10)


@pytest.mark.parametrize("path", list(mapping.EMPLOYEE_TO_1C))
def test_a_missing_field_is_named_with_its_path(path: str) -> None:
    record: Json = {name: "x" for name in mapping.EMPLOYEE_TO_1C} | {"position": {"id": "x"}, "department": {"id": "x"}}
    holder, _, member = path.rpartition(".")
    del (record[holder] if holder else record)[member]
    with pytest.raises(ValidationFailed, match="is missing") as refused:
        mapping.employee_to_1c(record)
    assert refused.value.details["field"] == path


def test_time_types_are_the_seed_s_by_code_point() -> None:
    assert {name: list(map(ord, code)) for name, code in mapping.TIME_TYPE_TO_1C.items()} == POINTS
    for name, code in mapping.TIME_TYPE_TO_1C.items():
        assert (mapping.time_type_to_1c(name), mapping.time_type_from_1c(code)) == (code, name)
    assert set(mapping.TITLES) == set(mapping.TIME_TYPE_FROM_1C)


def test_twins_are_of_two_alphabets() -> None:
    assert len(set(mapping.LATIN)) == len(set(mapping.CYRILLIC)) == len(mapping.LATIN)
    assert set(mapping.LATIN) <= set(string.ascii_letters)
    assert all(0x0410 <= ord(letter) <= 0x044F for letter in mapping.CYRILLIC)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("C", ['"C" is U+0043 LATIN CAPITAL LETTER C; the code of 1C is С, U+0421.']),
        ("OT", ['in "OT"', "U+004F LATIN CAPITAL LETTER O", "U+0054 LATIN CAPITAL LETTER T", "U+041E U+0422"]),
        ("ДO", ["U+004F LATIN CAPITAL LETTER O", "the code of 1C is ДО, U+0414 U+041E"]),
        ("K", ["U+004B", "К, U+041A"]),
        ("B", ["U+0042", "Б, U+0411"]),
        ("H", ["U+0048", "Н, U+041D, is not mapped either", "these are: ОТ, Б"]),
        ("В", ['"В" is no code of 1C']),
        ("ZZ", ['"ZZ" is no code of 1C']),
        ("от", ['"от" is no code of 1C']),
        ("", ['"" is no code of 1C']),
    ],
)
def test_a_code_that_is_not_mapped_is_refused_by_its_letters(code: str, told: list[str]) -> None:
    with pytest.raises(UnmappedTimeType) as refused:
        mapping.time_type_from_1c(code)
    for words in told:
        assert words in str(refused.value)


def test_a_time_type_with_a_cyrillic_letter_is_told_too() -> None:
    with pytest.raises(UnmappedTimeType) as refused:
        mapping.time_type_to_1c("vac\u0430tion")
    assert str(refused.value).startswith('in "vac\u0430tion": "\u0430" is U+0430 CYRILLIC SMALL LETTER A')


@given(st.text(max_size=6))
def test_any_other_text_is_refused_and_named(text: str) -> None:
    for table, mapped in (
        (mapping.TIME_TYPE_TO_1C, mapping.time_type_to_1c),
        (mapping.TIME_TYPE_FROM_1C, mapping.time_type_from_1c),
    ):
        if text not in table:
            with pytest.raises(UnmappedTimeType) as refused:
                mapped(text)
            assert f'"{text}"' in str(refused.value)
