"""Who works when: shifts and breaks of a person on a day, derived from hash(seed, person, day) alone."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from argus_wfm.mocks.people import Person
from argus_wfm.mocks.seeded import rng

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
SHIFTS = ((7, 9, 20), (9, 9, 35), (12, 9, 25), (8, 12, 10), (20, 12, 10))  # first hour at the site, hours, per cent
QUEUES = ("support_queue", "sales_queue", "vip_queue")
ALLOWED = {"lunch": 60, "rest": 15, "training": 60, "meeting": 60, "technical": 10, "personal": 10}  # minutes
SOMETIMES = (("training", 0.06), ("meeting", 0.08), ("technical", 0.08), ("personal", 0.25))
OVERRUNS = 0.06  # of all breaks
REST_EVERY = 2 * HOUR


@dataclass(frozen=True, slots=True)
class Pause:
    """A break as it is meant to be taken: late by the call that the agent is on, and as long as said."""

    start: dt.datetime
    reason: str
    length: dt.timedelta


@dataclass(frozen=True, slots=True)
class RotaShift:
    """One working day of a person; times are aware, in UTC."""

    start: dt.datetime
    end: dt.datetime
    pauses: tuple[Pause, ...]


def queues(seed: int, person: Person) -> tuple[str, ...]:
    """Whose calls the person takes: one large queue or both, and one in four the important customers'."""
    choice = rng(seed, "queues", person.number)
    large = choice.choice((QUEUES[:1], QUEUES[1:2], QUEUES[:2]))
    return large + QUEUES[2:] if choice.random() < 0.25 else large


def midnight(person: Person, day: dt.date) -> dt.datetime:
    """Where the person's day begins, in UTC."""
    return dt.datetime.combine(day, dt.time(), ZoneInfo(person.site)).astimezone(dt.UTC)


def shift(seed: int, person: Person, day: dt.date) -> RotaShift | None:
    """Five days of seven, at hours that are the person's own; None on a day off, or of somebody not employed."""
    if not person.employed_on(day) or (day.toordinal() + person.number) % 7 >= 5:
        return None
    first, hours, _ = rng(seed, "hours", person.number).choices(SHIFTS, [share for *_, share in SHIFTS])[0]
    choice = rng(seed, "shift", person.number, day)
    start = midnight(person, day) + first * HOUR + _seconds(choice, -300, 240)
    end = midnight(person, day) + (first + hours) * HOUR + _seconds(choice, 0, 420)
    return RotaShift(start, end, tuple(sorted(_pauses(choice, start, end), key=lambda pause: pause.start)))


def _pauses(choice: random.Random, start: dt.datetime, end: dt.datetime) -> list[Pause]:
    """Lunch in the middle, a rest every two hours or so, the others now and then; the last hour has none."""
    middle = start + (end - start) / 2
    found = [_pause(choice, "lunch", _whole(middle + _seconds(choice, -2700, 2700)))]
    moment = start + REST_EVERY + _seconds(choice, -1200, 1200)
    while moment < end - HOUR:
        if abs(moment - middle) > 1.5 * HOUR:
            found.append(_pause(choice, "rest", moment))
        moment += REST_EVERY + _seconds(choice, -1200, 1200)
    for reason, probability in SOMETIMES:
        if choice.random() < probability:
            span = int((end - start - HOUR).total_seconds())
            found.append(_pause(choice, reason, start + _seconds(choice, 1800, span)))
    return found


def _pause(choice: random.Random, reason: str, start: dt.datetime) -> Pause:
    share = choice.uniform(1.1, 1.6) if choice.random() < OVERRUNS else choice.uniform(0.5, 0.97)
    return Pause(start, reason, dt.timedelta(seconds=round(ALLOWED[reason] * 60 * share)))


def _seconds(choice: random.Random, least: int, most: int) -> dt.timedelta:
    return dt.timedelta(seconds=choice.randint(least, most))


def _whole(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)
