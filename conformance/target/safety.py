"""Safety limits for third-party hosts: journal, rate limit, request budget, kill switch (design decision 13).

The journal is the one count of all processes of a run: each appends to it and reads what the others have appended.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.findings import Departure, Finding
from argus_wfm.conformance.target import kill_switch
from argus_wfm.conformance.target.journal import HOST, Journal, JournalTotals, server_of, timestamp
from argus_wfm.conformance.target.kill_switch import Limits
from argus_wfm.json_type import Json


@dataclass(frozen=True, slots=True)
class Block:
    """Why an operation is not asked again: it departs (`finding`), or it could not be tested.

    `credentials` is true where that holds for requests with the target's own credentials alone.
    """

    reason: str
    finding: Finding | None = None
    credentials: bool = False

    def as_dict(self) -> dict[str, Json]:
        """For child processes."""
        finding = self.finding and self.finding.as_dict()
        return {"reason": self.reason, "finding": finding, "credentials": self.credentials}

    @classmethod
    def from_dict(cls, given: dict[str, Json]) -> Block:
        """The reverse of as_dict()."""
        return cls(given["reason"], given["finding"] and Finding.from_dict(given["finding"]), given["credentials"])


@dataclass(slots=True)
class PendingRequest:
    """One pending request; its sender records the status or the error."""

    status: int | None = None
    error: str = ""


class SafetyGuard:
    """Of one process; `by` says who asks next: a scenario, generated tests, our gateway."""

    def __init__(
        self,
        limits: Limits | None = None,
        blocked: Mapping[str, Block] = MappingProxyType({}),
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.by = ""
        self._limits, self._blocked = limits or Limits(), blocked
        self._clock, self._sleep = clock, sleep
        self._journal = Journal(Path(self._limits.journal)) if self._limits.journal else None

    @contextlib.contextmanager
    def request(
        self, operation: str, method: str, url: str, effect: str, *, contract: str = "", credentials: bool = True
    ) -> Iterator[PendingRequest]:
        """Around the sending of one request. Raises Departure or CouldNotTest before it, where it may not be sent."""
        self.check_blocked(operation, contract, credentials)
        pending = PendingRequest()
        if self._journal is None:
            yield pending
            return
        number = uuid.uuid4().hex[:12]
        self._enter(number, operation, {"method": method, "url": url, "effect": effect})
        began = self._clock()
        try:
            yield pending
        except BaseException as error:
            pending.error = pending.error or ("" if pending.status else str(error) or type(error).__name__)
            raise
        finally:
            came = {"error": pending.error} if pending.error else {"status": pending.status}
            took = round(self._clock() - began, 3)
            self._journal.append({"request": number, "by": self.by, **came, "duration_s": took})

    def check(self) -> None:
        """Raises CouldNotTest once nothing more may be sent."""
        if why := self.closed():
            raise CouldNotTest(why)

    def closed(self) -> str:
        """Why nothing more is sent; empty while requests may be."""
        if self._journal is None:
            return ""
        return self._why(self._journal.totals(), self._clock(), HOST)

    def _why(self, totals: JournalTotals, now: float, server: str) -> str:
        seen = {"requests": totals.requests, "failures": totals.failures, "in_a_row": totals.in_a_row[server]}
        return kill_switch.reason(self._limits, server, **seen, now=now)

    def askers(self) -> set[str]:
        """Who has asked so far, in all processes: scenarios by their ids."""
        return set() if self._journal is None else self._journal.totals().askers

    def check_blocked(self, operation: str, contract: str = "", credentials: bool = True) -> None:
        """Raises Departure or CouldNotTest for an operation that is not asked, and for a path where it would be."""
        block = self._blocked.get(operation) or self._blocked.get(contract)
        if block is None or (block.credentials and not credentials):
            return
        if block.finding:
            raise Departure(block.finding)
        raise CouldNotTest(block.reason)

    def _enter(self, number: str, operation: str, sent: dict[str, Json]) -> None:
        """Write down what is sent next, and wait until the operation's rate allows it. Raises CouldNotTest."""
        assert self._journal is not None
        with self._journal.alone() as totals:
            at = max(self._clock(), totals.sent.get(operation, 0.0) + 1 / self._limits.rate)
            if why := self._why(totals, at, server_of(operation)):
                raise CouldNotTest(why)
            who = {"request": number, "at": timestamp(at), "by": self.by, "operation": operation}
            self._journal.append({**who, **sent})
        if (early := at - self._clock()) > 0:
            self._sleep(early)
