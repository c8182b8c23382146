"""Runs features/ in a pytest of its own: packaged settings, no plugins, conftests or caches of the user's."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.conformance.launch.process import child_environment
from argus_wfm.conformance.model.findings import Finding, Verdict
from argus_wfm.conformance.processes.children import Children, end_of, events
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.json_type import Json

if TYPE_CHECKING:
    from pytest_bdd.parser import ScenarioTemplate

PLUGINS = ("pytest_bdd.plugin", "xdist.plugin", "argus_wfm.conformance.scenarios.plugin")
NONE_COLLECTED = 5  # pytest's exit status


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """What the child is told: the target (None: start gateway and mocks), and which scenarios."""

    config: dict[str, Json] | None
    ids: tuple[str, ...] = ()
    tag: str = ""
    contracts: tuple[str, ...] = ()

    def wants(self, scenario_id: str, tags: Iterable[str]) -> bool:
        """Whether a scenario was asked for."""
        return (
            (not self.ids or scenario_id in self.ids)
            and (not self.tag or self.tag in tags)
            and (not self.contracts or not set(self.contracts).isdisjoint(tags))
        )

    def as_json(self) -> str:
        """For the child's command line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> ScenarioOptions:
        """The reverse of as_json()."""
        given = json.loads(text)
        return cls(given["config"], tuple(given["ids"]), given["tag"], tuple(given["contracts"]))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A scenario that was asked for, whether or not it was run."""

    id: str
    title: str
    feature: str


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario's verdict; `finding` is there when it failed on a check of its own."""

    id: str
    title: str
    feature: str
    tags: tuple[str, ...]
    verdict: Verdict
    reason: str
    finding: Finding | None
    seen: ExchangeStats = field(repr=False)
    duration_s: float = 0.0
    on_live: bool = False  # through our gateway with a host of others behind it

    @property
    def drift(self) -> str | None:
        """The class of drift of a failed scenario."""
        found = [self.finding] if self.finding else self.seen.findings
        return found[0].drift.value if self.verdict is Verdict.FAIL and found else None

    def findings(self) -> list[Finding]:
        """What its exchanges showed, and what its own check found."""
        return [*self.seen.findings, *([self.finding] if self.finding else [])]

    @classmethod
    def of_event(cls, event: Json) -> Result:
        """Of a child's event; raises CouldNotRun for an error that is ours and no verdict."""
        if event["verdict"] == "error":
            raise CouldNotRun(f"{event['id']} could not run: {event['reason']}")
        return cls(
            id=event["id"],
            title=event["title"],
            feature=event["feature"],
            tags=tuple(event["tags"]),
            verdict=Verdict(event["verdict"]),
            reason=event["reason"],
            finding=event["finding"] and Finding.from_dict(event["finding"]),
            seen=ExchangeStats.from_dict(event["seen"]),
            duration_s=event["duration_s"],
            on_live=event["on_live"],
        )


def run(
    children: Children, options: ScenarioOptions, workers: int, log: Path, on_result: Callable[[Result, int], None]
) -> list[Result]:
    """Every chosen scenario's verdict, ordered by id; `on_result` gets each with the number of scenarios chosen.

    Raises CouldNotRun when none was chosen, when a process died, or when a verdict is missing.
    """
    results: dict[str, Result] = {}
    chosen, status = 0, 0
    for event in events(children, command(options, workers), {**child_environment(), **ISOLATION}, log):
        match event["event"]:
            case "collected":
                chosen = max(chosen, event["count"])
            case "scenario":
                result = Result.of_event(event)
                results[result.id] = result
                on_result(result, chosen)
            case "exit":
                status = event["status"]
    _check(options, status, chosen, results, log)
    return [results[scenario_id] for scenario_id in sorted(results)]


def identity(scenario: ScenarioTemplate) -> tuple[str, set[str]]:
    """Id and all tags of a scenario, its feature's included."""
    tags = set(scenario.tags) | set(scenario.feature.tags)
    return next((tag for tag in sorted(tags) if tag[:1].isupper()), scenario.name), tags


def chosen(options: ScenarioOptions) -> list[Chosen]:
    """What an order means, by id, read from the features themselves: for a run that did not come to ask."""
    from pytest_bdd.feature import get_features

    found = []
    for feature in get_features([str(_folder())]):
        for scenario in feature.scenarios.values():
            scenario_id, tags = identity(scenario)
            if options.wants(scenario_id, tags):
                found.append(Chosen(scenario_id, scenario.name, Path(feature.filename).stem))
    return sorted(found, key=lambda one: one.id)


ISOLATION = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def command(options: ScenarioOptions, workers: int) -> list[str]:
    """Arguments of Python that run the chosen scenarios; "{fd}" stands for the descriptor that events go to."""
    folder = _folder()
    plugins = [argument for plugin in PLUGINS for argument in ("-p", plugin)]
    return [
        *("-m", "pytest", "-c", f"{folder / 'pytest.ini'}", "--rootdir", f"{folder}", "-p", "no:cacheprovider"),
        *plugins,
        *(("-n", f"{workers}") if workers > 1 else ()),
        *("--argus-options", options.as_json(), "--argus-fd", "{fd}", f"{folder}"),
    ]


def _folder() -> Path:
    """Where features/ is installed; looked up, not imported: features stands above the judge."""
    spec = importlib.util.find_spec("argus_wfm.features")
    if spec is None or not spec.submodule_search_locations:
        raise CouldNotRun("The package argus_wfm.features is missing; install argus-wfm again.")
    return Path(spec.submodule_search_locations[0])


def _check(options: ScenarioOptions, status: int, chosen: int, results: dict[str, Result], log: Path) -> None:
    """Nothing counts that was not run. Raises CouldNotRun."""
    if status == NONE_COLLECTED or (chosen == 0 and status == 0):
        asked = ", ".join([*options.ids, *([f"@{options.tag}"] if options.tag else []), *options.contracts])
        raise CouldNotRun(f"There is no scenario for {asked or 'this choice'}.")
    unknown = sorted(set(options.ids) - set(results))
    if status not in (0, 1) or len(results) != chosen:
        raise CouldNotRun(f"Scenarios broke off ({len(results)} of {chosen} told a verdict).\n{end_of(log)}")
    if unknown and not options.tag and not options.contracts:
        raise CouldNotRun(f"There is no scenario {', '.join(unknown)}.")
