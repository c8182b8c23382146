"""Plays scenarios of features/ in this process: a pytest of their own for each of many hosts would take minutes."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature, Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from argus_wfm.conformance.errors import CouldNotTest, HeldBack
from argus_wfm.conformance.model.findings import Departure, Finding
from argus_wfm.conformance.target import Target, by_url
from argus_wfm.conformance.target.client import Policy
from argus_wfm.features.steps.agent_status_ws import Known
from argus_wfm.features.steps.contact_centre import Centre
from argus_wfm.features.steps.multi_site import Scene
from argus_wfm.features.steps.roster import DAY, Month

FOLDER = Path(__file__).parents[2] / "features"
MODULES = (
    "replies",
    "personnel_agents",
    "contact_centre",
    "mce_status",
    "agent_status_ws",
    "sso_token",
    "report_export",
    "operations",
    "multi_site",
)
FEATURES = ("mce_status", "agent_status_ws", "sso_token", "report_export", "multi_site")


@dataclass(frozen=True)
class Played:
    """A scenario's verdict ("pass", "fail", "could not test", "held") and every finding, its own first."""

    verdict: str
    reason: str
    findings: list[Finding]

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings}


def play(scenario_id: str, url: str, policy: Policy | None = None) -> Played:
    """One scenario against a host whose token for MCE is in the environment."""
    return play_on(scenario_id, Target(by_url(url, policy or Policy(allow_writes=True))))


def play_on(scenario_id: str, target: Target) -> Played:
    """One scenario of MCE, SSO, reports or sites."""
    centre, background = Centre(target), ThreadPoolExecutor(2)
    fixtures: dict[str, Any] = {"target": target, "centre": centre, "known": Known(), "background": background}
    fixtures |= {"scene": Scene()}
    verdict, reason, own = "pass", "", list[Finding]()
    try:
        for step in _steps(scenario_id):
            _run(step, fixtures)
    except Departure as departure:
        verdict, reason, own = "fail", str(departure), [departure.finding]
    except (CouldNotTest, HeldBack) as error:
        verdict, reason = "held" if isinstance(error, HeldBack) else "could not test", str(error)
    except (
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        ValueError,
    ) as error:  # as the plugin has it
        verdict, reason = "fail", repr(error)
    finally:
        centre.end()
        background.shutdown(wait=False, cancel_futures=True)
    return Played(verdict, reason, [*own, *target.recorder.drain().findings])


@functools.cache
def _features() -> Mapping[str, list[Step]]:
    found: list[Feature] = get_features([str(FOLDER / f"{name}.feature") for name in FEATURES])
    return {
        next(tag for tag in scenario.tags if tag[:1].isupper()): [*scenario.steps]
        for feature in found
        for scenario in feature.scenarios.values()
    }


def _steps(scenario_id: str) -> list[Step]:
    return _features()[scenario_id]


@functools.cache
def _contexts() -> list[StepFunctionContext]:
    names = {importlib.import_module(f"argus_wfm.features.steps.{name}").__name__ for name in MODULES}
    contexts = list(step_function_context_registry.values())
    return [context for context in contexts if context.step_func.__module__ in names]


def _run(step: Step, fixtures: dict[str, Any]) -> None:
    context = next(one for one in _contexts() if one.type in (None, step.type) and one.parser.is_matching(step.name))
    given = {**fixtures, **(context.parser.parse_arguments(step.name) or {})}
    if step.datatable:
        given["datatable"] = [[cell.value for cell in row.cells] for row in step.datatable.rows]
    wanted = inspect.signature(context.step_func).parameters
    if "next_month" in wanted:  # asked for late: on a host that is not ours it asks the host
        given["next_month"] = _next_month(fixtures["target"])
    assert not context.converters, "these steps take text as it is"
    result = context.step_func(**{name: given[name] for name in wanted})
    if context.target_fixture:
        fixtures[context.target_fixture] = result


def _next_month(target: Target) -> Month:
    return Month((target.today().replace(day=28) + 4 * DAY).replace(day=1))
