"""A calendar month, as reports are about one."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

NAMES = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """Of the contract's form YYYY-MM."""

    year: int
    number: int

    @classmethod
    def of(cls, text: str) -> Month:
        """Raises ValueError for what is no month."""
        year, _, number = text.partition("-")
        return cls(int(year), dt.date(int(year), int(number), 1).month)

    @property
    def first(self) -> dt.date:
        return dt.date(self.year, self.number, 1)

    @property
    def last(self) -> dt.date:
        return dt.date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def label(self) -> str:
        """As a heading says it."""
        return f"{NAMES[self.number - 1]} {self.year} г."

    def begins(self, zone: dt.tzinfo) -> dt.datetime:
        """Its first instant there."""
        return dt.datetime.combine(self.first, dt.time(), zone)

    def ends(self, zone: dt.tzinfo) -> dt.datetime:
        """The first instant there that is no more of it."""
        return dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time(), zone)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"
