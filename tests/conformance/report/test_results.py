"""One run as JSON, JUnit, HTML and on the screen: the same story, whatever characters a host sends."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from argus_wfm.conformance import report
from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.conformance.generated.runner import Generated
from argus_wfm.conformance.report.coverage import CoverageState, coverage
from argus_wfm.conformance.report.results import Run
from argus_wfm.conformance.report.terminal import Screen
from argus_wfm.conformance.scenarios.runner import Chosen
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.openapi import load
from tests.support.runs import FAILED, GENERATED, HELD, PASSED, UNTESTED, run


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (run(PASSED), 0),
        (run(PASSED, HELD, UNTESTED), 0),
        (run(PASSED, FAILED), 1),
        (run(HELD, UNTESTED), 2),
        (run(PASSED, generated=GENERATED), 1),
        (run(generated=Generated(cases=5)), 0),
        (run(), 2),
    ],
)
def test_exit_code_tells_what_was_run(done: Run, code: int) -> None:
    assert done.exit == code


def test_json_has_the_promised_members_and_readable_cyrillic(tmp_path: Path) -> None:
    report.write(run(PASSED, FAILED, HELD, generated=GENERATED), tmp_path)
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    told = report.read(tmp_path)
    assert "стенд" in text
    assert {"target", "started", "duration_s", "exit", "writes", "scenarios", "findings", "coverage"} <= set(told)
    assert {"id", "title", "verdict", "drift", "reason"} <= set(told["scenarios"][0])
    finding = {
        "code",
        "fingerprint",
        "severity",
        "drift",
        "operation",
        "where",
        "message",
        "expected",
        "actual",
        "curl",
    }
    assert finding <= set(told["findings"][0])
    assert (told["findings"][0]["times"], told["findings"][0]["scenarios"]) == (2, ["PER-05"])
    assert told["verdicts"] == {"pass": 1, "fail": 1, "could not test": 0, "held back for safety": 1}


def test_junit_is_xml_with_failures_and_skips(tmp_path: Path) -> None:
    report.write(run(PASSED, FAILED, HELD, generated=GENERATED), tmp_path)
    scenarios, generated = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (scenarios.get("tests"), scenarios.get("failures"), scenarios.get("skipped")) == ("3", "1", "1")
    assert (generated.get("tests"), generated.get("failures"), generated.get("skipped")) == ("8", "2", "2")


def test_what_was_not_reached_passes_nowhere(tmp_path: Path) -> None:
    reached, left = run(PASSED, generated=GENERATED), Chosen("PER-02", "Сценарий PER-02", "personnel_agents")
    report.write(replace(reached, interrupted=143, not_reached=[left]), tmp_path)
    scenarios, generated = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (scenarios.get("tests"), scenarios.get("skipped")) == ("2", "1")
    asked = [case for case in generated if case.get("name") == "generated requests"]
    assert [case.get("classname") for case in asked if case.find("skipped") is None] == ["getAgents"]  # with a finding
    (one,) = json.loads((tmp_path / "sarif.json").read_text(encoding="utf-8"))["runs"]
    assert (one["invocations"][0]["executionSuccessful"], one["invocations"][0]["exitCode"]) == (False, 143)
    told = report.read(tmp_path)
    assert (told["exit"], told["interrupted"], told["not_reached"]) == (143, True, ["PER-02"])
    assert "PER-02" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_page_escapes_what_a_host_sent(tmp_path: Path) -> None:
    report.write(run(PASSED, FAILED, HELD, UNTESTED, generated=GENERATED), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Иванов" in page
    for told in ("MOJIBAKE", "PER-05", "needs 100 employees", "--allow-writes lets it run", "shallow"):
        assert told in page


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


def test_coverage_counts_what_needs_no_fault() -> None:
    covered = coverage(
        [load("personnel")],
        ExchangeStats(Counter({"getAgents 200": 2, "getAgents 400": 1}), Counter({"getAgents 200": 1})),
    )
    states = {cell.status: cell.state for cell in covered.rows[0].cells}
    assert (states[200], states[400], states[401]) == (
        CoverageState.COVERED,
        CoverageState.DEVIATES,
        CoverageState.UNTESTED,
    )
    assert (states[429], states[504]) == (CoverageState.NEEDS_FAULT, CoverageState.NEEDS_FAULT)
    assert covered.percent == 100 // covered.eligible


def test_report_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="There is no"):
        report.read(tmp_path)
    (tmp_path / "report.json").write_text("{", encoding="utf-8")
    with pytest.raises(CouldNotRun, match="is no report"):
        report.read(tmp_path)
    report.write_failure("нет хоста", tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["could_not_run"] == "нет хоста"
