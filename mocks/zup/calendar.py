"""The Russian production calendar: working days, shortened days and the norm of hours (domain section 3, A01-A03)."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import holidays

from argus_wfm.openapi.errors import CalendarMissing

DAY = dt.timedelta(days=1)
STATUTORY = frozenset({*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)})
TRANSFER = re.compile(r"перенесено с (\d{2})\.(\d{2})\.(\d{4})")


@dataclass(frozen=True, slots=True)
class Year:
    """Working and shortened days of one year; a shortened day is a working day of one hour less."""

    working: frozenset[dt.date]
    short: frozenset[dt.date]


@dataclass(frozen=True, slots=True)
class Norm:
    """Norm of a period; hours are rounded to two decimals, half up."""

    working_days: int
    holidays: int
    pre_holiday_reduction: int
    base_hours: float
    final_norm: float


class Calendar:
    """Years the `holidays` package knows the government's transfers of, and years loaded from a file.

    `overrides` is {"2028": {"days_off": ["2028-01-01", …], "working_weekends": [], "short": []}}.
    """

    def __init__(self, overrides: Mapping[str, Mapping[str, Iterable[str]]] | None = None) -> None:
        self._years = {int(year): _loaded(int(year), days) for year, days in (overrides or {}).items()}

    @classmethod
    def from_file(cls, path: Path) -> Calendar:
        """Raises ValueError naming the file when it is not such a calendar."""
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            return cls(dict(given.items()))
        except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
            raise ValueError(f"{path} is not a production calendar: {error}") from error

    def year(self, year: int) -> Year:
        """Raises CalendarMissing for a year without transfer data: a guessed norm would reach payroll."""
        found = self._years.get(year) or derived(year)
        if found is None:
            raise CalendarMissing(f"The production calendar is not filled for {year}. Load it into 1C, then ask again.")
        return found

    def is_working(self, day: dt.date) -> bool:
        """Raises CalendarMissing."""
        return day in self.year(day.year).working

    def norm(self, start: dt.date, end: dt.date, weekly_norm: float, rate: float) -> Norm:
        """(weekly / 5 × working days − shortened days × 1 h) × rate (A03); raises CalendarMissing."""
        years = [self.year(year) for year in range(start.year, end.year + 1)]
        working = sum(start <= day <= end for year in years for day in year.working)
        short = sum(start <= day <= end for year in years for day in year.short)
        base = Decimal(str(weekly_norm)) / 5 * working
        return Norm(
            working_days=working,
            holidays=sum((day.month, day.day) in STATUTORY for day in days(start, end)),
            pre_holiday_reduction=short,
            base_hours=_rounded(base),
            final_norm=max(0.0, _rounded((base - short) * Decimal(str(rate)))),
        )


def days(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Every day of a period, both ends included."""
    for ordinal in range(start.toordinal(), end.toordinal() + 1):
        yield dt.date.fromordinal(ordinal)


@functools.cache
def derived(year: int) -> Year | None:
    """The calendar of a year from `holidays`; None where it has no transfers and so does not know the year.

    Shortened days are not in the package. They are working days before a statutory holiday, and working Saturdays
    whose day off was moved to the day before one (1 November 2025).
    """
    known = holidays.country_holidays("RU", years=range(year - 1, year + 2), language="ru")
    moved = {day: _source(match) for day, name in known.items() if (match := TRANSFER.search(name))}
    if not any(day.year == year for day in moved):
        return None
    working = frozenset(day for day in _days_of(year) if known.is_working_day(day))
    eves = {day for day in working if _is_statutory(day + DAY)}
    given_up = {source for day, source in moved.items() if day.year == year and _is_statutory(day + DAY)}
    return Year(working, frozenset(eves | (given_up & working)))


def _loaded(year: int, given: Mapping[str, Iterable[str]]) -> Year:
    off, weekends, short = (
        {dt.date.fromisoformat(day) for day in given.get(name, ())}
        for name in ("days_off", "working_weekends", "short")
    )
    working = {day for day in _days_of(year) if (day.weekday() < 5 and day not in off) or day in weekends}
    return Year(frozenset(working), frozenset(short & working))


def _days_of(year: int) -> Iterator[dt.date]:
    return days(dt.date(year, 1, 1), dt.date(year, 12, 31))


def _is_statutory(day: dt.date) -> bool:
    return (day.month, day.day) in STATUTORY


def _source(match: re.Match[str]) -> dt.date:
    return dt.date(*(int(match[group]) for group in (3, 2, 1)))


def _rounded(hours: Any) -> float:
    return float(hours.quantize(Decimal("0.01"), ROUND_HALF_UP))
