"""What a run saw: every exchange judged as it happens, counted by operation and status; bodies are not kept."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.checks.keywords import exercised
from argus_wfm.conformance.checks.sent_text import SentTexts
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Finding
from argus_wfm.conformance.target.known_ids import KnownIds
from argus_wfm.json_type import Json

HARMLESS = ("HEAD", "OPTIONS")  # what any server may answer to
COUNTERS = ("sent", "right", "wrong", "strays")


@dataclass(slots=True)
class ExchangeStats:
    """Counters and findings of some exchanges; keys are "operation status"."""

    attempts: Counter[str] = field(default_factory=Counter)
    matches: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    writes: int = 0
    findings: list[Finding] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)  # by request: how often it was sent
    right: Counter[str] = field(default_factory=Counter)  # by keyword (keywords.key): values that kept to it
    wrong: Counter[str] = field(default_factory=Counter)  # and values that did not
    strays: Counter[str] = field(default_factory=Counter)  # "METHOD path" that the host has and the contract has not
    ids: dict[str, list[str]] = field(default_factory=dict)  # by kind, that replies named
    latest: str = ""  # the operation of the last exchange

    def merge(self, other: ExchangeStats) -> None:
        """Add another's counts and findings to these."""
        self.attempts.update(other.attempts)
        self.matches.update(other.matches)
        self.requests += other.requests
        self.writes += other.writes
        self.findings += other.findings
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for kind, ids in other.ids.items():
            self.ids[kind] = [*dict.fromkeys([*self.ids.get(kind, []), *ids])]

    def as_dict(self) -> dict[str, Json]:
        """For the way from child processes."""
        return {
            "attempts": dict(self.attempts),
            "matches": dict(self.matches),
            "requests": self.requests,
            "writes": self.writes,
            "findings": [finding.as_dict() for finding in self.findings],
            **{name: dict(getattr(self, name)) for name in COUNTERS},
            "ids": self.ids,
        }

    @classmethod
    def from_dict(cls, given: dict[str, Json]) -> ExchangeStats:
        """The reverse of as_dict()."""
        findings = [Finding.from_dict(finding) for finding in given["findings"]]
        seen = cls(requests=given["requests"], writes=given["writes"], findings=findings, ids=given["ids"])
        for name in ("attempts", "matches", *COUNTERS):
            getattr(seen, name).update(given[name])
        return seen


class Recorder:
    """Takes exchanges from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = ExchangeStats()
        self.known_ids, self.sent_texts = KnownIds(), SentTexts()

    def add(self, exchange: Exchange, judging: Callable[[Exchange], Iterable[Finding]] = judge) -> None:
        """Judge an exchange and count it."""
        self.sent_texts.take(exchange)
        exchange.echoed = self.sent_texts.hold
        found = list(judging(exchange))
        touched = list(exercised(exchange))
        self.known_ids.take(exchange)
        with self._lock:
            seen = self._seen
            seen.requests += 1
            seen.sent[exchange.request] += 1
            seen.right.update(name for name, right in touched if right)
            seen.wrong.update(name for name, right in touched if not right)
            if exchange.operation is None and exchange.status < 300 and exchange.method not in HARMLESS:
                seen.strays[exchange.name] += 1
            seen.latest = exchange.name
            seen.writes += exchange.operation is not None and exchange.operation.effect == "write"
            for operation_id in _operations(exchange):
                key = f"{operation_id} {exchange.status}"
                seen.attempts[key] += 1
                seen.matches[key] += not found
            seen.findings += found

    def find(self, exchange: Exchange, findings: Iterable[Finding]) -> None:
        """Findings of what came after an exchange that was right by itself: a stream's messages after its upgrade."""
        found = list(findings)
        with self._lock:
            if found:
                self._seen.matches[f"{exchange.name} {exchange.status}"] -= 1
                self._seen.findings += found

    def drain(self) -> ExchangeStats:
        """What was seen since the last call."""
        with self._lock:
            seen, self._seen = self._seen, ExchangeStats()
        seen.ids = self.known_ids.as_dict()
        return seen


def _operations(exchange: Exchange) -> list[str]:
    """Whose coverage this counts for; a refused method (405) is a reply of the path's other operations."""
    if exchange.operation:
        return [exchange.operation.id]
    if exchange.status != 405:
        return []
    path = exchange.path
    return [operation.id for operation in exchange.contract.operations.values() if operation.fits(path)]
