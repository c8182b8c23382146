"""A clock that tests of the queue move by hand."""

import datetime as dt
from dataclasses import dataclass

from tests.support.gateway import NOW


@dataclass
class Time:
    """A clock for tests of delays to the second."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)
