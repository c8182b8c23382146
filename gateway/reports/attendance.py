"""The attendance sheet of a month, after form Т-13: time codes and hours by day, totals as formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports import staff, timesheets
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.reports.staff import Sources, full_name
from argus_wfm.gateway.reports.table import Column, ColumnKind, Row, Table, Total
from argus_wfm.gateway.reports.timesheets import NIGHT, WORKED, Line

TITLE = "Табель учёта рабочего времени"
CODES, HOURS, NIGHTS = "коды", "часы", "ночные"
LINES = 3  # of each employee
HALF = 15


def count(sources: Sources, month: Month) -> int:
    """Three lines for each who was employed in the month."""
    return LINES * staff.count(sources, staff.employed_in(month))


def table(sources: Sources, job: Job, month: Month) -> Table:
    """Codes, hours and hours at night, a line each."""
    listed = staff.of_month(sources, job, month)
    rows = _rows(month, timesheets.lines(job, month, listed.people))
    size = LINES * len(listed.people)
    return Table(
        "monthly_attendance", TITLE, month.label, columns(month), rows, size, sources.now(), MOSCOW, listed.notes
    )


def columns(month: Month) -> list[Column]:
    """A column a day, and sums of them on the lines that have hours."""
    last = month.last.day
    days = [Column(f"d{day:02d}", str(day), ColumnKind.HOURS, 5) for day in range(1, last + 1)]
    return [
        Column("number", "Табельный номер", width=10),
        Column("name", "Фамилия, имя, отчество", width=30),
        Column("line", "Строка", width=8),
        *days,
        Column("half1", "1–15, ч", ColumnKind.HOURS, 8, f"SUM({{d01}}:{{d{HALF}}})", Total("line", HOURS)),
        Column(
            "half2", f"16–{last}, ч", ColumnKind.HOURS, 8, f"SUM({{d{HALF + 1}}}:{{d{last}}})", Total("line", HOURS)
        ),
        Column("hours", "Всего, ч", ColumnKind.HOURS, 9, "{half1}+{half2}", Total("line", HOURS)),
        Column("days", "Дней", ColumnKind.INTEGER, 6, f'COUNTIF({{d01}}:{{d{last}}},">0")', Total("line", HOURS)),
        Column("norm", "Норма, ч", ColumnKind.HOURS, 9, None, Total("line", HOURS)),
        Column("over", "Сверх нормы, ч", ColumnKind.HOURS, 9, "MAX(0,{hours}-{norm})", Total("line", HOURS)),
    ]


def _rows(month: Month, lines: Iterable[Line]) -> Iterator[Row]:
    days = range(1, month.last.day + 1)
    for line in lines:
        sheet, blank = line.sheet, (None,) * 6
        number, name = line.person.employee_code, full_name(line.person)
        yield (number, name, CODES, *(sheet.codes(day) for day in days), *blank)
        hours = [sheet.of_day(day, WORKED) for day in days]
        over = round(max(0.0, _sum(hours) - line.norm), 2)
        yield (number, name, HOURS, *hours, *_halves(hours), sum(bool(one) for one in hours), line.norm, over)
        nights = [sheet.of_day(day, NIGHT) for day in days]
        yield (number, name, NIGHTS, *nights, *_halves(nights), sum(bool(one) for one in nights), None, None)


def _halves(hours: list[float | None]) -> tuple[float, float, float]:
    return _sum(hours[:HALF]), _sum(hours[HALF:]), _sum(hours)


def _sum(hours: Iterable[float | None]) -> float:
    return round(sum(one or 0.0 for one in hours), 2)
