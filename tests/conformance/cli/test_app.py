"""The command line for its users: help, one clear line per error, exit codes, and one scenario over real sockets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.launch.process import STILL
from argus_wfm.conformance.model.findings import CODES
from tests.support.command_line import argus, running


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, and no setting of the developer's."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("ARGUS_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.parametrize("command", ["", "up", "mock", "serve", "conform", "explain", "faults"])
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*filter(None, [command]), "--help"]) == 0
    assert ("argus " if command else "Exit codes") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["conform", "--bogus"], "No such option"),
        (["nonsense"], "No such command"),
        (["explain", "NOPE"], "There is no code NOPE"),
        (["up", "--now", "yesterday"], "--now yesterday is no instant"),
        (["mock", "fax"], "There is no mock fax; there are: zup, oktell, sites, ldap, all"),
        (["mock", "oktell", "--fault", "hang"], "--fault hang: hang strikes replies; for this party there are: dupl"),
        (["mock", "zup", "--fault", "lose"], "--fault lose: lose strikes messages; for this party there are: latency"),
        (
            ["mock", "ldap", "--fault", "html"],
            "--fault html: html is none for this party; there are: drip, empty, hang",
        ),
        (["mock", "ldap", "--fault", "hang,operation=x"], "operation: there is no x; there are: bind, search, service"),
        (["mock", "oktell", "--gateway", "argus"], "--gateway argus is no address"),
        (["mock", "oktell", "--gateway", "http://argus.example"], "Set ARGUS_TOKEN"),
        (["mock", "zup", "--fault", "boom"], "--fault boom: there is no fault 'boom'; there are: latency,"),
        (["up", "--fault", "hang,operation=x"], "--fault hang,operation=x: operation: there is no x"),
        (["mock", "--calendar", "no-such-file.json"], "is not a production calendar"),
        (["serve"], "ARGUS_ZUP_URL: not set"),
        (["conform", "--only", "sap"], "There is no contract sap"),
        (["conform", "--scenario", "none", "--max-time", "0"], "leaves nothing to run"),
        (["conform", "--target", "no.toml"], "Profile no.toml: No such file"),
        (["conform", "--base-url", "argus.example"], "names no host"),
        (["conform", "--base-url", "http://x.example", "--target", "y.toml"], "not both"),
        (["conform", "--base-url", "https://argus.example"], "Set ARGUS_TARGET_USER and ARGUS_TARGET_PASSWORD"),
        (["conform", "--failed"], "There is no argus-report/report.json"),
        (["conform", "--scenario", "PER-99"], "There is no scenario for PER-99"),
        (["conform", "--tags", "nobody"], "There is no scenario for @nobody"),
        (["conform", "--report", "/proc/no", "--scenario", "ERR-02"], "Cannot write reports to /proc/no"),
    ],
)
def test_what_cannot_run_is_one_clear_line_and_exit_2(
    arguments: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.startswith("argus: ")
    assert told.count("\n") == 1


def test_run_without_a_verdict_leaves_no_older_report(tmp_path: Path) -> None:
    (tmp_path / "argus-report").mkdir()
    (tmp_path / "argus-report" / "junit.xml").write_text("<old/>", encoding="utf-8")
    done = argus("conform", "--target", "nowhere.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "Profile nowhere.toml" in done.stderr
    report = json.loads((tmp_path / "argus-report" / "report.json").read_text(encoding="utf-8"))
    assert (report["exit"], report["scenarios"]) == (2, [])
    assert not (tmp_path / "argus-report" / "junit.xml").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base_url = 1", "base_url"),
        ('colour = "red"\nbase_url = "http://x.example"', "colour"),
        ("not toml", "is not TOML"),
        ("", "names no host"),
    ],
)
def test_wrong_profile_is_named(text: str, said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "live.toml").write_text(text, encoding="utf-8")
    assert main(["conform", "--target", "live.toml"]) == 2
    assert said in capsys.readouterr().err


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in argus("--debug", "explain", "NOPE").stderr


def test_explain_knows_every_code_and_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    listed = capsys.readouterr().out
    assert all(code in listed for code in CODES)
    assert main(["explain", "renamed_member"]) == 0
    assert capsys.readouterr().out.startswith("RENAMED_MEMBER")
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("argus ")


@pytest.mark.slow
def test_one_scenario_then_the_failed_ones(tmp_path: Path) -> None:
    done = argus("conform", "--scenario", "PER-04", "--json", cwd=tmp_path)
    report: Any = json.loads(done.stdout)
    assert (done.returncode, [row["id"] for row in report["scenarios"]]) == (0, ["PER-04"])
    assert report["generated"] is None
    assert {path.name for path in tmp_path.iterdir()} == {"argus-report"}
    again = argus("conform", "--failed", cwd=tmp_path)
    assert (again.returncode, "No scenario failed" in again.stderr) == (2, True)


@pytest.mark.slow
def test_profile_and_credentials_from_the_environment(tmp_path: Path) -> None:
    with running(
        *STILL,
        "--now",
        "2025-07-29T01:30:00Z",
    ) as urls:
        (tmp_path / "t.toml").write_text(
            f'name = "стенд"\nbase_url = "{urls["gateway"]}"\nuser_env = "A"\npassword_env = "B"', encoding="utf-8"
        )
        right = argus("conform", "--target", "t.toml", "--scenario", "PER-01", cwd=tmp_path, A="argus", B="argus-dev")
        wrong = argus("conform", "--target", "t.toml", "--scenario", "PER-01", cwd=tmp_path, A="argus", B="x")
    assert right.returncode == 0, right.stdout
    assert "стенд" in right.stdout
    assert wrong.returncode == 1
    assert "AUTH_REFUSED" in wrong.stdout
    assert "argus-dev" not in right.stdout + wrong.stdout


def test_explain_says_what_to_look_at_and_what_may_have_been_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "date-format"]) == 0
    told = capsys.readouterr().out
    for words in ("DATE_FORMAT  error", "look at", "example", "a kind of WRONG_FORMAT"):
        assert words in told
    assert main(["explain", "RENAMED"]) == 2
    assert "did you mean RENAMED_MEMBER" in capsys.readouterr().err
