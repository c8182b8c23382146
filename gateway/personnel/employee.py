"""What Central knows of an employee (seed section 8)."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Employee:
    """One record of the central store; `active` and `inactive_from` are Central's own, all else comes from 1C."""

    employee_id: str
    external_employee_id: str
    employee_code: str
    last_name: str
    first_name: str
    middle_name: str | None
    position_id: str
    department_id: str
    hire_date: dt.date
    standard_hours: float
    fte_percentage: float
    active: bool = True
    inactive_from: dt.date | None = None

    def row(self) -> dict[str, Any]:
        """Column by column."""
        return asdict(self)
