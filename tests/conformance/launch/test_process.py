"""Gateway and mocks as a child process: there when asked for, gone when whoever asked is gone."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from argus_wfm.conformance.errors import LocalError
from argus_wfm.conformance.launch import process
from argus_wfm.conformance.launch.process import child_environment, from_ready, launched
from argus_wfm.conformance.target import Target


def test_launched_is_a_target_at_the_scenarios_present_and_can_be_reset() -> None:
    with launched() as address:
        target = Target(address)
        assert target.today().isoformat() == "2025-07-29"
        assert target.personnel.get("/agents/2025-07-01/2025-07-31").require(200)["total_count"] == 513
        target.reset()
        assert target.recorder.drain().requests == 1
    with pytest.raises(requests.ConnectionError):
        requests.get(address.personnel, timeout=5)


def test_servers_do_not_outlive_a_killed_parent() -> None:
    program = (
        "import time; from argus_wfm.conformance.launch.process import launched\n"
        "with launched() as address: print(address.personnel, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert requests.get(url, timeout=5).status_code == 404
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    with contextlib.suppress(requests.ConnectionError):
        while time.monotonic() < deadline:
            requests.get(url, timeout=5)
            time.sleep(0.05)
        pytest.fail("the servers are still there")


def test_wrong_settings_of_the_environment_do_not_reach_what_we_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_PORT", "none")
    monkeypatch.setenv("ARGUS_CALL_TIMEOUT_S", "-1")
    with launched() as address:
        assert Target(address).personnel.get("/agents/2025-07-01/2025-07-31").status == 200


def test_children_get_credentials_and_nothing_else_of_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = ("PYTEST_ADDOPTS", "https_proxy", "HTTP_PROXY", "ALL_PROXY")
    for name in (*leaking, "ARGUS_LIVE_USER"):
        monkeypatch.setenv(name, "x")
    environment = child_environment()
    assert environment.keys().isdisjoint(leaking)
    assert (environment["ARGUS_LIVE_USER"], environment["PYTHONSAFEPATH"]) == ("x", "1")


def test_servers_that_end_or_are_silent_are_told_of_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ended, silent = tmp_path / "ended", tmp_path / "silent"
    ended.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    silent.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    for program in (ended, silent):
        program.chmod(0o755)
    monkeypatch.setattr(process, "START_S", 0.5)
    monkeypatch.setattr(sys, "executable", str(silent))
    with pytest.raises(LocalError, match=r"did not start: they said nothing within 0\.5 s"), launched():
        pass
    monkeypatch.setattr(process, "START_S", 60)
    monkeypatch.setattr(sys, "executable", str(ended))
    with pytest.raises(LocalError, match="did not start: they ended with exit code 3 and said nothing"), launched():
        pass


@pytest.mark.parametrize("line", ["", "argus: Cannot listen", '{"other": 1}'])
def test_ready_line_that_is_none_says_so(line: str) -> None:
    with pytest.raises(LocalError, match="did not start"):
        from_ready(line)
