"""Accepted findings: shown apart until their day, and a file that is wrong says where."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

from argus_wfm.conformance import report
from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.conformance.model.findings import Findings
from argus_wfm.conformance.report import baseline
from argus_wfm.conformance.report.baseline import Accepted
from argus_wfm.conformance.report.terminal import Screen
from tests.support.runs import FAILED, FINDING, KNOWN, PASSED, TODAY, run

GOOD = {"fingerprint": "0a1b2c3d4e5f", "code": "VALUE", "reason": "известно", "expires": "2026-12-31"}


def test_an_accepted_finding_does_not_fail_the_run_until_its_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = dataclasses.replace(run(PASSED, FAILED), baseline=(KNOWN,))
    assert (run(PASSED, FAILED).exit, done.exit) == (1, 0)
    report.write(done, tmp_path)
    with Screen(quiet=False) as screen:
        screen.summary(done, [])
    assert f"accepted until {TODAY}: MOJIBAKE getAgents" in capsys.readouterr().out
    told = report.read(tmp_path)
    assert told["findings"][0]["accepted"] is True
    assert told["baseline"]["accepted"][0]["reason"] == KNOWN.reason
    assert KNOWN.reason in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'failures="0"' in (tmp_path / "junit.xml").read_text(encoding="utf-8")
    (suppressed,) = json.loads((tmp_path / "sarif.json").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert suppressed["suppressions"][0]["justification"] == KNOWN.reason


def test_an_expired_entry_counts_again_and_a_stale_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    expired = dataclasses.replace(KNOWN, expires=TODAY - dt.timedelta(days=1))
    stale = dataclasses.replace(KNOWN, fingerprint="0" * 12)
    done = dataclasses.replace(run(PASSED, FAILED), baseline=(expired, stale))
    with Screen(quiet=False) as screen:
        screen.summary(done, [])
    told = capsys.readouterr().out
    assert done.exit == 1
    assert f"accepted no longer since {expired.expires}" in told
    assert f"stale: MOJIBAKE {'0' * 12}" in told


def test_what_is_written_is_read_once_reasons_are_given(tmp_path: Path) -> None:
    path = tmp_path / "baseline.toml"
    path.write_text(baseline.written(Findings([FINDING]), (), TODAY), encoding="utf-8")
    with pytest.raises(CouldNotRun, match="the reason is still to be told"):
        baseline.read(path)
    path.write_text(path.read_text(encoding="utf-8").replace(baseline.TO_BE_TOLD, "так задумано"), encoding="utf-8")
    (entry,) = baseline.read(path)
    assert entry == Accepted(FINDING.fingerprint, "MOJIBAKE", "так задумано", TODAY + baseline.LIFE)
    assert baseline.written(Findings([FINDING]), [entry], TODAY) == path.read_text(encoding="utf-8")


def test_json_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps({"finding": [GOOD]}), encoding="utf-8")
    assert baseline.read(path) == [Accepted("0a1b2c3d4e5f", "VALUE", "известно", dt.date(2026, 12, 31))]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "is no JSON"),
        ("[]", r"to have a list of \[\[finding\]\]"),
        ({"finding": [GOOD], "more": 1}, "nothing beside it"),
        ({"finding": [7]}, "finding 1 is no table"),
        ({"finding": [GOOD, {**GOOD, "reason": " "}]}, "finding 2 has no reason"),
        ({"finding": [{**GOOD, "expires": None}]}, "finding 1 has no expires"),
        ({"finding": [{**GOOD, "expires": "31.12.2026"}]}, "31.12.2026, which is no day"),
        ({"finding": [{**GOOD, "code": "VALEU"}]}, "did you mean VALUE?"),
        ({"finding": [{**GOOD, "fingerprint": "xyz"}]}, "is no fingerprint"),
        ({"finding": [{**GOOD, "until": 1}]}, "has until, which is none of"),
        ({"finding": [GOOD, GOOD]}, "0a1b2c3d4e5f twice"),
    ],
)
def test_a_bad_file_says_what_is_wrong_where(given: object, said: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    with pytest.raises(CouldNotRun, match=said):
        baseline.read(path)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--baseline", str(tmp_path / "no.toml"), "--report", str(tmp_path)]) == 2
    assert "Cannot read the baseline" in capsys.readouterr().err
