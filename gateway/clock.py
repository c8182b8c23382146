"""The gateway's clock: real time plus an offset, forward only, never frozen (design decision 7).

Production never moves it; controls may, when the gateway was started with them.
"""

from __future__ import annotations

import datetime as dt


class Clock:
    """Read by everything that depends on time; one per process."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._offset = start.astimezone(dt.UTC) - dt.datetime.now(dt.UTC) if start else dt.timedelta(0)

    def now(self) -> dt.datetime:
        """Aware, in UTC."""
        return dt.datetime.now(dt.UTC) + self._offset

    def move(self, seconds: float) -> dt.datetime:
        """Move forward and return the new time. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self._offset += dt.timedelta(seconds=seconds)
        return self.now()
