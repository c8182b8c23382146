"""In what other notation a value came: the code that says it, and words; dates, numbers, units, lists that grew."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterator, Mapping

from argus_wfm.json_type import Json

Said = tuple[str, str]  # code, words
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
COMMA = re.compile(r"[+-]?\d{1,3}([ \u00a0\u202f]?\d{3})*,\d+")
NO_ZONE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")
ZONED = re.compile(NO_ZONE.pattern + r"(Z|[+-]\d\d:?\d\d)", re.IGNORECASE)
RUSSIAN = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}( \d{1,2}:\d\d(:\d\d)?)?")
SLASHES = re.compile(r"\d{1,4}/\d{1,2}/\d{1,4}")
COMPACT = re.compile(r"\d{8}(T?\d{6})?")
FORMS = ((RUSSIAN, "has the form DD.MM.YYYY"), (SLASHES, "is written with slashes"), (COMPACT, "has no hyphens"))
EPOCH = range(946_684_800, 4_102_444_800)  # seconds of the years 2000 to 2099
MILLISECONDS = 1000
FAR = 10  # times a bound, from where on another unit is likelier than a wrong value
UNITS = (
    ("ms where hours were due", 3_600_000),
    ("ms where minutes were due", 60_000),
    ("minutes where hours were due", 60),
    ("s where hours were due", 3600),
    ("ms where s were due", 1000),
)


def recognised(value: Json, schema: Mapping[str, Json]) -> Said | None:
    """What a value that its schema refuses looks like; None for what is simply wrong."""
    return next(_readings(value, schema), None)


def _readings(value: Json, schema: Mapping[str, Json]) -> Iterator[Said]:
    if value is None:
        yield "NULL_VALUE", "null where a value was due"
    elif _is_date(schema):
        yield from _date(value, str(schema.get("format")))
    elif isinstance(value, bool):
        return
    elif isinstance(value, str):
        yield from _text(value, schema)
    elif isinstance(value, int | float):
        yield from _number(value, schema)


def _text(value: str, schema: Mapping[str, Json]) -> Iterator[Said]:
    types = _types(schema)
    if types & {"number", "integer"}:
        if NUMBER.fullmatch(value.strip()):
            yield "NUMBER_AS_STRING", f"The number {value} came as a string"
        elif COMMA.fullmatch(value.strip()):
            yield "DECIMAL_COMMA", f"The number {value} came as a string with a decimal comma"
    elif "boolean" in types and value.strip().lower() in ("true", "false", "да", "нет", "0", "1"):
        yield "BOOLEAN_AS_STRING", f"The truth value {value} came as a string"
    elif "enum" in schema:
        yield "ENUM_VALUE", f"{value!r} is not in the contract's list{_nearest(value, schema['enum'])}"
    elif value.isdecimal() and _padded(value, schema):
        yield "LEADING_ZEROS", f"{value} may have lost its leading zeros"


def _number(value: float, schema: Mapping[str, Json]) -> Iterator[Said]:
    types = _types(schema)
    if "string" in types and isinstance(value, int) and any(re.search(r"\d", f"{word}") for word in _hints(schema)):
        yield "LEADING_ZEROS", f"{value} came as a number, which has no leading zeros"
    elif "boolean" in types and value in (0, 1):
        yield "BOOLEAN_AS_STRING", f"The truth value came as the number {value}"
    elif "maximum" in schema and value >= FAR * schema["maximum"]:
        for words, factor in UNITS:
            if schema["maximum"] / 60 <= value / factor <= schema["maximum"]:
                yield "UNIT", f"{value} looks like {words}: {value / factor:g}"


def _date(value: Json, form: str) -> Iterator[Said]:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return
    number = value if not isinstance(value, str) else int(value) if value.isdecimal() else -1
    if int(number) in EPOCH or int(number) // MILLISECONDS in EPOCH:
        yield "DATE_FORMAT", _epoch(int(number))
    elif isinstance(value, str):
        yield from (("DATE_FORMAT", f"{value} {words}") for pattern, words in FORMS if pattern.fullmatch(value))
        yield from _zone(value, form)


def _zone(value: str, form: str) -> Iterator[Said]:
    if form == "date" and (NO_ZONE.fullmatch(value) or ZONED.fullmatch(value)):
        yield "DATE_FORMAT", f"{value} is a moment where a day was due"
    elif NO_ZONE.fullmatch(value) and _is_real(value):
        yield "DATE_FORMAT", f"{value} has no zone: local time of nobody knows where"
    elif ZONED.fullmatch(value) and value[-1] not in "zZ" and _is_real(value):
        yield "DATE_FORMAT", f"{value} is not in UTC: Z was due"
    elif form == "date-time" and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        yield "DATE_FORMAT", f"{value} is a day where a moment was due"


def _epoch(value: int) -> str:
    unit, seconds = ("seconds", value) if value in EPOCH else ("milliseconds", value / MILLISECONDS)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{value} is a time in Unix {unit} ({moment:%Y-%m-%dT%H:%M:%SZ})"


def _is_real(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date(schema: Mapping[str, Json]) -> bool:
    return schema.get("format") in ("date", "date-time", "date-time-local")


def _types(schema: Mapping[str, Json]) -> set[str]:
    declared = schema.get("type", ())
    return {declared} if isinstance(declared, str) else set(declared)


def _hints(schema: Mapping[str, Json]) -> tuple[Json, ...]:
    return schema.get("pattern", ""), schema.get("description", "")


def _padded(value: str, schema: Mapping[str, Json]) -> bool:
    """Whether some zeros in front make it what the contract has."""
    pattern, least = schema.get("pattern"), int(schema.get("minLength", 0))
    if pattern:
        return any(re.search(pattern, value.rjust(width, "0")) for width in range(max(len(value) + 1, least), 13))
    return len(value) < least


def _nearest(value: str, listed: list[Json]) -> str:
    folded = {re.sub(r"[\W_]", "", str(one)).casefold(): str(one) for one in listed if one is not None}
    plain = re.sub(r"[\W_]", "", value).casefold()
    close = difflib.get_close_matches(plain, folded, n=1, cutoff=0.7)
    return f"; the nearest is {folded[close[0]]}" if close else ""
