"""One site as it sees itself: whom it employs, what its clockings say, what it has told Central, what it has learnt."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from argus_wfm.json_type import Json
from argus_wfm.mocks.people import SITES
from argus_wfm.mocks.seeded import rng

DAY = dt.timedelta(days=1)
HOURS = ((7, 9), (9, 9), (12, 9), (20, 12))  # first hour at the site, and how many
WORKDAYS = 5  # of seven


@dataclass(slots=True)
class SimulatedSite:
    """Clockings are the contract's actuals, in wall time here; those before `told` have left for Central."""

    id: str
    employees: dict[str, Json] = field(default_factory=dict)
    clockings: list[dict[str, Json]] = field(default_factory=list)
    told: int = 0
    confirmations: list[Json] = field(default_factory=list)
    is_cut_off: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Json] = field(default_factory=list)

    @property
    def zone(self) -> ZoneInfo:
        """Of its clocks."""
        return ZoneInfo(SITES[self.id])

    def clock(self, employee_id: str, start: str, end: str, shift_id: str = "") -> dict[str, Json]:
        """A shift that somebody has worked, under the site's next number."""
        sequence = len(self.clockings) + 1
        given = {"shift_id": shift_id or f"{self.id}-{sequence}", "sequence": sequence, "employee_id": employee_id}
        self.clockings.append({**given, "start": start, "end": end})
        return self.clockings[-1]

    def work(self, seed: int, since: dt.datetime, until: dt.datetime) -> int:
        """Clock everybody's shifts that end after one instant and not after another; how many."""
        first, last = (moment.astimezone(self.zone).date() for moment in (since - DAY, until))
        before = len(self.clockings)
        for number in range((last - first).days + 1):
            for employee_id in self.employees:
                start, end = _shift(seed, employee_id, first + number * DAY)
                if start and since < end.replace(tzinfo=self.zone).astimezone(dt.UTC) <= until:
                    self.clock(employee_id, start.isoformat(), end.isoformat())
        return len(self.clockings) - before

    def batch(self, size: int) -> list[dict[str, Json]]:
        """What is to leave next."""
        return self.clockings[self.told : self.told + size]

    def answered(self, reply: Json) -> None:
        """What Central said of a push."""
        self.counts["taken"] += reply["taken"]
        self.counts["duplicates"] += reply["duplicates"]
        self.refused += reply["refused"]

    def view(self) -> Json:
        """What a test may look at."""
        return {
            "employees": len(self.employees),
            "clockings": len(self.clockings),
            "backlog": len(self.clockings) - self.told,
            "cut_off": self.is_cut_off,
            **{name: self.counts[name] for name in ("pushes", "taken", "duplicates", "unreachable")},
            "refused": list(self.refused),
            "confirmations": list(self.confirmations),
        }


def _shift(seed: int, employee_id: str, day: dt.date) -> tuple[dt.datetime | None, dt.datetime]:
    """Naive, at the site; no start on a day off."""
    choice = rng(seed, "clocking", employee_id, day)
    first, hours = rng(seed, "clocked hours", employee_id).choice(HOURS)
    start = dt.datetime.combine(day, dt.time(first)) + dt.timedelta(minutes=choice.randint(-5, 5))
    end = start + dt.timedelta(hours=hours, minutes=choice.randint(0, 10))
    return (start if choice.random() < WORKDAYS / 7 else None), end
