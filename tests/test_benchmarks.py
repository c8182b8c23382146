"""The benchmark runs and compares like with like; what it measures is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_benchmark_gives_ratios_against_its_own_baseline() -> None:
    command = [sys.executable, "-m", "benchmarks.overhead", "--requests", "3", "--rounds", "2", "--json"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        cwd=Path(__file__).parents[1],
        timeout=120,
    )
    rows = json.loads(done.stdout)["rows"]
    assert [row["operation"] for row in rows] == ["GET 513 agents"] * 4 + ["POST getNormHours"] * 3
    baselines = [row for row in rows if row["server"].startswith("Starlette")]
    assert [row["ratio"] for row in baselines] == [1.0, 1.0]
    assert all(row["median_ms"] > 0 for row in rows)
