"""What was worked against what was planned, and against the norm: a row for each employee's month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports import staff, timesheets
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.reports.staff import Sources, full_name
from argus_wfm.gateway.reports.table import Column, ColumnKind, Row, Table, Total
from argus_wfm.gateway.reports.timesheets import EXTRA, MISSED, PLANNED, WORKED, Line

SCHEDULE_TITLE = "График и факт"
NORM_TITLE = "Баланс нормы времени"
WHO = (
    Column("number", "Табельный номер", width=11),
    Column("name", "Фамилия, имя, отчество", width=34),
    Column("department", "Подразделение", width=14),
)
SCHEDULE = (
    *WHO,
    Column("planned", "По графику, ч", ColumnKind.HOURS, 11, None, Total()),
    Column("worked", "Отработано, ч", ColumnKind.HOURS, 11, None, Total()),
    Column("missed", "Неявки, ч", ColumnKind.HOURS, 10, None, Total()),
    Column("extra", "Сверх графика, ч", ColumnKind.HOURS, 11, None, Total()),
    Column("difference", "Отклонение, ч", ColumnKind.HOURS, 11, "{worked}-{planned}", Total()),
    Column("share", "Выполнение, %", ColumnKind.PERCENT, 11, "IF({planned}=0,0,ROUND({worked}/{planned}*100,1))"),
)
NORM = (
    *WHO,
    Column("week", "Норма, ч/нед", ColumnKind.HOURS, 10),
    Column("rate", "Ставка, %", ColumnKind.PERCENT, 9),
    Column("norm", "Норма месяца, ч", ColumnKind.HOURS, 11, None, Total()),
    Column("worked", "Отработано, ч", ColumnKind.HOURS, 11, None, Total()),
    Column("balance", "Баланс, ч", ColumnKind.HOURS, 10, "{worked}-{norm}", Total()),
    Column("share", "От нормы, %", ColumnKind.PERCENT, 10, "IF({norm}=0,0,ROUND({worked}/{norm}*100,1))"),
)


def count(sources: Sources, month: Month) -> int:
    """One row for each who was employed in the month."""
    return staff.count(sources, staff.employed_in(month))


def schedule_vs_fact(sources: Sources, job: Job, month: Month) -> Table:
    """Planned hours are those that 1C's sheet counts as come or as missed."""
    return _table("schedule_vs_fact", SCHEDULE_TITLE, SCHEDULE, _scheduled, (sources, job, month))


def norm_balance(sources: Sources, job: Job, month: Month) -> Table:
    """The norm is 1C's, for the days of employment."""
    return _table("norm_balance", NORM_TITLE, NORM, _normed, (sources, job, month))


def _table(
    id_: str, title: str, columns: Iterable[Column], row: Callable[[Line], Row], where: tuple[Sources, Job, Month]
) -> Table:
    sources, job, month = where
    listed = staff.of_month(sources, job, month)
    rows: Iterator[Row] = (row(line) for line in timesheets.lines(job, month, listed.people))
    size = len(listed.people)
    return Table(id_, title, month.label, tuple(columns), rows, size, sources.now(), MOSCOW, listed.notes)


def _scheduled(line: Line) -> Row:
    planned, worked = line.sheet.hours(PLANNED), line.sheet.hours(WORKED)
    missed, extra = line.sheet.hours(MISSED), line.sheet.hours(EXTRA)
    return (*_who(line), planned, worked, missed, extra, round(worked - planned, 2), _share(worked, planned))


def _normed(line: Line) -> Row:
    person, worked = line.person, line.sheet.hours(WORKED)
    balance = round(worked - line.norm, 2)
    weekly = person.standard_hours, person.fte_percentage
    return (*_who(line), *weekly, line.norm, worked, balance, _share(worked, line.norm))


def _who(line: Line) -> Row:
    return line.person.employee_code, full_name(line.person), line.person.department_id


def _share(part: float, whole: float) -> float:
    return round(part / whole * 100, 1) if whole else 0.0
