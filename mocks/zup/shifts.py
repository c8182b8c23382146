"""Shifts and presence as intervals of wall time at the employee's site (domain section 3, A32)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

Interval = tuple[dt.datetime, dt.datetime]  # naive, at the site; the end is later than the start
HOUR = dt.timedelta(hours=1)
NIGHT_HOURS = (*range(6), 22, 23)  # 22:00:00-05:59:59


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned shift; one that ends at or before its start ends the next day and belongs to its start date."""

    date: dt.date
    start: dt.time
    end: dt.time
    break_minutes: int = 0

    @property
    def interval(self) -> Interval:
        start, end = (dt.datetime.combine(self.date, time) for time in (self.start, self.end))
        return start, end + dt.timedelta(days=end <= start)

    @property
    def gross_hours(self) -> float:
        """From start to end, the break included."""
        start, end = self.interval
        return (end - start) / HOUR

    @property
    def paid_hours(self) -> tuple[float, float]:
        """Day (06-22) and night hours; the break is taken evenly from the parts that there are."""
        return without_break(split([self.interval]), self.break_minutes / 60)


def without_break(parts: tuple[float, float], hours: float) -> tuple[float, float]:
    """Day and night hours less a break: half from each, all from the other where one is too short."""
    day, night = parts
    from_day = min(day, max(hours / 2 if night else hours, hours - night))
    return day - from_day, max(0.0, night - (hours - from_day))


def split(intervals: Iterable[Interval]) -> tuple[float, float]:
    """Day (06:00-22:00) and night hours of disjoint intervals."""
    day = night = dt.timedelta(0)
    for start, end in intervals:
        while start < end:
            edge = min(end, _next_edge(start))
            if start.hour in NIGHT_HOURS:
                night += edge - start
            else:
                day += edge - start
            start = edge
    return day / HOUR, night / HOUR


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in disjoint intervals, in order."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def subtract(intervals: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """What of `intervals` lies outside `others`."""
    left = merged(intervals)
    for other_start, other_end in merged(others):
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, other_start)), (max(start, other_end), end))
            if piece[0] < piece[1]
        ]
    return left


def overlapping(shifts: Iterable[Shift]) -> Shift | None:
    """The first shift that starts before an earlier one has ended; None where all are apart."""
    ended: dt.datetime | None = None
    for shift in sorted(shifts, key=lambda shift: shift.interval):
        start, end = shift.interval
        if ended is not None and start < ended:
            return shift
        ended = end if ended is None else max(end, ended)
    return None


def _next_edge(moment: dt.datetime) -> dt.datetime:
    """The next 06:00 or 22:00."""
    midnight = dt.datetime.combine(moment.date(), dt.time())
    edges = (midnight + dt.timedelta(hours=hour) for hour in (6, 22, 30))
    return next(edge for edge in edges if edge > moment)
