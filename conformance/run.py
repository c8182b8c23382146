"""`argus conform`: starts or finds the target, runs scenarios and generated tests, tells of them."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance import baseline, contract, report, scenarios
from conformance.capabilities import Capability, ailing, answering, blocks, explore
from conformance.child import Children
from conformance.client import Policy
from conformance.contract import Generated
from conformance.findings import CouldNotRun, Verdict
from conformance.gate import (
    FAILURES,
    MINUTES,
    MINUTES_OF_AILING,
    REQUESTS,
    REQUESTS_OF_AILING,
    Journal,
    Limits,
)
from conformance.launcher import PRESENT
from conformance.recorder import Seen
from conformance.results import Run, joined
from conformance.scenarios import Result
from conformance.screen import Screen
from conformance.target import Address, Target, TargetError, by_profile, by_url
from conformance.websocket import handshake
from openapi import Contract, load

Json = Any
CONTRACTS = ("personnel", "mce", "sso", "export")
NO_SCENARIOS = ("none",)
JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asked for; times in seconds, `base_url` wins over `target`.

    The last three are for hosts of others alone; None is as much as a host is fit for.
    """

    target: str = "mocks"
    base_url: str = ""
    allow_writes: bool = False
    allow_auth_failures: bool = False
    only: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    failed: bool = False
    tag: str = ""
    max_time_s: float = 30
    seed: int = 1
    report: Path = Path("argus-report")
    as_json: bool = False
    workers: int = 2
    baseline: Path | None = None
    write_baseline: Path | None = None
    max_requests: int | None = None
    max_failures: int = FAILURES
    max_minutes: float | None = None

    @property
    def on_mocks(self) -> bool:
        """Whether we start what we judge."""
        return not self.base_url and self.target == "mocks"

    @property
    def wants_scenarios(self) -> bool:
        return self.scenarios != NO_SCENARIOS

    @property
    def wants_generated(self) -> bool:
        """Whoever picks scenarios by name wants those alone."""
        return self.max_time_s > 0 and not self.failed and (not self.scenarios or not self.wants_scenarios)


def run(plan: Plan) -> int:
    """The exit code. Raises CouldNotRun, TargetError and their like for a run without a verdict."""
    ids = _failed(plan.report) if plan.failed else plan.scenarios
    try:
        return _run(plan, ids if plan.wants_scenarios else ())
    except (CouldNotRun, TargetError) as error:
        report.write_failure(str(error), plan.report)
        raise


def _run(plan: Plan, ids: tuple[str, ...]) -> int:
    _check(plan)
    accepted = baseline.read(plan.baseline) if plan.baseline else []
    address, capabilities = None if plan.on_mocks else _address(plan), list[Capability]()
    started, began = dt.datetime.now(dt.UTC), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="argus-log-") as logs, Screen(quiet=plan.as_json) as screen:
        screen.heading(f"{_name(address)} · {_conditions(address)}")
        if address:
            capabilities = explore(Target(address), plan.only or CONTRACTS)
            screen.capabilities(capabilities)
            limits = _limits(plan, address.limits.journal, ailing=ailing(capabilities))
            address = replace(address, limits=limits, blocked=blocks(capabilities, slow=not plan.scenarios))
        answers = answering(capabilities)
        results, generated, interrupted = _both(plan, ids, address, Path(logs), screen, answers=answers)
    chosen = plan.only or CONTRACTS
    others = _contracts([name for name in CONTRACTS if name not in chosen])
    findings, covered, seen = joined(results, generated, _contracts(chosen), others)
    done = Run(
        target=_name(address),
        conditions=_conditions(address),
        started=started,
        duration_s=time.monotonic() - began,
        seed=plan.seed,
        scenarios=results,
        generated=generated,
        findings=findings,
        coverage=covered,
        seen=seen,
        baseline=accepted,
        capabilities=capabilities,
        journal=Journal(plan.report / JOURNAL).tally() if address else None,
        interrupted=interrupted,
    )
    written = [*report.write(done, plan.report), *([plan.report / JOURNAL] if address else [])]
    if plan.write_baseline:
        written.append(report.put(plan.write_baseline, baseline.written(findings, accepted, started.date())))
    screen.summary(done, written)
    if plan.as_json:
        print(report.machine(done.as_dict()), end="")
    return done.exit


def _both(
    plan: Plan, ids: tuple[str, ...], address: Address | None, logs: Path, screen: Screen, *, answers: bool
) -> tuple[list[Result], Generated | None, bool]:
    """Side by side on mocks, each with a gateway of its own; one after the other on a host that is not ours.

    The last is true where the user interrupted, and what came before is all there is.
    """
    given, children = address.as_dict() if address else None, Children()
    told: list[Result] = []
    seen = Seen()  # what scenarios saw of a host that generated tests ask next

    def take(result: Result, chosen: int) -> None:
        told.append(result)
        seen.merge(result.seen)
        screen.scenario(result, chosen)

    def run_scenarios() -> list[Result]:
        order = scenarios.Order(given, ids, plan.tag, plan.only)
        workers = plan.workers if address is None and len(ids) != 1 else 1
        return scenarios.run(children, order, workers, logs / "scenarios.log", take)

    def run_generated() -> Generated:
        order = contract.Order(given, plan.max_time_s, plan.seed, plan.only, seen.ids if address else {})
        return contract.run(
            children,
            order,
            logs / "generated.log",
            lambda cases, phase: screen.generated(cases, phase, plan.max_time_s),
        )

    first = run_scenarios if plan.wants_scenarios else None
    second = run_generated if plan.wants_generated and answers else None
    with ThreadPoolExecutor(max_workers=2 if address is None else 1) as pool:
        try:
            results, generated = _submit(pool, first), _submit(pool, second)
            done, _ = wait([job for job in (results, generated) if job], return_when=FIRST_EXCEPTION)
            for job in done:
                job.result()
            return (results.result() if results else []), (generated.result() if generated else None), False
        except KeyboardInterrupt:
            children.end()
            return sorted(told, key=lambda result: result.id), None, True
        finally:
            children.end()


def _submit(pool: ThreadPoolExecutor, act: Callable[[], Any] | None) -> Any:
    return pool.submit(act) if act else None


def _check(plan: Plan) -> None:
    """Raises TargetError for a contract that there is not, or a choice of nothing."""
    unknown = [name for name in plan.only if name not in CONTRACTS]
    if unknown:
        raise TargetError(f"There is no contract {unknown[0]}; there are: {', '.join(CONTRACTS)}.")
    if not plan.wants_scenarios and not plan.wants_generated:
        raise TargetError("--scenario none with --max-time 0 leaves nothing to run.")


def _address(plan: Plan) -> Address:
    """The host to judge, with a journal that is new. Raises TargetError, CouldNotRun."""
    policy = Policy(allow_writes=plan.allow_writes, allow_auth_failures=plan.allow_auth_failures)
    address = by_url(plan.base_url, policy) if plan.base_url else by_profile(Path(plan.target), policy)
    journal = report.put(plan.report / JOURNAL, "")
    return replace(address, limits=_limits(plan, str(journal.resolve()), ailing=False))


def _limits(plan: Plan, journal: str, *, ailing: bool) -> Limits:
    """From now on; what the command line says counts."""
    requests, minutes = (REQUESTS_OF_AILING, MINUTES_OF_AILING) if ailing else (REQUESTS, MINUTES)
    requests = requests if plan.max_requests is None else plan.max_requests
    minutes = minutes if plan.max_minutes is None else plan.max_minutes
    return Limits(journal, requests, plan.max_failures, time.time() + minutes * 60 if minutes else 0)


def _contracts(names: Sequence[str]) -> list[Contract]:
    """To be covered; the status stream goes with MCE."""
    stream = [handshake()] if "mce" in names else []
    return [*(load(name) for name in names), *stream]


def _failed(folder: Path) -> tuple[str, ...]:
    """Ids of the last report's scenarios that failed or had no verdict. Raises CouldNotRun for none."""
    last = report.read(folder)
    passed = (Verdict.PASS.value, Verdict.HELD.value)
    ids = tuple(row["id"] for row in last.get("scenarios", []) if row["verdict"] not in passed)
    if not ids:
        raise CouldNotRun(f"No scenario failed in {folder / report.MACHINE}; leave --failed out.")
    return ids


def _name(address: Address | None) -> str:
    return address.name if address else "mocks"


def _conditions(address: Address | None) -> str:
    if address is None:
        return f"gateway on the mock 1C ZUP, clock from {PRESENT}"
    writes = "writes allowed" if address.policy.allow_writes else "read-only"
    return f"{address.personnel}, {writes}"
