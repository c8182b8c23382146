"""The circuit breaker of one upstream (seed section 7; A07-A10).

    closed ── 5 failures in a row ──> open ── 60 s ──> half-open: one call is let through ── it succeeds ──> closed
                                       ^──────────────────────────────────────────────────── it fails ──────┘

What counts: no connection, a dropped one, a 5xx, no whole answer in time. Any other answer says that the upstream
is there. Calls go on side by side; the lock is held around the state alone. A call that ends after the state has
changed since it began says nothing about the new state, and is not counted.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.errors import CircuitOpen, UpstreamDown, UpstreamTimeout
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ApiError, instant

KEPT = 100  # changes of state that the history holds


class BreakerState(StrEnum):
    """Of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerTransition:
    """The breaker went over into `state` at `at` (UTC), and why."""

    at: dt.datetime
    state: BreakerState
    why: str

    def shown(self) -> dict[str, str]:
        """For the history."""
        return {"at": instant(self.at), "state": self.state.value, "why": self.why}


class Breaker:
    """Safe to share between threads and event loops."""

    def __init__(
        self,
        upstream: str,
        clock: Clock,
        *,
        failures: int = 5,
        reset_s: float = 60.0,
        on_change: Callable[[str, BreakerTransition], None] | None = None,
    ) -> None:
        self.upstream = upstream
        self._clock, self._limit, self._reset_s, self._on_change = clock, failures, reset_s, on_change
        self._lock = threading.Lock()
        self._history: deque[BreakerTransition] = deque(maxlen=KEPT)
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._last_error: str | None = None
        self._opened = 0.0
        self._era = 0  # goes up with each change of state
        self._untold: deque[BreakerTransition] = deque()

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. Raises CircuitOpen instead of letting it begin."""
        era = self._admit()
        try:
            self._tell()
            yield
        except (UpstreamDown, UpstreamTimeout) as error:
            self._failed(era, str(error.details.get("last_error", error)))
            raise
        except ApiError:
            self._succeeded(era)
            raise
        except BaseException:  # the call was given up, or a defect of ours: neither tells of the upstream
            self._abandoned(era)
            raise
        else:
            self._succeeded(era)
        finally:
            self._tell()

    def shown(self) -> dict[str, Json]:
        """For /health: `retry_after_s` is there while no call is let through."""
        with self._lock:
            shown: dict[str, Json] = {"state": self._state.value, "failures": self._failures}
            if self._state is BreakerState.OPEN:
                shown["retry_after_s"] = math.ceil(self._left() * 1000) / 1000
            return shown

    def history(self) -> list[dict[str, str]]:
        """Changes of state, the latest last."""
        with self._lock:
            return [change.shown() for change in self._history]

    def reset(self) -> None:
        """As new: closed, without a history."""
        with self._lock:
            self._era += 1
            self._state, self._failures, self._last_error = BreakerState.CLOSED, 0, None
            self._history.clear()

    def _admit(self) -> int:
        """The era of a call that may begin."""
        with self._lock:
            if self._state is BreakerState.OPEN and self._left() <= 0:
                self._change(BreakerState.HALF_OPEN, f"{self._reset_s:g} s have passed; one call is let through")
                return self._era
            if self._state is BreakerState.CLOSED:
                return self._era
            wait_s = max(1, math.ceil(self._left())) if self._state is BreakerState.OPEN else 1
        raise CircuitOpen(
            f"{self.upstream} failed {self._limit} times in a row and is not asked now; try again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
            attempt=0,
            last_error=self._last_error,
        )

    def _succeeded(self, era: int) -> None:
        with self._lock:
            if era == self._era:
                self._failures = 0
                if self._state is BreakerState.HALF_OPEN:
                    self._change(BreakerState.CLOSED, "the call that was let through succeeded")

    def _failed(self, era: int, error: str) -> None:
        with self._lock:
            if era != self._era:
                return
            self._failures, self._last_error = self._failures + 1, error
            if self._state is BreakerState.HALF_OPEN:
                self._open(f"the call that was let through failed: {error}")
            elif self._failures >= self._limit:
                self._open(f"{self._failures} failures in a row, the last: {error}")

    def _abandoned(self, era: int) -> None:
        """A trial without an outcome leaves its place to the next call."""
        with self._lock:
            if era == self._era and self._state is BreakerState.HALF_OPEN:
                self._change(BreakerState.OPEN, "the call that was let through was given up")

    def _open(self, why: str) -> None:
        self._opened = self._clock.monotonic()
        self._change(BreakerState.OPEN, why)

    def _left(self) -> float:
        return max(0.0, self._opened + self._reset_s - self._clock.monotonic())

    def _change(self, state: BreakerState, why: str) -> None:
        self._era += 1
        self._state = state
        change = BreakerTransition(self._clock.now(), state, why)
        self._history.append(change)
        self._untold.append(change)

    def _tell(self) -> None:
        """Outside of the lock, since whoever listens may take its time."""
        while self._untold:
            with contextlib.suppress(IndexError):  # another thread was quicker
                change = self._untold.popleft()
                if self._on_change:
                    self._on_change(self.upstream, change)
