"""However `argus conform` ends, what stands in its folder is true: interrupted, cancelled, killed, at fault itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from argus_wfm.conformance import run
from argus_wfm.conformance.cli.app import main
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.ldap.certificates import made
from argus_wfm.mocks.zup.app import zup
from argus_wfm.openapi.server import bind
from tests.support.amended_host import amending, host, in_json, unchanged, wrong_count
from tests.support.clock import NOW
from tests.support.conform_process import FEW, SOON_S, Silent, picked, running
from tests.support.http_client import PASSWORD, USER
from tests.support.polling import until

SOME = ("PER-01", "PER-02", "PER-03", "PER-04", "PER-05", "PER-06")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_interrupted_while_a_host_is_asked_what_it_has(number: int, code: int, tmp_path: Path) -> None:
    silent = Silent(lambda path: "getNormHours" in path)
    with silent.served() as url, running(tmp_path, "--base-url", url, "--only", "personnel") as one:
        assert silent.silent.wait(60)
        one.kill(number)
        screen = one.ends(code)
        report = one.report
        assert "INTERRUPTED" in screen
        assert (report["interrupted"], report["exit"]) == (True, code)
        assert {row["operation"]: row["state"] for row in report["capabilities"]} == {"getAgents": "there"}
        assert (report["scenarios"], report["requests"]) == ([], len(one.sent))
        assert {"PER-01", "SCH-01", "NRM-01"} <= set(report["not_reached"])
        assert "WSK-01" not in report["not_reached"]
        assert {path.name for path in one.folder.iterdir()} >= {"junit.xml", "sarif.json", "index.html"}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_had_no_verdict_is_run_by_failed(number: int, tmp_path: Path) -> None:
    silent = Silent(lambda path: False)
    given = ("--only", "personnel", "--max-time", "0")
    with silent.served() as url, running(tmp_path, "--base-url", url, *given, *picked(*SOME)) as one:
        one.says("PER-01")
        silent.silent.set()
        one.kill(number)
        one.ends(128 + number)
        first = one.report
    told = {row["id"] for row in first["scenarios"]}
    assert (told | {*first["not_reached"]}, told & {*first["not_reached"]}) == ({*SOME}, set())
    assert "PER-06" in first["not_reached"]
    with host(unchanged, agents=FEW) as url, running(tmp_path, "--base-url", url, "--failed") as again:
        again.ends(0)
        assert [row["id"] for row in again.report["scenarios"]] == first["not_reached"]
        assert again.report["not_reached"] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_findings_of_generated_tests_outlive_an_interruption(number: int, tmp_path: Path) -> None:
    given = ("--only", "personnel", "--scenario", "none", "--max-time", "90")
    deviating = host(in_json("/agents/", wrong_count), agents=FEW)
    with deviating as url, running(tmp_path, "--base-url", url, *given) as one:
        until(lambda: one.sent, lambda sent: sum(entry["by"] == "generated" for entry in sent) > 30, within_s=60.0)
        one.kill(number, all_of_terminal=number == signal.SIGINT)
        screen = one.ends(128 + number)
        report = one.report
    assert "COUNT" in {finding["code"] for finding in report["findings"]}
    assert report["generated"]["stop_reason"] == "interrupted"
    assert "interrupted, seed 1" in screen
    assert report["generated"]["cases"] >= 20
    assert report["generated"]["probes"]
    assert report["requests"] == len(one.sent)
    assert report["coverage"]["percent"] > 0


@pytest.mark.slow
def test_ctrl_c_leaves_no_findings_that_are_its_own(tmp_path: Path) -> None:
    """It reaches the judge alone; a gateway that ended before it would be unreachable."""
    with running(tmp_path, "--only", "personnel", "--scenario", "none", "--max-time", "90") as one:
        one.says("generated tests: ")
        assert [*one.processes(of_terminal=True)] == [one.child.pid]
        one.kill(signal.SIGINT, all_of_terminal=True)
        one.ends(130)
        report = one.report
    assert report["findings"] == []
    assert report["requests"] > report["generated"]["cases"] >= 250
    assert report["writes"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_everything_that_was_started(number: int, tmp_path: Path) -> None:
    with running(tmp_path) as one:
        one.says("pass")
        one.kill(number, all_of_terminal=number == signal.SIGINT)
        assert "INTERRUPTED" in one.ends(128 + number)
        report = one.report
    assert report["interrupted"]
    told = [row["id"] for row in report["scenarios"]]
    assert 0 < len(told) < 128
    assert len({*told, *report["not_reached"]}) == len(told) + len(report["not_reached"]) == 128
    assert {row["verdict"] for row in report["scenarios"]} == {"pass"}


@pytest.mark.slow
def test_generated_tests_that_somebody_else_ends_are_no_verdict(tmp_path: Path) -> None:
    given = ("--only", "personnel", "--scenario", "none", "--max-time", "90")
    with host(unchanged, agents=FEW) as url, running(tmp_path, "--base-url", url, *given) as one:
        until(lambda: one.sent, lambda sent: any(entry["by"] == "generated" for entry in sent), within_s=60.0)
        (child,) = [
            process for process, line in one.processes().items() if "argus_wfm.conformance.generated.runner" in line
        ]
        os.kill(child, signal.SIGTERM)
        _, told = one.child.communicate(timeout=SOON_S)
        assert (one.child.returncode, told) == (2, "argus: Generated tests were ended by somebody else.\n")
        assert one.report["could_not_run"] == "Generated tests were ended by somebody else."


@pytest.mark.slow
def test_a_run_that_is_killed_sends_no_more_and_leaves_no_older_report(tmp_path: Path) -> None:
    given = ("--only", "personnel", "--scenario", "none", "--max-time", "90")
    (tmp_path / "r").mkdir()
    for name in ("report.json", "junit.xml"):
        (tmp_path / "r" / name).write_text("{}", encoding="utf-8")
    with host(unchanged, agents=FEW) as url, running(tmp_path, "--base-url", url, *given) as one:
        until(lambda: one.sent, lambda sent: any(entry["by"] == "generated" for entry in sent), within_s=60.0)
        one.kill(signal.SIGKILL)
        one.child.wait(SOON_S)
        until(one.processes, lambda left: not left, within_s=SOON_S, what="nothing of it is left")
        assert "was killed" in one.report["could_not_run"]
        assert not (one.folder / "junit.xml").exists()


def test_two_runs_do_not_share_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent(lambda path: True)
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "journal.jsonl").write_text('{"older": true}\n', encoding="utf-8")
    (folder / "journal.jsonl").chmod(0o644)
    with silent.served() as url, running(tmp_path, "--base-url", url, "--only", "personnel") as one:
        assert silent.silent.wait(60)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert main(["conform", "--base-url", url, "--report", str(folder)]) == 2
        assert one.child.poll() is None  # the second one did not wait for the first, whose host is still silent
        said = capsys.readouterr().err
        assert (f"Another run is writing to {folder}" in said, "another --report" in said) == (True, True)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert stat.S_IMODE((folder / "journal.jsonl").stat().st_mode) == 0o600
        assert len(one.sent) == 1
        one.kill(signal.SIGKILL)
        one.child.wait(SOON_S)
        assert main(["conform", "--target", "none.toml", "--report", str(folder)]) == 2
        assert "Profile none.toml" in capsys.readouterr().err  # the dead one's lock is nobody's


def test_a_fault_of_argus_is_no_deviation_of_a_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.delenv("ARGUS_DEBUG", raising=False)
    monkeypatch.setattr(run, "_explore", faulty)
    command = ["conform", "--report", str(tmp_path), *picked("PER-04")]
    assert main(command) == 2
    said = "This is a fault of argus: ZeroDivisionError: by nothing. argus --debug shows where."
    assert capsys.readouterr().err == f"argus: {said}\n"
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (told["exit"], told["could_not_run"]) == (2, said)
    monkeypatch.setenv("ARGUS_DEBUG", "1")
    assert main(command) == 2
    assert "Traceback" in capsys.readouterr().err


def test_whoever_reads_the_screen_may_go(tmp_path: Path) -> None:
    with host(unchanged, agents=FEW) as url:
        given = ("--base-url", url, "--only", "personnel", "--max-time", "0", *picked("PER-01"))
        with running(tmp_path, *given) as one:
            assert one.child.stdout is not None
            one.child.stdout.close()
            assert one.child.wait(60) == 0
            assert [row["verdict"] for row in one.report["scenarios"]] == ["pass"]


@contextlib.contextmanager
def encrypted(folder: Path) -> Iterator[str]:
    """The mock 1C over TLS, by a certificate of `folder`/authority.pem."""
    certificate = made()
    for name in ("authority", "certificate", "key"):
        (folder / f"{name}.pem").write_bytes(getattr(certificate, name))
    app = amending(zup(user=USER, password=PASSWORD, agents=FEW, clock=Clock(NOW)), unchanged)
    certified, key = folder / "certificate.pem", folder / "key.pem"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ssl_certfile=certified, ssl_keyfile=key))
    bound = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"https://127.0.0.1:{bound.getsockname()[1]}/services/personnel"
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()


@pytest.mark.slow
def test_the_authority_beside_a_profile_is_found_by_every_process(tmp_path: Path) -> None:
    beside = tmp_path / "profiles"
    beside.mkdir()
    with encrypted(beside) as url:
        (beside / "host.toml").write_text(f'personnel_url = "{url}"\nca_file = "authority.pem"\n', encoding="utf-8")
        given = ("--target", "profiles/host.toml", "--only", "personnel", "--max-time", "3", *picked("PER-01"))
        with running(tmp_path, *given) as one:
            one.ends(0)
            assert [row["verdict"] for row in one.report["scenarios"]] == ["pass"]
