"""Who rings the contact centre: callers of a queue in an hour, derived from hash(seed, queue, hour) alone."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from argus_wfm.mocks.oktell.rota import HOUR, QUEUES, RotaShift
from argus_wfm.mocks.seeded import rng

SHARES = dict(zip(QUEUES, (0.5, 0.4, 0.1), strict=True))
HANDLED_S = 230.0  # mean time of a call and of what comes after it
TALK_S = (170.0, 0.55, 15, 1800)  # median, spread, least, most
PATIENCE_S = (150.0, 0.7, 20, 1500)
LOAD = (0.55, 1.1)  # of what the agents on duty can take: some hours are quiet, in some the queues grow


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who waits from `at` on, gives up after `patience`, and once answered talks for `talk`."""

    call_id: str
    queue: str
    at: dt.datetime
    patience: dt.timedelta
    talk: dt.timedelta


def callers(seed: int, queue: str, hour: dt.datetime, on_duty: float) -> Iterator[Caller]:
    """In order of arrival, from the hour's beginning to its end; more come when more are there to answer."""
    choice = rng(seed, queue, hour.isoformat())
    rate = on_duty * SHARES[queue] * choice.uniform(*LOAD) / HANDLED_S
    seconds, number = 0.0, 0
    while rate and (seconds := seconds + choice.expovariate(rate)) < HOUR.total_seconds():
        number += 1
        drawn = [
            dt.timedelta(seconds=round(min(most, max(least, choice.lognormvariate(math.log(median), spread)))))
            for median, spread, least, most in (PATIENCE_S, TALK_S)
        ]
        at = hour + dt.timedelta(seconds=int(seconds))
        yield Caller(f"{hour:%y%m%d%H}{queue[:2].upper()}{number:04d}", queue, at, *drawn)


def on_duty(shifts: Iterable[RotaShift], hour: dt.datetime) -> float:
    """Agents there in the hour, in full hours of work."""
    spans = (min(shift.end, hour + HOUR) - max(shift.start, hour) for shift in shifts)
    return sum(max(0.0, span / HOUR) for span in spans)
