"""The judge against hosts of others: it catches and names every deviation, and accuses no host that has none."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.host import AGENTS, Host, judged, running
from tests.mutants.mutants import MUTANTS
from tests.mutants.proxy import Proxy
from tests.mutants.spoiling import Deviation
from tests.mutants.variations import VARIATIONS, Variation

pytestmark = pytest.mark.slow

WRITES = ("--allow-writes", "--max-time")
RECIPES = {  # by contract; how the judge is called
    "personnel": ("--only", "personnel", *WRITES, "2"),
    "mce": ("--only", "mce", *WRITES, "3"),
    "stream": ("--only", "mce", *WRITES, "1"),
    "sso": ("--only", "sso", "--allow-auth-failures", *WRITES, "3"),
    "export": ("--only", "export", *WRITES, "2"),
    "directory": ("--only", "sso", "--scenario", "none", "--allow-auth-failures", *WRITES, "1"),
}
FEW = {"export": 8}  # people: a report of them is made at once
STREAM_OPERATIONS = {"agentStatus", "sendAgentStatus", "sendExtendedAgentStatus"}
KEPT = os.environ.get("ARGUS_MUTANTS_REPORTS")  # a folder for what the judge said of each, to be looked into


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    with running("--agents", str(AGENTS)) as served:
        yield served


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.id) for mutant in MUTANTS])
def test_mutant_is_caught_and_named(mutant: Deviation, host: Host, tmp_path: Path) -> None:
    report = _report(mutant, host, tmp_path, (1, FEW.get(mutant.contract, AGENTS)))
    of_operation = [one for one in report["findings"] if _is_of(one["operation"], mutant.operation)]
    naming = [one for one in of_operation if _names(one, mutant)]
    said = [f"{one['code']} {one['operation']} {one['where']}: {one['message']}" for one in report["findings"]]
    assert naming, f"{mutant.operation} {mutant.place} ({mutant.promise}); the judge said {said}"
    assert report["exit_code"] == 1


@pytest.mark.parametrize("variation", [pytest.param(variation, id=variation.id) for variation in VARIATIONS])
def test_variation_is_not_accused(variation: Variation, host: Host, tmp_path: Path) -> None:
    report = _report(variation, host, tmp_path, variation.cast or (1, FEW.get(variation.contract, AGENTS)))
    said = [f"{one['code']} {one['operation']} {one['where']}: {one['message']}" for one in report["findings"]]
    assert said == [], variation.why
    assert report["exit_code"] == 0


def _report(case: Deviation | Variation, host: Host, folder: Path, cast: tuple[int, int]) -> dict[str, Any]:
    """What the judge says of the host with the case before it."""
    host.begin(*cast)
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(Proxy(host.url, case.spoil()))
        target = ["--base-url", proxy.url]
        if case.directory:
            profile = folder / "host.toml"
            directory = stack.enter_context(case.directory())
            profile.write_text(f'base_url = "{proxy.url}"\nldap_url = "{directory}"\n', encoding="utf-8")
            target = ["--target", str(profile)]
        report, seconds = judged([*target, *RECIPES[case.contract]], folder / "report")
    if KEPT:
        kept = {"id": case.id, "seconds": round(seconds, 1), **report}
        (Path(KEPT) / f"{case.id}.json").write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    return report


def _is_of(found: str, operation: str) -> bool:
    if operation in STREAM_OPERATIONS:
        return found in STREAM_OPERATIONS
    return found == operation


def _names(finding: dict[str, Any], mutant: Deviation) -> bool:
    said = f"{finding['where']} {finding['message']}".lower()
    return any(name.lower() in said for name in mutant.named_by)
