"""The benchmarks run and compare like with like; what they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def rows(*command: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", *command, "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        cwd=Path(__file__).parents[1],
        timeout=120,
    )
    measured: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return measured


@pytest.mark.slow
def test_overhead_gives_ratios_against_its_own_baseline() -> None:
    measured = rows("benchmarks.overhead", "--requests", "3", "--rounds", "2")
    assert [row["operation"] for row in measured] == ["GET 513 agents"] * 4 + ["POST getNormHours"] * 4
    baselines = [row for row in measured if row["server"].startswith("Starlette")]
    assert [row["ratio"] for row in baselines] == [1.0, 1.0]
    assert all(row["median_ms"] > 0 for row in measured)


@pytest.mark.slow
def test_held_compares_each_kind_with_itself() -> None:
    measured = rows("benchmarks.held", "--held", "5", "--requests", "3", "--rounds", "2")
    assert [row["server"] for row in measured] == ["nobody held", "5 held by a hanging 1C"] * 3
    assert [row["ratio"] for row in measured[::2]] == [1.0] * 3
