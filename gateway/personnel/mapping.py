"""Employees and time types between 1C and Argus (seed section 8, A34, A42): tables, and what reads them.

The two tables of employees are no inverses of each other: agent_id comes back as external_employee_id, and the weekly
hours as standard_hours. A name with a dot is a member of a member.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal

from argus_wfm.gateway.errors import UnmappedTimeType
from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ValidationFailed

EMPLOYEE_TO_1C = {
    "employee_id": "agent_id",
    "personnel_number": "tab_number",
    "last_name": "lastname",
    "first_name": "firstname",
    "middle_name": "secondname",
    "position.id": "position_id",
    "department.id": "department_id",
    "hire_date": "start_work",
    "weekly_hours": "norm_week",
}
EMPLOYEE_FROM_1C = {name_1c: name for name, name_1c in EMPLOYEE_TO_1C.items()} | {
    "agent_id": "external_employee_id",
    "tab_number": "employee_code",
    "norm_week": "standard_hours",
    "employment_rate": "fte_percentage",
}
TIME_TYPE_TO_1C = {
    "vacation": "ОТ",
    "sick_leave": "Б",
    "business_trip": "К",
    "unpaid_leave": "ДО",
    "work_time": "Я",
    "overtime": "С",
}
TIME_TYPE_FROM_1C = {code: time_type for time_type, code in TIME_TYPE_TO_1C.items()}
TITLES = {
    "ОТ": "Отпуск",
    "Б": "Больничный",
    "К": "Командировка",
    "ДО": "Отпуск без содержания",
    "Я": "Явка",
    "С": "Сверхурочные",
}
LATIN = "ABCEHKMOPTXYaceopxyk"
CYRILLIC = "АВСЕНКМОРТХУасеорхук"  # the twin of each; B is also written for Б, which it does not look like
TO_CYRILLIC, TO_LATIN = str.maketrans(LATIN, CYRILLIC), str.maketrans(CYRILLIC, LATIN)
LONGEST_CODE = 3  # of form Т-13 (РВН)
CAST = re.compile(r"MCE(\d+)")


class Unmapped(ValueError):
    """A record that Central cannot take; the message says why."""


def employee(agent: Mapping[str, Json]) -> Employee:
    """Central's record of one of 1C's agents, already valid by the contract. Raises Unmapped."""
    try:
        hired = dt.date.fromisoformat(agent["start_work"])
    except ValueError as error:
        raise Unmapped(f"start_work {agent['start_work']} is no day") from error
    fields = {EMPLOYEE_FROM_1C[name].replace(".", "_"): agent[name] for name in EMPLOYEE_FROM_1C}
    fields |= {"hire_date": hired, "standard_hours": float(agent["norm_week"])}
    fields["fte_percentage"] = percentage(agent["employment_rate"])
    return Employee(employee_id=central_id(agent["agent_id"]), **fields)


def central_id(agent_id: str) -> str:
    """Central's own id: EMPnnn for MCEnnn (A23); any other agent_id is taken as it is."""
    known = CAST.fullmatch(agent_id)
    return f"EMP{known[1]}" if known else agent_id


def employee_to_1c(record: Mapping[str, Json]) -> dict[str, Json]:
    """The nine fields as 1C names them. Raises ValidationFailed naming the path of a missing one."""
    return {name_1c: _at(record, name) for name, name_1c in EMPLOYEE_TO_1C.items()}


def employee_from_1c(agent: Mapping[str, Json]) -> dict[str, Json]:
    """The ten fields as Argus names them. Raises ValidationFailed naming a missing one."""
    record: dict[str, Json] = {}
    for name_1c, name in EMPLOYEE_FROM_1C.items():
        value = _at(agent, name_1c)
        holder, _, member = name.rpartition(".")
        (record.setdefault(holder, {}) if holder else record)[member] = value
    return record | {"fte_percentage": percentage(agent["employment_rate"])}


def percentage(rate: float) -> float:
    """Of a full job (A34): 0.5 is 50, and 0.07 is 7, not 7.000000000000001."""
    return float(Decimal(str(rate)) * 100)


def time_type_to_1c(time_type: str, field: str | None = None) -> str:
    """1C's code. Raises UnmappedTimeType; `field` is where the value was found."""
    if time_type in TIME_TYPE_TO_1C:
        return TIME_TYPE_TO_1C[time_type]
    raise _unmapped("time type of Argus", TIME_TYPE_TO_1C, time_type, [time_type.translate(TO_LATIN)], field)


def time_type_from_1c(code: str, field: str | None = None) -> str:
    """The time type of Argus. Raises UnmappedTimeType, for look-alike letters of another alphabet too."""
    if code in TIME_TYPE_FROM_1C:
        return TIME_TYPE_FROM_1C[code]
    meant = [code.translate(TO_CYRILLIC), code.replace("B", "Б").translate(TO_CYRILLIC)]
    raise _unmapped("code of 1C", TIME_TYPE_FROM_1C, code, meant, field)


def _at(record: Mapping[str, Json], path: str) -> Json:
    value: Json = record
    for member in path.split("."):
        if not isinstance(value, Mapping) or member not in value:
            raise ValidationFailed(f"{path}: is missing", field=path)
        value = value[member]
    return value


def _unmapped(
    kind: str, table: Mapping[str, str], value: str, meant: Sequence[str], field: str | None
) -> UnmappedTimeType:
    """The refusal of a value; `meant` are the readings of it with the look-alikes of the right alphabet."""
    words = f'"{value}" is no {kind} that is mapped; these are: {", ".join(table)}.'
    readings = [reading for reading in meant if reading != value]
    known = next((reading for reading in readings if reading in table), None)
    if known:
        words = f"{_letters(value, known)}; the {kind} is {known}, {points(known)}."
    elif readings and len(value) <= LONGEST_CODE:
        words = (
            f"{_letters(value, readings[0])}, and {readings[0]}, {points(readings[0])}, is not mapped either. {words}"
        )
    return UnmappedTimeType(words, field=field)


def _letters(value: str, reading: str) -> str:
    """Which letters of the value are of the wrong alphabet."""
    wrong = dict.fromkeys(ours for ours, due in zip(value, reading, strict=True) if ours != due)
    told = "; ".join(f'"{letter}" is U+{ord(letter):04X} {unicodedata.name(letter)}' for letter in wrong)
    return told if value in wrong else f'in "{value}": {told}'


def points(text: str) -> str:
    """Its code points, which tell letters apart that look the same."""
    return " ".join(f"U+{ord(letter):04X}" for letter in text)
