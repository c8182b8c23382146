"""The judge against hosts of others: it catches and names every deviation, and accuses no host that has none."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.openapi import load
from tests.mutants.exchange import contract_of
from tests.mutants.host import AGENTS, Host, direct_scenarios, judged, running
from tests.mutants.mutants import MUTANTS
from tests.mutants.proxy import Proxy
from tests.mutants.spoiling import ANY, Deviation
from tests.mutants.variations import VARIATIONS, Variation

pytestmark = pytest.mark.slow

DIRECT = ("--allow-writes",)  # and the scenarios that ask the host itself, by name
SCENARIOS = ("--allow-writes", "--max-time", "0")
GENERATED = ("--allow-writes", "--scenario", "none", "--max-time", "6")
LONGER = ("--allow-writes", "--scenario", "none", "--max-time", "30")  # the default, for what is not caught sooner
RECIPES = {  # by contract: how the judge is called, scenarios first, then generated tests and probes
    "personnel": ("--only", "personnel"),
    "mce": ("--only", "mce"),
    "stream": ("--only", "mce"),
    "sso": ("--only", "sso", "--allow-auth-failures"),
    "export": ("--only", "export"),
    "directory": ("--only", "sso", "--allow-auth-failures"),
}
FEW = {"export": 8}  # people: a report of them is made at once
PATHS = {one.id: one.path for name in ("personnel", "mce", "sso", "export") for one in load(name).operations.values()}
STREAM_OPERATIONS = {"agentStatus", "sendAgentStatus", "sendExtendedAgentStatus"}
EVERY = 1 if os.environ.get("ARGUS_MUTANTS") == "all" else 3  # of all a third, by turns, unless all are asked for
KEPT = os.environ.get("ARGUS_MUTANTS_REPORTS")  # a folder for what the judge said of each, to be looked into


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    with running("--agents", str(AGENTS)) as served:
        yield served


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.id) for mutant in MUTANTS[::EVERY]])
def test_mutant_is_caught_and_named(mutant: Deviation, host: Host, tmp_path: Path) -> None:
    """By scenarios, or else by generated tests and probes, in the time that they have by default at most.

    Scenarios that only our own gateway on the host is asked for take a gateway, and tell nothing more of the host.
    """
    said: list[str] = []
    direct = (*DIRECT, *(word for one in direct_scenarios(RECIPES[mutant.contract][1]) for word in ("--scenario", one)))
    for report in _reports(mutant, host, tmp_path, direct, GENERATED, LONGER):
        said += _said(report)
        if any(_is_of(one["operation"], mutant) and _names(one, mutant) for one in report["findings"]):
            assert report["exit_code"] == 1
            return
    pytest.fail(f"{mutant.operation} {mutant.place} ({mutant.promise}); the judge said {said}")


@pytest.mark.parametrize("variation", [pytest.param(variation, id=variation.id) for variation in VARIATIONS[::EVERY]])
def test_variation_is_not_accused(variation: Variation, host: Host, tmp_path: Path) -> None:
    for report in _reports(variation, host, tmp_path, SCENARIOS, GENERATED):
        assert _said(report) == [], variation.why
        assert report["exit_code"] == 0


def _reports(case: Deviation | Variation, host: Host, folder: Path, *runs: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """What the judge says of the host with the case before it, as long as somebody wants to know more."""
    cast = getattr(case, "cast", None) or (1, FEW.get(case.contract, AGENTS))
    for number, run in enumerate(runs):
        if case.directory and run not in (GENERATED, LONGER):
            continue  # no scenario asks a directory
        host.begin(*cast)
        with contextlib.ExitStack() as stack:
            proxy = stack.enter_context(Proxy(host.url, case.spoil()))
            target = _target(case, proxy.url, folder, stack)
            report, seconds = judged([*target, *RECIPES[case.contract], *run], folder / f"report-{number}")
        assert proxy.defects == []
        if KEPT:
            kept = {"id": case.id, "seconds": round(seconds, 1), **report}
            (Path(KEPT) / f"{case.id}-{number}.json").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        yield report


def _target(case: Deviation | Variation, url: str, folder: Path, stack: contextlib.ExitStack) -> list[str]:
    if not case.directory:
        return ["--base-url", url]
    profile = folder / "host.toml"
    directory = stack.enter_context(case.directory())
    profile.write_text(f'base_url = "{url}"\nldap_url = "{directory}"\n', encoding="utf-8")
    return ["--target", str(profile)]


def _said(report: dict[str, Any]) -> list[str]:
    return [f"{one['code']} {one['operation']} {one['where']}: {one['message']}" for one in report["findings"]]


def _is_of(found: str, mutant: Deviation) -> bool:
    if mutant.operation in STREAM_OPERATIONS:
        return found in STREAM_OPERATIONS
    if mutant.operation == ANY:
        return contract_of(found) == mutant.contract
    method, _, path = found.partition(" ")  # where a method is asked for that the path has not
    return found == mutant.operation or (method.isupper() and PATHS[mutant.operation] == path)


def _names(finding: dict[str, Any], mutant: Deviation) -> bool:
    said = f"{finding['where']} {finding['message']}".lower()
    return any(name.lower() in said for name in mutant.named_by)
