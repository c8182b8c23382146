"""The mocks' clock: real time plus an offset, forward only, never frozen (design decision 7)."""

from __future__ import annotations

import datetime as dt
import threading
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")  # the zone of the 1C base and of its sync schedule


class Clock:
    """Real time, or time that runs on from `start`; safe to share between threads."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._offset = dt.timedelta(0) if start is None else start.astimezone(dt.UTC) - _real()

    def now(self) -> dt.datetime:
        """Aware, in UTC."""
        return _real() + self._offset

    def today(self) -> dt.date:
        """Moscow's date, by which 1C opens and closes months."""
        return self.now().astimezone(MOSCOW).date()

    def move(self, seconds: float) -> dt.datetime:
        """Move forward and return the new time. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        with self._lock:
            self._offset += dt.timedelta(seconds=seconds)
        return self.now()


def _real() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
