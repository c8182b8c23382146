"""What 1C will book for a work day: planned shifts against presence, as codes of form Т-13 with exact amounts.

All times are wall times of the employee's site, without a zone: Я and Н part at 06:00 and 22:00 there. A day is the
date on which the shift starts; everything up to its end belongs to that day, over midnight, month and year ends.
An unpaid break has no place of its own inside a shift. Absence between two presences is the break, up to its length;
to come late or to leave early is no break (09:15 to 19:30 for 09:00 to 18:00 is НН 0:15 and С 1:30). What is left of
the break comes half from the hours by day and half from those by night (12 h from 19:00 with one hour of break are 3.5
h Я and 7.5 h Н), or whole from the only part there is.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY, NIGHT, OVERTIME, ABSENT, REST_DAY, REST_NIGHT = "Я", "Н", "С", "НН", "РВ", "РВН"
MORNING_S, EVENING_S, DAY_S = 6 * 3600, 22 * 3600, 24 * 3600
EPOCH = dt.datetime(1970, 1, 1)
Span = tuple[int, int]  # wall seconds since EPOCH, the end excluded


@dataclass(frozen=True, slots=True)
class Shift:
    """Planned work, in wall time at the site."""

    start: dt.datetime
    end: dt.datetime
    break_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Presence:
    """Time at work, in wall time at the site; `shift_start` says which day it belongs to, without it its own start."""

    start: dt.datetime
    end: dt.datetime
    shift_start: dt.datetime | None = None

    @classmethod
    def at_site(cls, start: dt.datetime, end: dt.datetime, zone: ZoneInfo, shift_start: dt.datetime) -> Presence:
        """Of aware moments, as they are stored."""
        walls = [moment.astimezone(zone).replace(tzinfo=None) for moment in (start, end, shift_start)]
        return cls(*walls)

    @property
    def day(self) -> dt.date:
        """The day that gets its hours."""
        return (self.shift_start or self.start).date()


@dataclass(frozen=True, slots=True)
class Parts:
    """Seconds of work by day (06:00 to 22:00) and by night."""

    day: int = 0
    night: int = 0

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.day + other.day, self.night + other.night)

    @property
    def total(self) -> int:
        """Both together."""
        return self.day + self.night


@dataclass(frozen=True, slots=True)
class Entry:
    """One code of one day. 1C makes two documents of an absence with parts by day and by night, so both are kept."""

    day: dt.date
    code: str
    parts: Parts

    @property
    def hours(self) -> float:
        """The amount; the nearest float to the exact one."""
        return self.parts.total / 3600

    @property
    def minutes(self) -> float:
        """The amount; a half is possible where an odd break is parted."""
        return self.parts.total / 60


def forecast(plan: Iterable[Shift], present: Iterable[Presence]) -> list[Entry]:
    """Of one employee, any days in any order: by day, then Я Н С НН РВ РВН; amounts of nothing are left out.

    Raises ValueError for a time with a zone, an end before its start, a break longer than its shift, or shifts that
    overlap.
    """
    shifts: dict[dt.date, list[Shift]] = defaultdict(list)
    presences: dict[dt.date, list[Span]] = defaultdict(list)
    for shift in plan:
        shifts[shift.start.date()].append(shift)
    for presence in present:
        presences[presence.day].append(_span(presence.start, presence.end))
    days = sorted({*shifts, *presences})
    return [entry for day in days for entry in _of_day(day, shifts[day], _merged(presences[day]))]


def parts(spans: Iterable[Span]) -> Parts:
    """How much of these spans is by day, how much by night."""
    total = by_day = 0
    for start, end in spans:
        total += end - start
        by_day += _by_day_until(end) - _by_day_until(start)
    return Parts(by_day, total - by_day)


def _of_day(day: dt.date, shifts: Sequence[Shift], present: list[Span]) -> list[Entry]:
    if not shifts:
        rest = parts(present)
        amounts = {REST_DAY: Parts(day=rest.day), REST_NIGHT: Parts(night=rest.night)}
    else:
        amounts = _against(_planned(shifts), present)
    return [Entry(day, code, amount) for code, amount in amounts.items() if amount.total]


def _planned(shifts: Iterable[Shift]) -> list[tuple[Span, int]]:
    """Each shift with the seconds of its break. Raises ValueError where one starts before another has ended."""
    planned = sorted((_span(shift.start, shift.end), _break_s(shift)) for shift in shifts)
    for (earlier, _), (later, _) in pairwise(planned):
        if later[0] < earlier[1]:
            raise ValueError(f"a shift starts at {EPOCH + dt.timedelta(seconds=later[0])}, before another has ended")
    return planned


def _against(planned: Sequence[tuple[Span, int]], present: list[Span]) -> dict[str, Parts]:
    """Worked as planned, beyond the plan, and absent. Worked and absent hours make up the planned ones."""
    worked = absent = Parts()
    for shift, break_s in planned:
        done = _worked(shift, break_s, present)
        worked += done
        absent += _difference(_less(parts([shift]), break_s), done)
    beyond = parts(_without(present, _merged(shift for shift, _ in planned)))
    return {DAY: Parts(day=worked.day), NIGHT: Parts(night=worked.night), OVERTIME: beyond, ABSENT: absent}


def _worked(shift: Span, break_s: int, present: list[Span]) -> Parts:
    if not present:
        return Parts()
    stayed = _common([shift], [(present[0][0], present[-1][1])])
    away_s = parts(_without(stayed, present)).total
    return _less(parts(_common([shift], present)), max(0, break_s - away_s))


def _less(gross: Parts, break_s: int) -> Parts:
    """Without the break: half from each part, more from one where the other is too short; never below nothing."""
    from_day = min(gross.day, max(break_s // 2, break_s - gross.night))
    from_night = min(gross.night, break_s - from_day)
    return Parts(gross.day - from_day, gross.night - from_night)


def _difference(planned: Parts, worked: Parts) -> Parts:
    """What is left; a part worked beyond its plan (the break was taken in the other one) counts for the other."""
    day, night = planned.day - worked.day, planned.night - worked.night
    return Parts(max(0, day + min(0, night)), max(0, night + min(0, day)))


def _by_day_until(second: int) -> int:
    """Seconds between 06:00 and 22:00 from EPOCH to this one."""
    days, within = divmod(second, DAY_S)
    return days * (EVENING_S - MORNING_S) + min(max(within - MORNING_S, 0), EVENING_S - MORNING_S)


def _break_s(shift: Shift) -> int:
    seconds = shift.break_minutes * 60
    if not 0 <= shift.break_minutes <= (shift.end - shift.start).total_seconds() / 60:
        raise ValueError(f"a break of {shift.break_minutes} min does not fit into {shift.start} to {shift.end}")
    return seconds


def _span(start: dt.datetime, end: dt.datetime) -> Span:
    if start.tzinfo or end.tzinfo:
        raise ValueError(f"{start} to {end}: wall times of the site have no zone")
    if end < start:
        raise ValueError(f"{end} is before {start}")
    return _second(start), _second(end)


def _second(moment: dt.datetime) -> int:
    since = moment - EPOCH
    return since.days * DAY_S + since.seconds


def _merged(spans: Iterable[Span]) -> list[Span]:
    """In order, none touching the next, none empty: time told twice counts once."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _common(ours: Sequence[Span], theirs: Sequence[Span]) -> list[Span]:
    shared = ((max(a, c), min(b, d)) for a, b in ours for c, d in theirs)
    return [span for span in shared if span[0] < span[1]]


def _without(ours: Sequence[Span], theirs: Sequence[Span]) -> list[Span]:
    """Ours where theirs are not; theirs are merged."""
    if not theirs:
        return list(ours)
    edges = [-(1 << 62), *(edge for span in theirs for edge in span), 1 << 62]
    return _common(ours, list(zip(edges[::2], edges[1::2], strict=True)))
