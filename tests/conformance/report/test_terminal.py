"""A run on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from argus_wfm.conformance.report.terminal import Screen
from tests.support.runs import FAILED, GENERATED, HELD, PASSED, UNTESTED, run


def test_screen_tells_findings_reasons_and_curl(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(quiet=False) as screen:
        screen.heading("стенд")
        for one in (PASSED, FAILED, UNTESTED):
            screen.scenario(one, 3)
        screen.generated(1000, "fuzzing", 30)
        screen.summary(run(PASSED, FAILED, HELD, UNTESTED, generated=GENERATED), [Path("r/report.json")])
    told = capsys.readouterr().out
    for line in (
        "pass      PER-01",
        "fail      PER-05",
        "untested  SCH-03",
        "1. MOJIBAKE getAgents /agents/3/lastname · value · 2 times",
        "curl -sS 'x'",
        "seen by PER-05",
        "held back for safety: --allow-writes lets it run",
        "generated tests: 1000 requests",
        "Scenarios   4: 1 pass · 1 fail · 1 could not test · 1 held back for safety",
        "nothing was written to the host",
        "FINDINGS  1 findings",
        "shallow",
    ):
        assert line in told, line
    assert "\x1b" not in told


def test_quiet_screen_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(quiet=True) as screen:
        screen.heading("x")
        screen.scenario(PASSED, 1)
        screen.generated(1000, "fuzzing", 30)
        screen.summary(run(PASSED), [])
    assert capsys.readouterr().out == ""
