"""The pytest plugin of `argus conform`: the target as a fixture, verdicts as events on a pipe.

Workers of pytest-xdist put a verdict into the report's user_properties, which survive the way to the controller; the
controller writes one JSON line per scenario to the file descriptor it was given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_bdd.parser import ScenarioTemplate
from pytest_bdd.scenario import scenario_wrapper_template_registry

from argus_wfm.conformance.errors import CouldNotTest, HeldBack, LocalError, TargetError
from argus_wfm.conformance.launch.process import launched
from argus_wfm.conformance.model.findings import UNREADABLE, Departure, Drift, Finding, Verdict
from argus_wfm.conformance.processes.children import tell
from argus_wfm.conformance.scenarios import through_gateway
from argus_wfm.conformance.scenarios.runner import ScenarioOptions, identity
from argus_wfm.conformance.target import Target, TargetConfig
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.json_type import Json

KEY = "argus"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--argus-options", required=True, help="What `argus conform` asks for, as JSON.")
    parser.addoption("--argus-fd", type=int, required=True, help="The descriptor that events go to.")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(
        Judge(config, ScenarioOptions.read(config.getoption("--argus-options"))), "argus-judge"
    )


def pytest_bdd_apply_tag(tag: str, function: Any) -> bool:
    """Tags are read from the scenario itself; none becomes a marker."""
    return True


@pytest.fixture(scope="session")
def _target(pytestconfig: pytest.Config) -> Iterator[Target]:
    judge: Judge = pytestconfig.pluginmanager.get_plugin("argus-judge")  # type: ignore[assignment]
    if judge.options.config is not None:
        judge.target = Target(TargetConfig.from_dict(judge.options.config))
        yield judge.target
        return
    with launched() as config:
        judge.target = Target(config)
        yield judge.target


@pytest.fixture(scope="session")
def _on_live(_target: Target) -> Iterator[Callable[[], Target]]:
    """Starts our gateway with the host behind it, once it is needed. Raises CouldNotTest."""
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda: Target(stack.enter_context(through_gateway.started(_target))))


@pytest.fixture
def target(request: pytest.FixtureRequest, _target: Target) -> Target:
    """The host under test, as new where it is ours; for what no host of others can be asked, our gateway on it."""
    judge: Judge = request.config.pluginmanager.get_plugin("argus-judge")  # type: ignore[assignment]
    scenario_id, tags = _identity(request.node)
    judge.target, _target.guard.by = _target, scenario_id
    if judge.options.config and through_gateway.is_needed(_target, tags):
        _target.guard.check()
        judge.target = request.getfixturevalue("_on_live")()
    judge.target.reset()
    return judge.target


class Judge:
    """Selects scenarios, turns outcomes into verdicts, and tells of them."""

    def __init__(self, config: pytest.Config, options: ScenarioOptions) -> None:
        self.options, self.target = options, None  # type: ScenarioOptions, Target | None
        self._is_worker = hasattr(config, "workerinput")
        self._fd: int = config.getoption("--argus-fd")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if self.options.wants(*_identity(item))]
        items[:] = sorted(chosen, key=lambda item: _identity(item)[0])
        if not self._is_worker:
            self._tell_collected(items)

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Without items the controller learns of scenarios from its workers; each has collected the same."""
        self._tell({"event": "collected", "count": len(ids)})

    def pytest_bdd_before_step_call(self, step_func: Any) -> None:
        """A coroutine would never be awaited, and its step would pass."""
        if inspect.iscoroutinefunction(step_func):
            raise RuntimeError(f"The step {step_func.__name__} is a coroutine; pytest-bdd never awaits it.")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if call.when == "call" or (call.when == "setup" and call.excinfo):
            verdict = self._verdict(item, call)
            report.user_properties.append((KEY, json.dumps(verdict, ensure_ascii=False)))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._is_worker:
            return
        for name, value in report.user_properties:
            if name == KEY and isinstance(value, str):
                self._tell({"event": "scenario", **json.loads(value)})

    def _verdict(self, item: pytest.Item, call: pytest.CallInfo[None]) -> dict[str, Json]:
        scenario_id, tags = _identity(item)
        template = _scenario(item)
        seen = self.target.recorder.drain() if self.target else ExchangeStats()
        seen.findings[:] = [dataclasses.replace(found, scenario=scenario_id) for found in seen.findings]
        on_live = self.options.config is not None and self.target is not None and self.target.policy.ours
        if on_live:
            # the host received none of the requests that our gateway received
            seen = ExchangeStats(findings=seen.findings, latest=seen.latest)
        verdict, reason, finding = _outcome(call.excinfo.value if call.excinfo else None, scenario_id, call.when, seen)
        if on_live and self.target and (why := through_gateway.missing(self.target, verdict)):
            verdict, reason, finding, seen = Verdict.UNTESTED, why, None, ExchangeStats()
        return {
            "id": scenario_id,
            "title": template.name,
            "feature": template.feature.filename and os.path.basename(template.feature.filename).partition(".")[0],
            "tags": sorted(tags - {scenario_id}),
            "verdict": verdict,
            "reason": reason,
            "on_live": on_live,
            "finding": finding and finding.as_dict(),
            "seen": seen.as_dict(),
            "duration_s": round(call.duration, 3),
        }

    def _tell_collected(self, items: list[pytest.Item]) -> None:
        self._tell({"event": "collected", "count": len(items)})

    def _tell(self, event: Json) -> None:
        tell(self._fd, event)


def _scenario(item: pytest.Item) -> ScenarioTemplate:
    return scenario_wrapper_template_registry[item.function]  # type: ignore[attr-defined]


def _identity(item: pytest.Item) -> tuple[str, set[str]]:
    """Id and all tags of a scenario, its feature's included."""
    return identity(_scenario(item))


def _outcome(
    error: BaseException | None, scenario_id: str, when: str, seen: ExchangeStats
) -> tuple[str, str, Finding | None]:
    """(verdict or "error", reason, finding); an "error" is ours and makes the run one that could not run."""
    match error:
        case None:
            return Verdict.PASS, "", None
        case Departure():
            return Verdict.FAIL, str(error), dataclasses.replace(error.finding, scenario=scenario_id)
        case HeldBack():
            return Verdict.HELD, str(error), None
        case CouldNotTest():
            return Verdict.UNTESTED, str(error), None
        case LocalError() | TargetError():
            return "error", str(error), None
        case _ if isinstance(error, UNREADABLE) and when == "call":
            return _unreadable(error, scenario_id, seen)
    return "error", f"{type(error).__name__}: {error}", None


def _unreadable(error: Exception, scenario_id: str, seen: ExchangeStats) -> tuple[str, str, Finding | None]:
    """A step that tripped over the answer: the contract's own findings say why, where there are any."""
    if seen.findings:
        first = seen.findings[0]
        return Verdict.FAIL, f"{first.operation} {first.where}: {first.message}", None
    words = f"A step could not read the answer ({type(error).__name__}: {error})"
    finding = Finding("UNREADABLE", Drift.SHAPE, seen.latest or scenario_id, "body", words, scenario=scenario_id)
    return Verdict.FAIL, words, finding
