"""One installed package: nothing of ours is installed, or imported, under a name that may be a user's package."""

from __future__ import annotations

import importlib.metadata
import json
import runpy
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.conformance.launch.process import child_environment
from argus_wfm.conformance.scenarios.runner import ISOLATION, ScenarioOptions, command

ROOT = Path(__file__).parents[1]
FOREIGN = ("conformance", "features", "gateway", "mocks", "openapi")
LOADED = "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
IMPORT_ALL = f"""
import importlib, json, pkgutil, sys
import argus_wfm
for module in pkgutil.walk_packages(argus_wfm.__path__, "argus_wfm."):
    if "__main__" not in module.name and ".migrations." not in module.name and ".steps" not in module.name:
        if not module.name.endswith((".conftest", ".scenarios")) or ".features" not in module.name:
            importlib.import_module(module.name)
{LOADED}
"""
COLLECT = f"""
import json, os, sys
import pytest
stdout = os.dup(1)
os.dup2(2, 1)
arguments = json.loads(sys.argv[1])
status = pytest.main([*arguments, "--collect-only"])
assert status == 0, status
os.dup2(stdout, 1)
assert any(name.startswith("argus_wfm.features.steps.") for name in sys.modules)
{LOADED}
"""


def top_level_names(code: str, *arguments: str, **environment: str) -> set[str]:
    """Top-level names of the modules that are loaded once `code` has run in a process of its own."""
    made = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**child_environment(), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    return set(json.loads(made.stdout.splitlines()[-1]))


def test_importing_all_of_argus_loads_no_module_of_a_foreign_name() -> None:
    loaded = top_level_names(IMPORT_ALL)
    assert "argus_wfm" in loaded
    assert loaded.isdisjoint(FOREIGN)


def test_the_process_that_runs_the_features_loads_no_module_of_a_foreign_name() -> None:
    _, _, *arguments = command(ScenarioOptions(None), 1)
    given = json.dumps([argument.replace("{fd}", "1") for argument in arguments])
    loaded = top_level_names(COLLECT, given, **ISOLATION)
    assert "argus_wfm" in loaded
    assert loaded.isdisjoint(FOREIGN)


def test_the_distribution_installs_argus_wfm_and_nothing_else() -> None:
    found = importlib.metadata.distributions(name="argus-wfm")
    distribution = next(one for one in found if one.read_text("RECORD"))  # not the egg-info of a working tree
    if json.loads(distribution.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable"):
        pytest.skip("an editable installation has no files of its own; tox installs the wheel")
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}
    assert tops == {"argus_wfm", f"argus_wfm-{distribution.version}.dist-info"}
    assert {file.name for file in distribution.files or () if file.parts[0] == ".."} == {"argus"}


def test_a_build_takes_nothing_of_an_older_layout_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """setuptools reuses build/lib: after 0.1 was built there, its packages would come into the next wheel."""
    shutil.copy(ROOT / "setup.py", tmp_path)
    for folder in FOREIGN:
        (tmp_path / folder).mkdir()
    old, editable = (tmp_path / "build" / name / "x.py" for name in ("lib/conformance", "__editable__.argus_wfm"))
    for file in (old, editable):
        file.parent.mkdir(parents=True)
        file.touch()
    given: dict[str, Any] = {}
    found = types.SimpleNamespace(setup=given.update, find_namespace_packages=lambda include: [include[0]])
    monkeypatch.setitem(sys.modules, "setuptools", found)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(tmp_path / "setup.py"))
    assert {name.partition(".")[0] for name in given["packages"]} == {"argus_wfm"}
    assert (old.exists(), editable.exists()) == (False, True)
