"""The pace of the simulated day against the clock."""

from __future__ import annotations

import datetime as dt

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.oktell.rota import HOUR
from argus_wfm.mocks.oktell.time_scale import TimeScale
from tests.support.clock import NOW

SECOND = dt.timedelta(seconds=1)


def test_pace_is_the_clock_s_times_its_speed() -> None:
    clock = Clock(NOW)
    pace = TimeScale(clock, 60)
    clock.move(10)
    assert 600 <= (pace.now() - NOW).total_seconds() < 700
    assert (pace.moment(NOW + 300 * SECOND) - pace.start).total_seconds() == 5
    assert pace.moment(NOW + HOUR) <= clock.now()
    pace.change(0)
    stopped = pace.now()
    clock.move(100)
    assert pace.now() == stopped
    pace.change(1)
    clock.move(5)
    assert 5 <= (pace.now() - stopped).total_seconds() < 6
    assert pace.moment(stopped) >= NOW + 110 * SECOND
