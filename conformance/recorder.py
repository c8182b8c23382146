"""What a run saw: every exchange judged as it happens, counted by operation and status; bodies are not kept."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from conformance.drift import judge
from conformance.exchange import Exchange
from conformance.findings import Finding

Json = Any


@dataclass(slots=True)
class Seen:
    """Counters and findings of some exchanges; keys are "operation status"."""

    attempts: Counter[str] = field(default_factory=Counter)
    matches: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    writes: int = 0
    findings: list[Finding] = field(default_factory=list)
    latest: str = ""  # the operation of the last exchange

    def merge(self, other: Seen) -> None:
        """Add another's counts and findings to these."""
        self.attempts.update(other.attempts)
        self.matches.update(other.matches)
        self.requests += other.requests
        self.writes += other.writes
        self.findings += other.findings

    def as_dict(self) -> dict[str, Json]:
        """For the way from child processes."""
        return {
            "attempts": dict(self.attempts),
            "matches": dict(self.matches),
            "requests": self.requests,
            "writes": self.writes,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, given: dict[str, Json]) -> Seen:
        """The reverse of as_dict()."""
        findings = [Finding.from_dict(finding) for finding in given["findings"]]
        attempts: Counter[str] = Counter(given["attempts"])
        return cls(attempts, Counter(given["matches"]), given["requests"], given["writes"], findings)


class Recorder:
    """Takes exchanges from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = Seen()

    def add(self, exchange: Exchange, findings: Iterable[Finding] | None = None) -> None:
        """Judge an exchange and count it; `findings` are given where somebody else has judged it."""
        found = judge(exchange) if findings is None else list(findings)
        with self._lock:
            seen = self._seen
            seen.requests += 1
            seen.latest = exchange.name
            seen.writes += exchange.operation is not None and exchange.operation.effect == "write"
            for operation_id in _operations(exchange):
                key = f"{operation_id} {exchange.status}"
                seen.attempts[key] += 1
                seen.matches[key] += not found
            seen.findings += found

    def drain(self) -> Seen:
        """What was seen since the last call."""
        with self._lock:
            seen, self._seen = self._seen, Seen()
        return seen


def _operations(exchange: Exchange) -> list[str]:
    """Whose coverage this counts for; a refused method (405) is a reply of the path's other operations."""
    if exchange.operation:
        return [exchange.operation.id]
    if exchange.status != 405:
        return []
    path = exchange.path
    return [operation.id for operation in exchange.contract.operations.values() if operation.fits(path)]
