"""Two gateway processes on one PostgreSQL and one Redis; and an outage of 1C that lasts an hour of the clock."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import jwt
import pytest
import requests

from argus_wfm.conformance.launch.process import launched
from argus_wfm.json_type import Json
from tests.support.http_client import AGENTS, TOKEN_KEY, Caller
from tests.support.peers import postgres, redis
from tests.support.polling import until
from tests.support.processes import serve_environment
from tests.support.relayed_zup import relayed

OVER = ("completed", "dead_letter", "cancelled")
WAIT_S = 90.0


class Operator:
    """Calls the operations API."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self.url, self._token = url, token
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, path: str) -> Json:
        return self._ask("GET", path)

    def post(self, path: str, body: Json = None) -> Json:
        return self._ask("POST", path, body)

    def delete(self, path: str) -> Json:
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: Json = None) -> Json:
        headers = {"Authorization": f"Bearer {self._token()}"}
        url = f"{self.url}/api/integration{path}"
        reply = self._session.request(method, url, json=body, headers=headers, timeout=30)
        assert reply.ok, reply.text
        return reply.json()

    def until(self, holds: Callable[[Json], bool], what: str) -> Json:
        """The queue, once it is so."""
        return until(lambda: self.get("/queue"), holds, within_s=WAIT_S, what=what)


@contextlib.contextmanager
def served(zup_url: str, **settings: str) -> Iterator[str]:
    """`argus serve` on a free port, by its environment."""
    environment = serve_environment(zup_url, **settings)
    command = [sys.executable, "-m", "argus_wfm", "serve", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True, encoding="utf-8"
    ) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())["ready"]["gateway"]
        finally:
            child.terminate()


def token() -> str:
    now = int(time.time())
    claims = {"iss": "argus", "sub": "tests", "aud": "argus", "iat": now, "exp": now + 3600}
    return jwt.encode(claims, TOKEN_KEY, algorithm="HS256")


@pytest.mark.slow
def test_two_gateways_share_the_work_and_the_caches() -> None:
    with relayed(agents=20) as party, postgres() as database, redis() as caches, contextlib.ExitStack() as stack:
        shared = {"DATABASE_URL": database, "REDIS_URL": caches}
        front = stack.enter_context(served(party.zup.url, WORKER_CONCURRENCY="0", **shared))
        back = stack.enter_context(served(party.zup.url, WORKER_CONCURRENCY="2", **shared))
        one, other = Operator(front, token), Operator(back, token)

        submitted = one.post("/operations/personnel_sync", {})
        one.until(lambda queue: queue["statuses"]["completed"] == 1, "the other one runs it")
        assert [worker["id"] for worker in one.get("/queue")["workers"]] == ["worker-0"]
        assert other.get(f"/operations/{submitted['id']}")["status"] == "completed"

        def hit(url: str) -> bool:
            reply = Caller(url).get(AGENTS)
            assert reply.ok, reply.text
            return "hit" in reply.headers["Cache-Status"]

        assert [hit(front), hit(back), hit(front)] == [False, True, True]
        other.delete("/caches/api_response")
        assert [hit(front), hit(back)] == [False, True]
        one.post("/operations/personnel_sync", {})
        one.until(lambda queue: queue["statuses"]["completed"] == 2, "the second sync")
        assert hit(front) is False


@pytest.mark.slow
def test_an_hour_without_1c_loses_nothing_and_one_redrive_completes_the_rest_once() -> None:
    with launched() as address:
        gateway, zup = address.controls["gateway"], address.controls["zup"]

        def control(url: str, path: str, body: Json = None) -> Json:
            reply = requests.request("GET" if body is None else "POST", f"{url}/_control{path}", json=body, timeout=30)
            assert reply.ok, reply.text
            return reply.json()

        operator = Operator(gateway, lambda: control(gateway, "/token", {"audience": "argus"})["access_token"])
        control(zup, "/faults", {"fault": "status", "status": 503})
        people = [f"MCE{number:03d}" for number in (1, 2, 3, 4, 5, 6)]
        for agent in people:
            operator.post("/operations/schedule_upload", _schedule(agent))
        for _ in range(60):
            operator.until(lambda queue: queue["oldest_due_at"] is None and not queue["statuses"]["running"], "settled")
            for url in (gateway, zup):
                control(url, "/clock", {"move_seconds": 60})
        _assert_explained(operator)
        requests.delete(f"{zup}/_control/faults", timeout=30).raise_for_status()
        operator.post("/dead-letters/redrive", {})
        for _ in range(8):
            for url in (gateway, zup):
                control(url, "/clock", {"move_seconds": 60})
            operator.until(lambda queue: queue["oldest_due_at"] is None and not queue["statuses"]["running"], "settled")
        assert operator.get("/queue")["statuses"]["completed"] == len(people)
        sheets = control(zup, "/state")["sheets"]
        assert sorted((sheet["agent_id"], sheet["version"]) for sheet in sheets) == [(agent, 1) for agent in people]


def _assert_explained(operator: Operator) -> None:
    """After the hour: nothing is lost, and each says why it is where it is."""
    items = operator.get("/operations?limit=500")["items"]
    assert len(items) == 6
    assert {item["status"] for item in items} <= {"waiting", "dead_letter"}
    for item in items:
        assert "1C ZUP" in item["reason"], item
        if item["status"] == "dead_letter":
            assert (item["error"]["code"], item["error"]["details"]["attempt"]) == ("SYNC_FAILED", 3)
            assert len(item["attempts"]) == 4


def _schedule(agent: str) -> Json:
    times = {"start_time": "09:00", "end_time": "18:00", "break_minutes": 60, "shift_type": "WORK"}
    schedules = [{"employee_id": agent, "shifts": [{"date": "2025-08-01", **times}]}]
    return {"period_start": "2025-08-01", "period_end": "2025-08-31", "schedules": schedules}
