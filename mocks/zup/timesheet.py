"""1C's time sheet: the plan, overlaid by absences and by facts (domain sections 2.1 and 3, form Т-13)."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argus_wfm.mocks.clock import MOSCOW
from argus_wfm.mocks.people import Person
from argus_wfm.mocks.zup.calendar import DAY, Calendar, days
from argus_wfm.mocks.zup.shifts import Interval, Shift, split, subtract, without_break

WORKED = ("Я", "Н", "С", "РВ", "РВН")
PRIORITY = (("Б", "Р"), ("ОТ", "ОД", "ДО"), ("ПК", "Г", "К"), ("Я", "Н", "С", "РВ", "РВН"), ("ПР", "НН"))
RANK = {code: rank for rank, codes in enumerate(PRIORITY) for code in codes}
WHOLE_DAYS = ("Б", "ОТ")  # counted on days off as well; the other absences need a planned day
WITH_HOURS = ("ПР", "НН")
ABSENCES = (("ОТ", 0.10, 7, 14), ("Б", 0.08, 3, 9), ("К", 0.03, 2, 4), ("ДО", 0.03, 1, 2), ("ПР", 0.03, 1, 1))
DOCUMENTS = {
    "РВ": "Работа в выходные и праздничные дни",
    "РВН": "Работа в выходные и праздничные дни",
    "НН": "Неявка",
    "С": "Сверхурочная работа",
}
DAY_START = dt.time(9)

Entry = tuple[str, float]  # time type, hours
Plan = Mapping[dt.date, Sequence[Shift]]


@dataclass(frozen=True, slots=True)
class EmployeeRecord:
    """What 1C knows of one person: uploaded months, facts by shift date, and what the cast brings along."""

    person: Person
    sheets: Mapping[tuple[int, int], Plan]
    facts: Mapping[dt.date, Sequence[Interval]]
    calendar: Calendar
    today: dt.date
    seed: int

    def plan(self, day: dt.date) -> Sequence[Shift]:
        """Planned shifts: the uploaded month's, else the production calendar's. Raises CalendarMissing."""
        sheet = self.sheets.get((day.year, day.month))
        if sheet is not None:
            return sheet.get(day, ())
        return self._default(day) if self.person.employed_on(day) else ()

    def _default(self, day: dt.date) -> Sequence[Shift]:
        year = self.calendar.year(day.year)
        if day not in year.working:
            return ()
        hours = max(0.0, self.person.norm_week / 5 - (day in year.short)) * self.person.employment_rate
        pause = 60 if hours > 4 else 0
        end = dt.datetime.combine(day, DAY_START) + dt.timedelta(minutes=round(hours * 60) + pause)
        return (Shift(day, DAY_START, end.time(), pause),) if hours else ()

    def entries(self, day: dt.date) -> list[Entry]:
        """Time types of one day, by 1C's accrual priorities: Б beats ПР, a vacation beats presence."""
        plan = self.plan(day)
        absence = self._absence(day, planned=bool(plan))
        if absence and RANK[absence] < RANK["Я"]:
            return [(absence, 0.0)]
        if day in self.facts:
            return deviations(plan, self.facts[day])[0]
        if absence:
            return [(absence, _hours(sum(sum(shift.paid_hours) for shift in plan)))]
        return _planned(plan)

    def _absence(self, day: dt.date, *, planned: bool) -> str | None:
        """The strongest absence of a day up to today; the future has none yet."""
        if day > self.today or not self.person.employed_on(day):
            return None
        candidates = [
            code
            for code, first, last in absences(self.seed, self.person.number, day.year, day.month)
            if first <= day <= last and (planned or code in WHOLE_DAYS)
        ]
        return min(candidates, key=RANK.__getitem__, default=None)


def absences(seed: int, number: int, year: int, month: int) -> list[tuple[str, dt.date, dt.date]]:
    """(time type, first day, last day) of a person in a month, the same whoever asks; they may overlap.

    Half of the sick leaves come with a truancy on their first day, which 1C has to displace.
    """
    key = hashlib.blake2b(f"{seed}:{number}:{year}-{month}".encode(), digest_size=8).digest()
    choice, found = random.Random(int.from_bytes(key)), []
    for code, probability, shortest, longest in ABSENCES:
        length, start = choice.randint(shortest, longest), choice.randint(1, 17)
        if choice.random() < probability:
            first = dt.date(year, month, start)
            found.append((code, first, first + DAY * (length - 1)))
            if code == "Б" and choice.random() < 0.5:
                found.append(("ПР", first, first))
    return found


def deviations(plan: Iterable[Shift], presence: Iterable[Interval]) -> tuple[list[Entry], list[str]]:
    """Time types of a day with facts, and the documents 1C posts for them.

    No plan: РВ by day, РВН by night. What presence leaves of the paid hours: НН. Presence outside the plan: С.
    """
    plan, presence = list(plan), list(presence)
    if not plan:
        day, night = split(presence)
        return _entries([("РВ", day), ("РВН", night)]), _documents([("РВ", day), ("РВН", night)])
    day, night = _sum(_attended(shift, presence) for shift in plan)
    planned = sum(_sum(shift.paid_hours for shift in plan))
    extra = sum(split(subtract(presence, [shift.interval for shift in plan])))
    entries = [("Я", day), ("Н", night), ("НН", planned - day - night), ("С", extra)]
    return _entries(entries), _documents(entries)


def _attended(shift: Shift, presence: Sequence[Interval]) -> tuple[float, float]:
    """Day and night hours of a shift that somebody was there for.

    To be away between two presences is the break, up to its length; to come late or to leave early is not.
    """
    missing = subtract([shift.interval], presence)
    came, left = min((start for start, _ in presence), default=None), max((end for _, end in presence), default=None)
    away = sum(split(piece for piece in missing if came and left and came < piece[0] and piece[1] < left))
    return without_break(split(subtract([shift.interval], missing)), max(0.0, shift.break_minutes / 60 - away))


def _sum(parts: Iterable[tuple[float, float]]) -> tuple[float, float]:
    day, night = zip(*parts, strict=True)
    return sum(day), sum(night)


def _planned(plan: Iterable[Shift]) -> list[Entry]:
    hours = [shift.paid_hours for shift in plan]
    return _entries([("Я", sum(day for day, _ in hours)), ("Н", sum(night for _, night in hours))])


def _entries(entries: Iterable[Entry]) -> list[Entry]:
    """Those with hours; a day without any is a day off."""
    return [(code, _hours(hours)) for code, hours in entries if _hours(hours) > 0] or [("В", 0.0)]


def _documents(entries: Iterable[Entry]) -> list[str]:
    names = [DOCUMENTS[code] for code, hours in entries if code in DOCUMENTS and _hours(hours) > 0]
    return list(dict.fromkeys(names))


def sheet(book: EmployeeRecord, agent_id: str, start: dt.date, end: dt.date) -> dict[str, Any]:
    """One entry of getTimetypeInfo's reply, for days of employment within the period. Raises CalendarMissing."""
    by_day = {day: book.entries(day) for day in days(start, end) if book.person.employed_on(day)}
    first, second = (_half(by_day, half) for half in (range(1, 16), range(16, 32)))
    return {
        "agentId": agent_id,
        "AR_date": [
            {"date": midnight(day), "timetype": code, "hours": hours}
            for day, entries in by_day.items()
            for code, hours in entries
        ],
        "AR_N": list(_absent(by_day)),
        "half1_days": first[0],
        "half1_hours": first[1],
        "half2_days": second[0],
        "half2_hours": second[1],
    }


def midnight(day: dt.date) -> str:
    """A day as the vendor writes it: its Moscow midnight in UTC (D66)."""
    moment = dt.datetime.combine(day, dt.time(), MOSCOW).astimezone(dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _half(by_day: Mapping[dt.date, list[Entry]], half: range) -> tuple[int, float]:
    hours = [
        sum(amount for code, amount in entries if code in WORKED) for day, entries in by_day.items() if day.day in half
    ]
    return sum(amount > 0 for amount in hours), _hours(sum(hours))


def _absent(by_day: Mapping[dt.date, list[Entry]]) -> Iterator[dict[str, str]]:
    counted: dict[str, list[float]] = {}
    for entries in by_day.values():
        for code, hours in entries:
            if code not in WORKED and code != "В":
                counted.setdefault(code, []).append(hours)
    for code, amounts in counted.items():
        days_and_hours = f"{len(amounts)}({_hours(sum(amounts)):g})"
        yield {"timetype_N": code, "hours_N": days_and_hours if code in WITH_HOURS else str(len(amounts))}


def _hours(value: float) -> float:
    return round(value + 0.0, 2)
