"""A host of ours to spoil: `argus up` as a child process, and the judge as a user calls it."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from pytest_bdd.feature import get_features

from argus_wfm.conformance.launch.process import STILL
from argus_wfm.conformance.scenarios.runner import identity
from tests.mutants.spoiling import BASIC, DIRECTORY

AGENTS = 120  # more than the 100 that a schedule may have, and few enough that reports are made at once
RUN_S, CALL_S = 240, 30
FEATURES = Path(__file__).parents[2] / "features"
AUDIENCES = {"mce": "mce", "stream": "mce", "export": "reports"}


@dataclass
class Host:
    """Where it is, and how to get in."""

    url: str
    ldap: str
    controls: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def begin(self, seed: int = 1, agents: int = AGENTS) -> None:
        """As new, with these people; the contact centre tells of its agents: free, on a call, on breaks, offline."""
        with requests.Session() as session:
            session.trust_env = False
            for control in self.controls.values():
                session.post(f"{control}/_control/reset", json={}, timeout=CALL_S).raise_for_status()
            for party in ("zup", "ldap"):
                cast = {"seed": seed, "agents": agents}
                session.post(f"{self.controls[party]}/_control/seed", json=cast, timeout=CALL_S).raise_for_status()
            for audience in ("mce", "reports"):
                self.tokens[audience] = self._token(session, audience)
            session.headers["Authorization"] = f"Bearer {self.tokens['mce']}"
            for number, event in enumerate(_day(dt.datetime.now(dt.UTC))):
                told = {"event_id": f"EVT{number}", **event}
                session.post(f"{self.url}/services/mce/events", json=told, timeout=CALL_S).raise_for_status()
            load = {"waiting": 3, "longest_wait": 42}
            for queue in ("sales_queue", "support_queue"):
                session.put(f"{self.url}/services/mce/queues/{queue}", json=load, timeout=CALL_S).raise_for_status()

    def credentials(self, contract: str) -> str:
        """Good ones, as Authorization has them."""
        if contract in AUDIENCES:
            return f"Bearer {self.tokens[AUDIENCES[contract]]}"
        return DIRECTORY if contract == "sso" else BASIC

    def _token(self, session: requests.Session, audience: str) -> str:
        asked = {"username": "ivan.ivanov", "auth_type": "ldap", "target_system": audience}
        headers = {"Authorization": DIRECTORY}
        reply = session.post(f"{self.url}/auth/sso/token", json=asked, headers=headers, timeout=CALL_S)
        reply.raise_for_status()
        return str(reply.json()["access_token"])


def _day(now: dt.datetime) -> Iterator[dict[str, Any]]:
    """Events of the last minutes, the earliest first."""

    def event(name: str, number: int, ago_s: int, **more: Any) -> dict[str, Any]:
        moment = (now - dt.timedelta(seconds=ago_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"event": name, "agent_id": f"MCE{number:03}", "timestamp": moment, **more}

    for number in range(1, 9):
        yield event("login", number, 900 - number, queues=["support_queue", "sales_queue"])
    yield event("logout", 3, 800)
    yield event("logout", 4, 790)
    yield event("call_start", 5, 700, call_id="CALL0001", queue="support_queue")
    yield event("call_end", 5, 600, call_id="CALL0001")
    yield event("call_start", 6, 500, call_id="CALL0002", queue="support_queue")
    yield event("break_start", 7, 400, reason="lunch")
    yield event("break_start", 8, 200, reason="rest")


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Host]:
    """`argus up` on free ports, as long as the block lasts."""
    command = [sys.executable, "-m", "argus_wfm", *STILL, "--json", "--until-stdin-ends", *arguments]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment())
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        ready = json.loads(child.stdout.readline())
        yield Host(ready["ready"]["gateway"], ready["ready"]["ldap"], ready["controls"])
    finally:
        child.stdin.close()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)
        child.stdout.close()


def judged(arguments: list[str], folder: Path) -> tuple[dict[str, Any], float]:
    """report.json of one run of the judge, and the seconds that it took; `exit_code` is the process's own."""
    command = [sys.executable, "-m", "argus_wfm", "conform", *arguments, "--report", str(folder), "--json"]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, cwd=folder.parent, env=_environment(), timeout=RUN_S)
    file = folder / "report.json"
    assert file.exists(), f"exit code {done.returncode}: {done.stderr.decode()}"
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {**report, "exit_code": done.returncode}, time.monotonic() - begun


@functools.cache
def direct_scenarios(contract: str) -> list[str]:
    """Ids of a contract's scenarios that ask the host itself and need neither faults, a clock nor our own gateway."""
    found = []
    for feature in get_features([str(FEATURES)]):
        for scenario in feature.scenarios.values():
            scenario_id, tags = identity(scenario)
            if contract in tags and tags.isdisjoint(("fault", "clock", "admin", "operations")):
                found.append(scenario_id)
    return found


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_TARGET_", "PYTEST_"))}
