"""Values in another format are named for what they are; what is simply wrong gets no name."""

from __future__ import annotations

from typing import Any

import pytest

from argus_wfm.conformance.checks.formats import recognised

DAY = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}
HOURS = {"type": "number", "exclusiveMinimum": 0, "maximum": 60}
MINUTES = {"type": "integer", "minimum": 0, "maximum": 720}
STATUS = {"type": "string", "enum": ["available", "on_call", "break"]}
NUMBER = {"type": "string", "pattern": "^[0-9]{5,10}$"}


@pytest.mark.parametrize(
    ("value", "schema", "code", "words"),
    [
        (None, DAY, "NULL_VALUE", "null"),
        ("15.03.2020", DAY, "DATE_FORMAT", "DD.MM.YYYY"),
        ("15.03.2020 09:30:00", MOMENT, "DATE_FORMAT", "DD.MM.YYYY"),
        ("03/15/2020", DAY, "DATE_FORMAT", "slashes"),
        ("20200315", DAY, "DATE_FORMAT", "no hyphens"),
        (1753752600, MOMENT, "DATE_FORMAT", "Unix seconds (2025-07-29T01:30:00Z)"),
        ("1753752600000", MOMENT, "DATE_FORMAT", "Unix milliseconds (2025-07-29T01:30:00Z)"),
        ("2025-07-29T04:30:00", MOMENT, "DATE_FORMAT", "no zone"),
        ("2025-07-29T04:30:00+03:00", MOMENT, "DATE_FORMAT", "not in UTC"),
        ("2025-07-29T00:00:00Z", DAY, "DATE_FORMAT", "a moment where a day"),
        ("2025-07-29", MOMENT, "DATE_FORMAT", "a day where a moment"),
        ("40", HOURS, "NUMBER_AS_STRING", "came as a string"),
        ("0,5", HOURS, "DECIMAL_COMMA", "decimal comma"),
        ("1 972,5", HOURS, "DECIMAL_COMMA", "decimal comma"),
        ("true", {"type": "boolean"}, "BOOLEAN_AS_STRING", "string"),
        (1, {"type": "boolean"}, "BOOLEAN_AS_STRING", "number 1"),
        (144_000_000, HOURS, "UNIT", "ms where hours were due: 40"),
        (2400, HOURS, "UNIT", "minutes where hours were due: 40"),
        (3_600_000, MINUTES, "UNIT", "ms where minutes were due: 60"),
        ("On-Call", STATUS, "ENUM_VALUE", "the nearest is on_call"),
        ("lunch", STATUS, "ENUM_VALUE", "not in the contract's list"),
        ("123", NUMBER, "LEADING_ZEROS", "leading zeros"),
        (123, NUMBER, "LEADING_ZEROS", "leading zeros"),
    ],
)
def test_notation_is_named(value: Any, schema: dict[str, Any], code: str, words: str) -> None:
    told = recognised(value, schema)
    assert told is not None
    assert told[0] == code
    assert words in told[1]


@pytest.mark.parametrize(
    ("value", "schema"),
    [("2025-02-30", DAY), ("завтра", DAY), (7, DAY), (True, MOMENT), (61, HOURS), ("много", HOURS), ("x", NUMBER),
     ([], HOURS), (-1, MINUTES)],
)  # fmt: skip
def test_what_is_simply_wrong_has_no_notation(value: Any, schema: dict[str, Any]) -> None:
    assert recognised(value, schema) is None
