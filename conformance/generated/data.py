"""Makes generated requests mean something: dates in order and in filled calendars, people whom the host knows.

Schemathesis sends what the schema allows; a schema cannot say "the end is not before the start". Only requests that
are meant to be right are touched, and each value is derived from the generated one, so a seed repeats a run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence

from argus_wfm.json_type import Json

FIRST, LAST = dt.date(2023, 1, 1), dt.date(2027, 12, 31)  # years whose production calendar is filled
LONGEST = 366  # days of a time sheet
PERIODS = (("period_start", "period_end"), ("date_start", "date_end"), ("startDate", "endDate"))
PEOPLE = ("employee_id", "agentId", "agent_id")
LEFT_OUT = ("timestamp",)  # when it happened, which must neither be ahead of the host nor before what it knows


Known = Callable[[str], Sequence[str]]  # ids for the name of a parameter or member
STRANGERS = 4


def _nothing(name: str) -> Sequence[str]:
    return ()


def tamed(value: Json, people: Sequence[str], known: Known = _nothing) -> Json:
    """The same request with real days in order, and ids taken from `people` (empty: ids stay as they are).

    `known` gives ids of other things that the host has named; one in STRANGERS requests keeps the id it was made with.
    """
    if isinstance(value, list):
        return [tamed(item, people, known) for item in value]
    if not isinstance(value, dict):
        return value
    result = {name: _member(name, member, people, known) for name, member in value.items() if name not in LEFT_OUT}
    for start, end in PERIODS:
        if isinstance(result.get(start), str) and isinstance(result.get(end), str):
            result[start], result[end] = _ordered(result[start], result[end])
    return result


def _member(name: str, member: Json, people: Sequence[str], known: Known) -> Json:
    if name in PEOPLE and isinstance(member, str) and people:
        return member if member in people else people[_number(member) % len(people)]
    if isinstance(member, str) and (ids := known(name)):
        number = _number(member)
        return member if member in ids or number % STRANGERS == 0 else ids[number // STRANGERS % len(ids)]
    if name in ("start", "end", "date_start", "date_end") and isinstance(member, str):
        return _moment(member)
    if name in ("date", "period_start", "period_end", "startDate", "endDate") and isinstance(member, str):
        return _day(member).isoformat()
    return tamed(member, people, known)


def _ordered(start: str, end: str) -> tuple[str, str]:
    """In order and at most LONGEST days apart; times of day and zones stay."""
    if _day(end) < _day(start):
        start, end = end, start
    if (_day(end) - _day(start)).days > LONGEST:
        end = (_day(start) + dt.timedelta(days=30)).isoformat() + end[10:]
    if end[:10] == start[:10]:
        end = start
    return start, end


def _moment(text: str) -> str:
    """A vendor date-time on a real day; what follows the day stays, where it is a time."""
    time = text[10:]
    try:
        dt.datetime.fromisoformat(f"2025-01-01{time}")
    except ValueError:
        time = "T09:00:00"
    return _day(text).isoformat() + time


def _day(text: str) -> dt.date:
    """The day that a text begins with when it is one of FIRST…LAST, else one of those derived from it."""
    try:
        day = dt.date.fromisoformat(text[:10])
    except ValueError:
        day = dt.date.min
    return day if FIRST <= day <= LAST else FIRST + dt.timedelta(days=_number(text) % ((LAST - FIRST).days + 1))


def _number(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest)
