"""One run's outcome: what terminal, JSON, JUnit, SARIF and HTML all tell."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from argus_wfm.conformance.generated.runner import Generated
from argus_wfm.conformance.model.findings import Findings, Verdict, Witnessed, steadiness
from argus_wfm.conformance.report.baseline import Accepted, Sorted, sort
from argus_wfm.conformance.report.coverage import Coverage, coverage
from argus_wfm.conformance.scenarios.runner import Chosen, Result
from argus_wfm.conformance.target.capabilities import Capability, down
from argus_wfm.conformance.target.journal import JournalTotals
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract

PASSED, FOUND, NOTHING_RUN = 0, 1, 2
ON_LIVE = "through our gateway with the host behind it; writes were answered here"  # of a scenario
NOT_REACHED = "not reached"
INNER = ("variant", "request", "attempt")  # members of findings that only this program needs


@dataclass(frozen=True)
class Run:
    """All of one `argus conform`; `generated` is None where generated tests were left out."""

    target: str
    conditions: str
    started: dt.datetime
    duration_s: float
    seed: int
    scenarios: Sequence[Result]
    generated: Generated | None
    findings: Findings
    coverage: Coverage
    seen: ExchangeStats
    baseline: Sequence[Accepted] = ()
    capabilities: Sequence[Capability] = ()  # of a host of others
    journal: JournalTotals | None = None  # of all that was sent to it
    interrupted: int = 0  # the exit code of the signal that ended it, 0 where it came to its end
    not_reached: Sequence[Chosen] = ()  # scenarios without a verdict, since it was interrupted

    @functools.cached_property
    def sorted(self) -> Sorted:
        """Findings beside the baseline, by the day on which the run began."""
        return sort(self.findings, self.baseline, self.started.date())

    def frequency(self, witnessed: Witnessed) -> str:
        """Whether a finding is steady; "" where no request was repeated."""
        return steadiness(witnessed.frequency(self.seen.sent))

    def contract_of(self, operation: str) -> str:
        """The file that has an operation; whole contracts for what is in none of them."""
        return next((row.file for row in self.coverage.rows if row.operation.id == operation), "")

    @property
    def exit(self) -> int:
        """0 when all that was run held, 1 for a finding that is not accepted, 2 when nothing at all was run.

        A host that is down could not be judged: 2. A run that was interrupted ends as a shell says it, with 130 or 143.
        """
        if self.interrupted:
            return self.interrupted
        if down(self.capabilities):
            return NOTHING_RUN
        if self.sorted.new or self._failed_otherwise():
            return FOUND
        return PASSED if self.count(Verdict.PASS) or self._generated_something() else NOTHING_RUN

    def _generated_something(self) -> bool:
        return self.generated is not None and self.generated.cases > 0

    def _failed_otherwise(self) -> bool:
        return any(result.verdict is Verdict.FAIL and not self.accepted(result) for result in self.scenarios)

    def accepted(self, result: Result) -> Accepted | None:
        """The entry that explains why a scenario failed; None where nothing does."""
        if result.verdict is not Verdict.FAIL:
            return None
        own = [result.finding] if result.finding else result.seen.findings
        listed = {witnessed.finding.fingerprint: entry for witnessed, entry in self.sorted.accepted}
        return next((listed[found.fingerprint] for found in own if found.fingerprint in listed), None)

    @property
    def sent(self) -> JournalTotals | ExchangeStats:
        """What counts requests and writes: the journal of a host of others, else the exchanges that were seen."""
        return self.journal or self.seen

    @property
    def word(self) -> str:
        """What the run comes to."""
        if self.interrupted:
            return "Interrupted"
        return {PASSED: "Pass", FOUND: "Findings"}.get(self.exit, "Not judged")

    def count(self, verdict: Verdict) -> int:
        """Scenarios with this verdict."""
        return sum(result.verdict is verdict for result in self.scenarios)

    def not_run(self) -> list[tuple[str, str, list[str]]]:
        """(verdict, reason, scenarios or operations) for all that was not run."""
        grouped: dict[tuple[str, str], list[str]] = {}
        for result in self.scenarios:
            if result.verdict in (Verdict.UNTESTED, Verdict.HELD):
                grouped.setdefault((result.verdict.value, result.reason), []).append(result.id)
        if self.not_reached:
            reason = "the run was interrupted before it came to them; --failed runs them"
            grouped[(NOT_REACHED, reason)] = [one.id for one in self.not_reached]
        held = [
            (probe[3], probe[0]) for probe in (self.generated.probes if self.generated else ()) if probe[2] == "held"
        ]
        for (reason, operation), number in Counter(held).items():
            words = f"{number} probe{'s' * (number > 1)} of {operation}"
            grouped.setdefault((Verdict.HELD.value, reason), []).append(words)
        for operation in self.generated.held if self.generated else ():
            reason = "generated requests could change the host; --allow-writes lets them run"
            grouped.setdefault((Verdict.HELD.value, reason), []).append(operation)
        return [(verdict, reason, names) for (verdict, reason), names in grouped.items()]

    def as_dict(self) -> dict[str, Json]:
        """report.json: members are only ever added."""
        return {
            "target": self.target,
            "conditions": self.conditions,
            "started": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration_s": round(self.duration_s, 1),
            "exit": self.exit,
            "seed": self.seed,
            "requests": self.sent.requests,
            "writes": self.sent.writes,
            "interrupted": bool(self.interrupted),
            "not_reached": [one.id for one in self.not_reached],
            "capabilities": [one.as_dict() for one in self.capabilities],
            "verdicts": {verdict.value: self.count(verdict) for verdict in Verdict},
            "scenarios": [_scenario(result) for result in self.scenarios],
            "generated": self.generated and _generated(self.generated),
            "findings": [self._finding(witnessed) for witnessed in self.findings],
            "baseline": self._baseline(),
            "not_run": [
                {"verdict": verdict, "reason": reason, "what": names} for verdict, reason, names in self.not_run()
            ],
            "coverage": self.coverage.as_dict(),
        }

    def _finding(self, witnessed: Witnessed) -> Json:
        """`seen` is of requests that were sent more than once; null where none was."""
        frequency = witnessed.frequency(self.seen.sent)
        seen = frequency and {
            "times": frequency[0],
            "attempts": frequency[1],
            "intermittent": frequency[0] < frequency[1],
        }
        told = {name: value for name, value in witnessed.finding.as_dict().items() if name not in INNER}
        return {
            **told,
            "times": witnessed.times,
            "scenarios": witnessed.witnesses,
            "seen": seen,
            "accepted": any(one is witnessed for one, _ in self.sorted.accepted),
        }

    def _baseline(self) -> Json:
        by_kind = {"accepted": self.sorted.accepted, "expired": self.sorted.expired}
        told = {name: [_entry(entry) for _, entry in pairs] for name, pairs in by_kind.items()}
        return {**told, "stale": [_entry(entry) for entry in self.sorted.stale]}


def _entry(entry: Accepted) -> Json:
    return {**dataclasses.asdict(entry), "expires": entry.expires.isoformat()}


def joined(
    scenarios: Iterable[Result],
    generated: Generated | None,
    contracts: Iterable[Contract],
    others: Iterable[Contract] = (),
) -> tuple[Findings, Coverage, ExchangeStats]:
    """Findings once each, coverage and counters of both kinds of tests together."""
    results, seen, findings = list(scenarios), ExchangeStats(), Findings()
    for result in results:
        seen.merge(result.seen)
        for finding in result.findings():
            findings.add(finding)
    if generated:
        seen.merge(generated.seen)
        for finding in generated.seen.findings:
            findings.add(finding)
    return findings, coverage(contracts, seen, others, generated.held if generated else ()), seen


def _scenario(result: Result) -> Json:
    return {
        "id": result.id,
        "title": result.title,
        "feature": result.feature,
        "tags": list(result.tags),
        "verdict": result.verdict.value,
        "drift": result.drift,
        "reason": result.reason or None,
        "on_live": result.on_live,
        "duration_s": result.duration_s,
    }


def _generated(generated: Generated) -> Json:
    return {
        "cases": generated.cases,
        "phases": generated.phases,
        "stop_reason": generated.stop,
        "notes": generated.notes,
        "probes": [
            {"operation": operation, "name": name, "outcome": outcome, "reason": reason or None}
            for operation, name, outcome, reason in generated.probes
        ],
        "probe_outcomes": dict(Counter(outcome for _, _, outcome, _ in generated.probes)),
    }
