"""The staff list of the central store."""

from __future__ import annotations

from collections.abc import Iterator

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports import staff
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.reports.staff import Sources, Staff
from argus_wfm.gateway.reports.table import Column, ColumnKind, Row, Table
from argus_wfm.gateway.storage.tables import employees

TITLE = "Список сотрудников"
COLUMNS = (
    Column("number", "Табельный номер", width=11),
    Column("last_name", "Фамилия", width=18),
    Column("first_name", "Имя", width=15),
    Column("middle_name", "Отчество", width=18),
    Column("department", "Подразделение", width=14),
    Column("position", "Должность", width=11),
    Column("hired", "Принят", ColumnKind.DATE, 11),
    Column("norm", "Норма, ч/нед", ColumnKind.HOURS, 9),
    Column("rate", "Ставка, %", ColumnKind.PERCENT, 9),
)


def count(sources: Sources, _month: Month) -> int:
    """Who is active now."""
    return staff.count(sources, employees.c.active)


def table(sources: Sources, job: Job, month: Month) -> Table:
    """One row for each who is active."""
    listed = staff.of_month(sources, job, month) if staff.is_empty(sources) else Staff(())
    now = sources.now()
    period = f"на {now.astimezone(MOSCOW):%d.%m.%Y}"
    total = len(listed.people) or count(sources, month)
    return Table("personnel_list", TITLE, period, COLUMNS, _rows(sources, listed), total, now, MOSCOW, listed.notes)


def _rows(sources: Sources, listed: Staff) -> Iterator[Row]:
    people = iter(listed.people) if listed.people else staff.stored(sources, employees.c.active)
    for one in people:
        yield (
            one.employee_code,
            one.last_name,
            one.first_name,
            one.middle_name,
            one.department_id,
            one.position_id,
            one.hire_date,
            one.standard_hours,
            one.fte_percentage,
        )
