"""How the time of a simulation follows the mock's clock: as fast, so many times faster, or not at all."""

from __future__ import annotations

import datetime as dt

from argus_wfm.mocks.clock import Clock

NO_TIME = dt.timedelta(0)


class TimeScale:
    """`speed` 1 is real time, 60 a minute a second, 0 stands still. It begins at the clock's whole second."""

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock, self.speed = clock, speed
        self.start = clock.now().replace(microsecond=0)
        self._anchor, self._there = self.start, self.start  # the same moment on the clock and in the simulation

    def now(self) -> dt.datetime:
        """How late it is in the simulation."""
        return self._there + (self._clock.now() - self._anchor) * self.speed

    def moment(self, there: dt.datetime) -> dt.datetime:
        """The clock's time of a moment of the simulation that has been; never ahead of the clock."""
        ago = (there - self._there) / self.speed if self.speed else NO_TIME
        return min(self._anchor + ago, self._clock.now())

    def seconds_until(self, there: dt.datetime) -> float:
        """Of the clock's, until then; only while it does not stand still."""
        return max(0.0, (there - self.now()).total_seconds() / self.speed)

    def change(self, speed: float) -> None:
        """From now on."""
        self.skip_to(self.now())
        self.speed = speed

    def skip_to(self, there: dt.datetime) -> None:
        """Let it be this late in the simulation now."""
        self._anchor, self._there = self._clock.now(), there
