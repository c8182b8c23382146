"""When something recurs, in Moscow time: every day, on a day of the week, or on one of a month's four or five of them.

    daily 01:30    weekly saturday 01:30    monthly first|second|third|fourth|last saturday 01:30    off

A wall time that Moscow's clocks were set forward over means the moment as long after midnight as it says; one that they
showed twice means the first (Moscow has had neither since 2014).
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from argus_wfm.gateway.clock import MOSCOW

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKS = ("first", "second", "third", "fourth", "last")
FORM = re.compile(
    rf"daily|weekly (?P<weekday>{'|'.join(DAYS)})|monthly (?P<week>{'|'.join(WEEKS)}) (?P<of_month>{'|'.join(DAYS)})"
)
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
DAY = dt.timedelta(days=1)
LOOK_BACK = 63  # days, in which every rule has come round


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the forms above; `weekday` counts from Monday, `week` in WEEKS."""

    time: dt.time
    weekday: int | None = None
    week: int | None = None

    def from_(self, moment: dt.datetime) -> Iterator[dt.datetime]:
        """Instants in UTC, at or after an aware moment, without end."""
        first = moment.astimezone(MOSCOW).date() - DAY
        for number in itertools.count():
            try:
                day = first + number * DAY
            except OverflowError:
                return
            if self._on(day) and (due := self._at(day)) >= moment:
                yield due

    def latest(self, moment: dt.datetime) -> dt.datetime | None:
        """The last instant at or before an aware moment; None where time itself begins."""
        day = moment.astimezone(MOSCOW).date()
        for _ in range(LOOK_BACK):
            if self._on(day) and (due := self._at(day)) <= moment:
                return due
            day -= DAY
        return None

    def _on(self, day: dt.date) -> bool:
        if self.weekday is None:
            return True
        if day.weekday() != self.weekday:
            return False
        if self.week is None:
            return True
        return (day + 7 * DAY).month != day.month if self.week == 4 else (day.day - 1) // 7 == self.week

    def _at(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, self.time, MOSCOW).astimezone(dt.UTC)


def rule(text: str) -> Rule | None:
    """None for "off". Raises ValueError that shows the forms."""
    words = " ".join(text.lower().split())
    if words == "off":
        return None
    head, _, time = words.rpartition(" ")
    form = FORM.fullmatch(head)
    if form is None or not TIME.fullmatch(time):
        raise ValueError(
            f'"{text}" is no schedule; write "daily 01:30", "weekly saturday 01:30", '
            f'"monthly last saturday 01:30" ({", ".join(WEEKS)}) or "off"'
        )
    weekday = form["weekday"] or form["of_month"]
    return Rule(
        dt.time.fromisoformat(time),
        DAYS.index(weekday) if weekday else None,
        WEEKS.index(form["week"]) if form["week"] else None,
    )
