"""A mock 1C with a host of others behind it: the host is read, never written to, and changes are made here alone."""

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.zup.app import zup
from argus_wfm.mocks.zup.host import Ask, HostResponse, NoAnswer
from argus_wfm.openapi.server import background
from tests.mocks.conftest import NOW
from tests.support.http_client import PASSWORD, USER

BASE = "/services/personnel"
TODAY = f"/agents/{NOW.date()}/{NOW.date()}"
NORMS = {"period_start": "2025-07-01", "period_end": "2025-07-31", "weekly_norm": 40, "employment_rate": 1}
NORM = {"norm_hours": 1, "working_days": 2, "holidays": 3, "pre_holiday_reduction": 4, "calculation_details": {}}


def row(agent_id: str, **members: Any) -> dict[str, Any]:
    return {
        "agent_id": agent_id,
        "tab_number": f"0{agent_id}",
        "lastname": "Чужой",
        "firstname": "Пётр",
        "secondname": None,
        "position_id": "P9",
        "department_id": "D9",
        "start_work": "2019-02-03",
        "norm_week": 36,
        "employment_rate": 0.5,
        **members,
    }


class Host:
    """Of others, with two people; remembers what it was asked. It answers with `status`, or with none."""

    def __init__(self, *rows: Any, status: int = 200, body: bytes | None = None, departs: str = "") -> None:
        self.rows = list(rows) or [row("X1"), row("MCE777")]
        self.status, self.body, self.departs = status, body, departs
        self.asked: list[tuple[str, str, bytes]] = []

    def __call__(self, method: str, path: str, body: bytes) -> HostResponse:
        self.asked.append((method, path, body))
        if not self.status:
            raise NoAnswer("the lights are off")
        if path.startswith("/agents/"):
            listed = {"agents": self.rows, "total_count": len(self.rows), "sync_timestamp": "2025-07-29T01:30:00Z"}
            content, media_type = json.dumps(listed, ensure_ascii=False).encode(), "application/json"
        else:
            content, media_type = json.dumps(NORM).encode(), "application/json; charset=utf-8"
        return HostResponse(self.status, media_type, self.body or content, lambda: self.departs)


@contextlib.contextmanager
def before(host: Ask) -> Iterator[httpx.Client]:
    app = zup(user=USER, password=PASSWORD, clock=Clock(NOW), with_controls=True, ask=host)
    with background(app) as url, httpx.Client(base_url=url, auth=(USER, PASSWORD)) as client:
        yield client


def told(client: httpx.Client) -> Any:
    return client.get("/_control/host").json()


def envelope(code: str) -> bytes:
    return json.dumps({"error": True, "code": code, "message": "m", "details": {"timestamp": "t"}}).encode()


def agents(client: httpx.Client) -> Any:
    return client.get(BASE + TODAY).json()


def norm(client: httpx.Client, employee_id: str) -> httpx.Response:
    return client.post(BASE + "/getNormHours", json={**NORMS, "employee_id": employee_id})


def test_what_is_read_is_the_host_s_as_it_came_and_asked_once() -> None:
    odd = row("X1", salary="1,5")
    host = Host(odd)
    with before(host) as client:
        first, second = client.get(BASE + TODAY), client.get(BASE + TODAY)
        assert norm(client, "X1").json() == NORM
        assert norm(client, "X1").headers["content-type"] == "application/json; charset=utf-8"
        assert told(client) == {"lacked": [], "departed": [], "waiting": []}
    assert first.json()["agents"] == [odd]
    assert first.content == second.content
    assert [path for _, path, _ in host.asked] == [TODAY, "/getNormHours"]  # who works there, when it started


def test_what_would_change_the_host_stays_here_and_its_people_are_known() -> None:
    host = Host()
    shift = {"date": "2025-08-01", "start_time": "09:00", "end_time": "18:00", "break_minutes": 60}
    schedule = {"employee_id": "X1", "shifts": [{**shift, "shift_type": "WORK"}]}
    sent = {"period_start": "2025-08-01", "period_end": "2025-08-31", "schedules": [schedule]}
    with before(host) as client:
        reply = client.post(BASE + "/sendSchedule", json=sent).json()
        sheets = client.get("/_control/state").json()["sheets"]
    assert (reply["status"], reply["errors"], [path for _, path, _ in host.asked]) == ("success", [], [TODAY])
    assert [sheet["agent_id"] for sheet in sheets] == ["X1"]


def test_who_is_hired_or_changed_here_is_put_into_what_the_host_lists() -> None:
    host = Host()
    with before(host) as client:
        client.post("/_control/agents", json={"hire": f"{NOW.date()}"})
        client.post("/_control/agents", json={"agent_id": "X1", "norm_week": 20})
        listed = agents(client)
        known = {one["agent_id"]: one for one in listed["agents"]}
        assert (len(known), listed["total_count"]) == (3, 3)
        assert known["X1"] == row("X1", norm_week=20)
        assert known["MCE777"] == row("MCE777")
        (hired,) = known.keys() - {"X1", "MCE777"}
        assert norm(client, hired).json() != NORM  # the host does not know of them
        client.post("/_control/agents", json={"agent_id": "X1", "dismissed": "2025-07-01"})
        assert "X1" not in {one["agent_id"] for one in agents(client)["agents"]}
        client.post("/_control/reset", json={})
        assert [one["agent_id"] for one in agents(client)["agents"]] == ["X1", "MCE777"]


def test_wrong_requests_and_strangers_are_refused_before_the_host_is_asked() -> None:
    host = Host()
    with before(host) as client:
        assert client.get(BASE + TODAY, auth=("x", "y")).status_code == 401
        assert client.get(BASE + "/agents/2025-13-01/2025-07-01").status_code == 400
        assert client.get(BASE + "/nothing").status_code == 404
        assert len(host.asked) == 1  # when it started
        assert norm(client, "NOBODY").json() == NORM  # the host may know whom it does not list today
        assert told(client)["departed"] == []
    assert len(host.asked) == 2


def test_a_host_that_does_not_answer_is_a_503_and_is_asked_again() -> None:
    host = Host()
    with before(host) as client:
        host.status = 0
        silent = norm(client, "X1")
        assert told(client)["lacked"] == ["the lights are off"]
        host.status = 500
        failing = norm(client, "X1")
        words = "getNormHours of the host: 500 where 200 was due"
        assert told(client) == {"lacked": ["the lights are off", words], "departed": [], "waiting": []}
        host.status = 200
        sound = norm(client, "X1")
        assert client.post("/_control/reset", json={}).status_code == 200
        assert told(client)["lacked"] == []
    assert (silent.status_code, silent.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert (failing.status_code, sound.status_code, len(host.asked)) == (500, 200, 4)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 503])
def test_what_may_be_over_soon_is_asked_again(status: int) -> None:
    host = Host()
    with before(host) as client:
        host.status, host.body = status, envelope("NOT_FOUND") if status == 404 else b"none of ours"
        assert norm(client, "X1").status_code == status
        assert told(client)["lacked"] == [f"getNormHours of the host: {status} where 200 was due"]
        host.status, host.body = 200, None
        assert norm(client, "X1").json() == NORM


def test_a_page_instead_of_an_answer_is_asked_again() -> None:
    host = Host()

    def maintained(method: str, path: str, body: bytes) -> HostResponse:
        sound = host(method, path, body)
        return sound if host.body is None else HostResponse(200, "text/html", host.body)

    with before(maintained) as client:
        host.body = b"<!doctype html><p>Back soon"
        assert norm(client, "X1").content == host.body
        assert told(client)["lacked"] == ["getNormHours of the host: text/html where application/json was due"]
        host.body = None
        assert norm(client, "X1").json() == NORM


@pytest.mark.parametrize(("status", "code"), [(400, "INVALID_PERIOD"), (404, "EMPLOYEE_NOT_FOUND"), (422, "ANY")])
def test_a_refusal_of_the_request_itself_stays_one(status: int, code: str) -> None:
    host = Host()
    with before(host) as client:
        host.status, host.body = status, envelope(code)
        assert [norm(client, "X1").status_code for _ in range(2)] == [status, status]
        words = f"getNormHours of the host: {status} where 200 was due"  # of somebody whom it lists itself
        assert told(client) == {"lacked": [], "departed": [words], "waiting": []}
    assert len(host.asked) == 2


def test_answers_against_the_contract_are_told_of_whenever_they_are_used() -> None:
    host = Host(departs="/norm_hours: text")
    with before(host) as client:
        for _ in range(2):
            client.post("/_control/reset", json={})
            norm(client, "X1")
            assert told(client)["departed"] == ["getNormHours of the host: /norm_hours: text"]
    assert len(host.asked) == 2


def test_an_answer_that_takes_its_time_is_told_of_as_one_that_is_not_there() -> None:
    host, asked, go = Host(), threading.Event(), threading.Event()

    def slow(method: str, path: str, body: bytes) -> HostResponse:
        if path == "/getNormHours":
            asked.set()
            assert go.wait(30)
        return host(method, path, body)

    with before(slow) as client, ThreadPoolExecutor(1) as pool:
        reply = pool.submit(norm, client, "X1")
        try:
            assert asked.wait(30)
            client.post("/_control/clock", json={"move_seconds": 2})
            assert told(client)["waiting"] == ["getNormHours of the host has not been answered yet"]
            client.post("/_control/reset", json={})
            assert told(client)["waiting"] == []  # of what was before
            host.status = 0
        finally:
            go.set()
        assert reply.result(30).status_code == 503
        assert told(client) == {"lacked": [], "departed": [], "waiting": []}


@pytest.mark.parametrize("status", [0, 429, 500])
def test_a_host_that_did_not_tell_who_works_there_is_asked_again(status: int) -> None:
    host = Host(status=status)
    with before(host) as client:
        assert client.get("/_control/state").json()["people"] == 0
        assert len(told(client)["lacked"]) == 1
        host.status = 200
        assert client.post("/_control/reset", json={}).json()["people"] == 2
        assert client.post("/_control/reset", json={}).json()["people"] == 2
    assert [path for _, path, _ in host.asked] == [TODAY, TODAY]


def test_a_host_without_people_has_said_so() -> None:
    host = Host()
    host.rows = []
    with before(host) as client:
        assert client.post("/_control/reset", json={}).json()["people"] == 0
        assert agents(client)["agents"] == []
        assert told(client) == {"lacked": [], "departed": ["getAgents of the host: nobody is listed"], "waiting": []}
    assert len(host.asked) == 1


def test_people_that_cannot_be_read_whole_are_people_all_the_same() -> None:
    host = Host({"agent_id": "A"}, row("B", start_work="03.02.2019", norm_week="36"))
    with before(host) as client:
        client.post("/_control/agents", json={"agent_id": "B", "norm_week": 20})
        listed = {one["agent_id"]: one for one in agents(client)["agents"]}
    assert listed["A"] == {"agent_id": "A"}
    assert (listed["B"]["norm_week"], listed["B"]["lastname"]) == (20, "Чужой")


def test_rows_that_are_nobody_cost_nobody_else_the_place_in_the_list() -> None:
    strange = [None, "X", {"agent_id": None}, {"lastname": "Без номера"}, {"agent_id": True}]
    host = Host(row("A"), *strange, row("B", tab_number=None))
    with before(host) as client:
        assert client.get("/_control/state").json()["people"] == 2
        client.post("/_control/agents", json={"agent_id": "B", "norm_week": 20})
        listed = agents(client)
    assert listed["agents"] == [row("A"), *strange, row("B", tab_number="2", norm_week=20)]
    assert listed["total_count"] == 7


def test_ids_that_are_numbers_are_those_of_whoever_is_asked_for_by_text() -> None:
    host = Host({**row("7"), "agent_id": 7, "tab_number": 42}, row("B"))
    with before(host) as client:
        client.post("/_control/agents", json={"agent_id": "7", "norm_week": 20})
        listed = agents(client)
        assert norm(client, "7").json() != NORM  # who was changed here is not asked for there
    assert listed["agents"] == [row("B"), row("7", tab_number="42", norm_week=20)]
    assert listed["total_count"] == 2
