"""JUnit of a run: failures, skips, and what was not reached passes nowhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from argus_wfm.conformance import report
from argus_wfm.conformance.scenarios.runner import Chosen
from tests.support.runs import FAILED, GENERATED, HELD, PASSED, run


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
