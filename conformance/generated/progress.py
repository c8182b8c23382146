"""What the child of generated tests has done so far, so that it can tell of it in the middle, too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.processes.children import tell
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.json_type import Json

if TYPE_CHECKING:
    from argus_wfm.conformance.generated.engine import Generator

Probed = tuple[str, str, str, str, Departure | None]  # operation, name, outcome, reason
BROKEN_OFF = "interrupted"  # as Schemathesis calls it


@dataclass(slots=True)
class WorkerProgress:
    """Filled by the one thread that tests, told of by any; `generators` stand in the order in which they began."""

    target: Target | None = None
    probed: list[Probed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    generators: list[Generator] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """Requests that Schemathesis made."""
        return sum(_told(generator)["cases"] for generator in self.generators)

    def as_event(self, *, broken_off: bool) -> Json:
        """The last event; exchanges that are in it are in no other."""
        probed = [*self.probed]
        found = [departure.finding for *_, departure in probed if departure]
        told: dict[str, Json] = {"cases": 0, "phases": [], "stop": "", "notes": [*self.notes], "held": []}
        for generator in [*self.generators]:
            found += generator.findings
            told = {name: _joined(told[name], value) for name, value in _told(generator).items()}
        if broken_off:
            told["stop"] = BROKEN_OFF
        seen = self.target.recorder.drain() if self.target else ExchangeStats()
        seen.findings += found
        probes = [probe[:4] for probe in probed]
        return {"event": "finished", "broken_off": broken_off, "seen": seen.as_dict(), "probes": probes, **told}


class EventWriter:
    """Events of a child, from any thread, each whole; after the last one there is none."""

    def __init__(self, fd: int) -> None:
        self._fd, self._lock, self._over = fd, threading.Lock(), False

    def tell(self, event: Json) -> None:
        with self._lock:
            if not self._over:
                tell(self._fd, event)

    def last(self, event: Callable[[], Json]) -> None:
        """`event` is called when nothing else can be told any more."""
        with self._lock:
            if not self._over:
                self._over = True
                tell(self._fd, event())


def _told(generator: Generator) -> dict[str, Json]:
    """Of one that may be at work in another thread, whose counters can grow while they are read."""
    while True:
        try:
            return generator.told()
        except RuntimeError:  # a dictionary changed its size
            continue


def _joined(first: Json, second: Json) -> Json:
    """Counts are added, lists put together without repeats; of two reasons to stop the later one is told."""
    if isinstance(first, int):
        return first + second
    return [*dict.fromkeys([*first, *second])] if isinstance(first, list) else second or first
