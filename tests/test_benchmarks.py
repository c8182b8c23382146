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
    assert [row["server"] for row in measured] == ["nobody held", "5 held by a hanging 1C"] * 4
    assert [row["ratio"] for row in measured[::2]] == [1.0] * 4


@pytest.mark.slow
def test_sso_compares_directories_and_ways_of_signing() -> None:
    measured = rows("benchmarks.sso", "--requests", "6")
    told = [(row["what"], row["by"], row["count"]) for row in measured]
    assert [one for one in told if one[1] != "slapd"] == [
        ("tokens", "mock", 6),
        ("Bearer checks", "HS256", 6),
        ("Bearer checks", "ES256", 6),
    ]
    assert [row["ratio"] for row in measured if row["by"] in ("mock", "HS256")] == [1.0, 1.0]
    assert all(row["per_second"] > 0 for row in measured)


@pytest.mark.slow
def test_sso_tells_of_pairs_and_of_hostile_names() -> None:
    measured = rows("benchmarks.sso", "--pairs", "3", "--hostile", "40")
    assert [row["broken"] for row in measured if "names" in row] == [0] * (len(measured) // 2)
    assert all(sum(row["statuses"].values()) == 40 for row in measured if "names" in row)
    assert all(0 <= row["apart"] < 1 for row in measured if "pairs" in row)
    assert {row["by"] for row in measured} >= {"mock"}


@pytest.mark.slow
def test_stream_is_compared_with_websockets_alone() -> None:
    measured = rows("benchmarks.stream", "--subscribers", "5", "--seconds", "1", "--step", "0")
    assert [(row["server"], row["messages"], row["whole"]) for row in measured] == [
        ("websockets alone", 20, True),
        ("gateway", 20, True),
    ]
    assert measured[0]["ratio"] == 1.0


@pytest.mark.slow
def test_export_compares_each_format_with_its_library_alone() -> None:
    measured = rows("benchmarks.export", "--rows", "20", "--share", "0.0004")
    assert [(row["format"], row["rows"]) for row in measured] == [
        ("xlsx", 20), ("xlsx", 400), ("docx", 20), ("docx", 2), ("pdf", 20), ("pdf", 20), ("csv", 20), ("csv", 400)
    ]  # fmt: skip
    assert all(row["seconds"] > 0 and row["bare_seconds"] > 0 and row["size_mb"] > 0 for row in measured)
