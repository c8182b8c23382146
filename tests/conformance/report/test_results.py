"""One run as results: its exit code, report.json, and reports that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argus_wfm.conformance import report
from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.conformance.generated.runner import Generated
from argus_wfm.conformance.report.results import Run
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


def test_report_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="There is no"):
        report.read(tmp_path)
    (tmp_path / "report.json").write_text("{", encoding="utf-8")
    with pytest.raises(CouldNotRun, match="is no report"):
        report.read(tmp_path)
    report.write_failure("нет хоста", tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["could_not_run"] == "нет хоста"
