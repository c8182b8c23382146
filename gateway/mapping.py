"""Employees between 1C and Argus (seed section 8, A34, A42), field by field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from gateway.model import Employee

Json = Any
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
CAST = re.compile(r"MCE(\d+)")


class Unmapped(ValueError):
    """A record that Central cannot take; the message says why."""


def employee(agent: Mapping[str, Json]) -> Employee:
    """Central's record of one of 1C's agents, already valid by the contract. Raises Unmapped."""
    try:
        hired = dt.date.fromisoformat(agent["start_work"])
    except ValueError as error:
        raise Unmapped(f"start_work {agent['start_work']} is no day") from error
    return Employee(
        employee_id=central_id(agent["agent_id"]),
        external_employee_id=agent["agent_id"],
        employee_code=agent["tab_number"],
        last_name=agent["lastname"],
        first_name=agent["firstname"],
        middle_name=agent["secondname"],
        position_id=agent["position_id"],
        department_id=agent["department_id"],
        hire_date=hired,
        standard_hours=float(agent["norm_week"]),
        fte_percentage=round(agent["employment_rate"] * 100, 4),
    )


def central_id(agent_id: str) -> str:
    """Central's own id: EMPnnn for MCEnnn (A23); any other agent_id is taken as it is."""
    known = CAST.fullmatch(agent_id)
    return f"EMP{known[1]}" if known else agent_id
