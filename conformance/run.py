"""`argus conform`: starts or finds the target, runs scenarios and generated tests, tells of them."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from argus_wfm.conformance import report
from argus_wfm.conformance.errors import CouldNotRun, TargetError, one_line
from argus_wfm.conformance.generated import runner as generated_tests
from argus_wfm.conformance.generated.progress import BROKEN_OFF
from argus_wfm.conformance.generated.runner import Generated
from argus_wfm.conformance.launch.process import PRESENT
from argus_wfm.conformance.model.findings import Verdict
from argus_wfm.conformance.plan import CONTRACTS, Plan
from argus_wfm.conformance.preflight import Preflight
from argus_wfm.conformance.processes.children import Children
from argus_wfm.conformance.processes.signals import Interrupted, interruptible
from argus_wfm.conformance.report import baseline
from argus_wfm.conformance.report.baseline import Accepted
from argus_wfm.conformance.report.results import Run, joined
from argus_wfm.conformance.report.terminal import Screen
from argus_wfm.conformance.scenarios import runner as scenarios
from argus_wfm.conformance.scenarios.runner import Result
from argus_wfm.conformance.target import Target, TargetConfig, by_profile, by_url
from argus_wfm.conformance.target.capabilities import Capability, answering, blocks, degraded
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.journal import Journal
from argus_wfm.conformance.target.kill_switch import (
    MINUTES,
    MINUTES_OF_DEGRADED,
    REQUESTS,
    REQUESTS_OF_DEGRADED,
    Limits,
)
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.conformance.target.websocket import handshake
from argus_wfm.openapi import Contract, load

JOURNAL = "journal.jsonl"


@dataclass(slots=True)
class RunState:
    """What a run has come to so far, which is all there is once it is interrupted; it began when this was made."""

    config: TargetConfig | None
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    began: float = field(default_factory=time.monotonic)
    preflight: Preflight | None = None
    results: list[Result] = field(default_factory=list)
    generated: Generated | None = None
    interrupted: int = 0  # the exit code of the signal

    @property
    def capabilities(self) -> list[Capability]:
        """Of a host of others; of ours nothing is asked."""
        return self.preflight.found() if self.preflight else []


def run(plan: Plan) -> int:
    """The exit code. Raises CouldNotRun, TargetError and their like for a run without a verdict.

    However it ends, what stands in the folder of reports is this run's: also where it is killed, or argus is at fault.
    """
    ids = _failed(plan.report) if plan.failed else plan.scenarios
    with report.occupied(plan.report):
        with interruptible() as unheeded:
            try:
                report.begin(plan.report)
                done, written = _run(plan, ids if plan.wants_scenarios else (), unheeded)
            except Interrupted as signal:
                report.write_failure("The run was interrupted before it began.", plan.report, signal.exit)
                return signal.exit
            except Exception as error:
                unheeded()
                report.write_failure(one_line(error), plan.report)
                raise
        screen = Screen(quiet=plan.as_json)
        screen.summary(done, written)
        if plan.as_json:
            screen.machine(report.machine(done.as_dict()))
    return done.exit


def _run(plan: Plan, ids: tuple[str, ...], unheeded: Callable[[], None]) -> tuple[Run, list[Path]]:
    """All of it, and the files that tell of it; once these are to be written, signals are `unheeded`."""
    _check(plan)
    accepted = baseline.read(plan.baseline) if plan.baseline else []
    state = RunState(None if plan.on_mocks else _config(plan))
    try:
        with tempfile.TemporaryDirectory(prefix="argus-log-") as logs, Screen(quiet=plan.as_json) as screen:
            screen.heading(f"{_name(state.config)} · {_conditions(state.config)}")
            _explore(plan, state, screen)
            _test(plan, ids, state, Path(logs), screen)
        unheeded()
    except Interrupted as signal:
        state.interrupted = signal.exit
    done = _done(plan, ids, state, accepted)
    written = [*report.write(done, plan.report), *([plan.report / JOURNAL] if state.config else [])]
    if plan.write_baseline:
        text = baseline.written(done.findings, accepted, state.started.date())
        written.append(report.put(plan.write_baseline, text))
    return done, written


def _explore(plan: Plan, state: RunState, screen: Screen) -> None:
    """What a host of others has, and what is not asked again."""
    config = state.config
    if config is None:
        return
    state.preflight = Preflight(Target(config), plan.only or CONTRACTS)
    capabilities = state.preflight.run()
    screen.capabilities(capabilities)
    limits = _limits(plan, config.limits.journal, degraded=degraded(capabilities))
    state.config = replace(config, limits=limits, blocked=blocks(capabilities, slow=not plan.scenarios))


def _test(plan: Plan, ids: tuple[str, ...], state: RunState, logs: Path, screen: Screen) -> None:
    """Side by side on mocks, each with a gateway of its own; one after the other on a host that is not ours."""
    config, children = state.config, Children()
    seen = ExchangeStats()  # what scenarios saw of a host that generated tests ask next

    def take(result: Result, chosen: int) -> None:
        state.results.append(result)
        seen.merge(result.seen)
        screen.scenario(result, chosen)

    def run_scenarios() -> None:
        workers = plan.workers if config is None and len(ids) != 1 else 1
        scenarios.run(children, _options(plan, ids, config), workers, logs / "scenarios.log", take)

    def run_generated() -> None:
        given = config.as_dict() if config else None
        options = generated_tests.GeneratedTestOptions(
            given, plan.max_time_s, plan.seed, plan.only, seen.ids if config else {}
        )
        state.generated = generated_tests.run(
            children,
            options,
            logs / "generated.log",
            lambda cases, phase: screen.generated(cases, phase, plan.max_time_s),
        )
        if state.generated.broken_off and not children.ended:
            raise CouldNotRun("Generated tests were ended by somebody else.")

    wanted = [
        *([run_scenarios] if plan.wants_scenarios else []),
        *([run_generated] if _generates(plan, state) else []),
    ]
    with ThreadPoolExecutor(max_workers=2 if config is None else 1) as pool:
        try:
            done, _ = wait([pool.submit(act) for act in wanted], return_when=FIRST_EXCEPTION)
            for job in done:
                job.result()
        finally:
            children.end()


def _generates(plan: Plan, state: RunState) -> bool:
    return plan.wants_generated and answering(state.capabilities)


def _options(plan: Plan, ids: tuple[str, ...], config: TargetConfig | None) -> scenarios.ScenarioOptions:
    return scenarios.ScenarioOptions(config.as_dict() if config else None, ids, plan.tag, plan.only)


def _done(plan: Plan, ids: tuple[str, ...], state: RunState, accepted: Sequence[Accepted]) -> Run:
    """What the run comes to; what it did not come to counts for nothing."""
    results, generated, capabilities = (
        sorted(state.results, key=lambda one: one.id),
        state.generated,
        state.capabilities,
    )
    not_reached: list[scenarios.Chosen] = []
    if state.interrupted:
        if generated is None and _generates(plan, state):
            generated = Generated(stop=BROKEN_OFF)
        if plan.wants_scenarios:
            reached = {result.id for result in results}
            not_reached = [one for one in scenarios.chosen(_options(plan, ids, None)) if one.id not in reached]
    chosen = plan.only or CONTRACTS
    others = _contracts([name for name in CONTRACTS if name not in chosen])
    findings, covered, seen = joined(results, generated, _contracts(chosen), others)
    return Run(
        target=_name(state.config),
        conditions=_conditions(state.config),
        started=state.started,
        duration_s=time.monotonic() - state.began,
        seed=plan.seed,
        scenarios=results,
        generated=generated,
        findings=findings,
        coverage=covered,
        seen=seen,
        baseline=accepted,
        capabilities=capabilities,
        journal=Journal(plan.report / JOURNAL).totals() if state.config else None,
        interrupted=state.interrupted,
        not_reached=not_reached,
    )


def _check(plan: Plan) -> None:
    """Raises TargetError for a contract that there is not, or a choice of nothing."""
    unknown = [name for name in plan.only if name not in CONTRACTS]
    if unknown:
        raise TargetError(f"There is no contract {unknown[0]}; there are: {', '.join(CONTRACTS)}.")
    if not plan.wants_scenarios and not plan.wants_generated:
        raise TargetError("--scenario none with --max-time 0 leaves nothing to run.")


def _config(plan: Plan) -> TargetConfig:
    """The host to judge, with a journal that is new. Raises TargetError, CouldNotRun."""
    policy = Policy(allow_writes=plan.allow_writes, allow_auth_failures=plan.allow_auth_failures)
    config = by_url(plan.base_url, policy) if plan.base_url else by_profile(Path(plan.target), policy)
    journal = report.emptied(plan.report / JOURNAL)
    return replace(config, limits=_limits(plan, str(journal.resolve()), degraded=False))


def _limits(plan: Plan, journal: str, *, degraded: bool) -> Limits:
    """From now on; what the command line says counts."""
    requests, minutes = (REQUESTS_OF_DEGRADED, MINUTES_OF_DEGRADED) if degraded else (REQUESTS, MINUTES)
    requests = requests if plan.max_requests is None else plan.max_requests
    minutes = minutes if plan.max_minutes is None else plan.max_minutes
    return Limits(journal, requests, plan.max_failures, time.time() + minutes * 60 if minutes else 0)


def _contracts(names: Sequence[str]) -> list[Contract]:
    """To be covered; the status stream goes with MCE."""
    stream = [handshake()] if "mce" in names else []
    return [*(load(name) for name in names), *stream]


def _failed(folder: Path) -> tuple[str, ...]:
    """Ids of the last report's scenarios that failed or have no verdict. Raises CouldNotRun for none."""
    last = report.read(folder)
    if "could_not_run" in last:
        raise CouldNotRun(f"{folder / report.MACHINE} is of a run without a verdict; leave --failed out.")
    passed = (Verdict.PASS.value, Verdict.HELD.value)
    failed = [row["id"] for row in last.get("scenarios", []) if row["verdict"] not in passed]
    ids = (*failed, *last.get("not_reached", ()))
    if not ids:
        raise CouldNotRun(f"No scenario failed in {folder / report.MACHINE}; leave --failed out.")
    return ids


def _name(config: TargetConfig | None) -> str:
    return config.name if config else "mocks"


def _conditions(config: TargetConfig | None) -> str:
    if config is None:
        return f"gateway on the mock 1C ZUP, clock from {PRESENT}"
    writes = "writes allowed" if config.policy.allow_writes else "read-only"
    return f"{config.personnel}, {writes}"
