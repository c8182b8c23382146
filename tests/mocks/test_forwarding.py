"""A mock 1C with a host of others behind it: the host is read, never written to, and changes are made here alone."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import httpx

from mocks.clock import Clock
from mocks.forwarding import Reply
from mocks.zup import zup
from openapi.server import background
from tests.callers import PASSWORD, USER
from tests.mocks.conftest import NOW

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
    """Of others, with two people; remembers what it was asked."""

    def __init__(self, *rows: dict[str, Any], status: int = 200) -> None:
        self.rows, self.status = list(rows) or [row("X1"), row("MCE777")], status
        self.asked: list[tuple[str, str, bytes]] = []

    def __call__(self, method: str, path: str, body: bytes) -> Reply | None:
        self.asked.append((method, path, body))
        if not self.status:
            return None
        if path.startswith("/agents/"):
            listed = {"agents": self.rows, "total_count": len(self.rows), "sync_timestamp": "2025-07-29T01:30:00Z"}
            return self.status, "application/json", json.dumps(listed, ensure_ascii=False).encode()
        return self.status, "application/json; charset=utf-8", json.dumps(NORM).encode()


@contextlib.contextmanager
def before(host: Host) -> Iterator[httpx.Client]:
    app = zup(user=USER, password=PASSWORD, clock=Clock(NOW), with_controls=True, ask=host)
    with background(app) as url, httpx.Client(base_url=url, auth=(USER, PASSWORD)) as client:
        host.asked.clear()  # who works there is asked when it starts
        yield client


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
    assert first.json()["agents"] == [odd]
    assert first.content == second.content
    assert [path for _, path, _ in host.asked] == [TODAY, "/getNormHours"]


def test_what_would_change_the_host_stays_here_and_its_people_are_known() -> None:
    host = Host()
    shift = {"date": "2025-08-01", "start_time": "09:00", "end_time": "18:00", "break_minutes": 60}
    schedule = {"employee_id": "X1", "shifts": [{**shift, "shift_type": "WORK"}]}
    sent = {"period_start": "2025-08-01", "period_end": "2025-08-31", "schedules": [schedule]}
    with before(host) as client:
        reply = client.post(BASE + "/sendSchedule", json=sent).json()
        sheets = client.get("/_control/state").json()["sheets"]
    assert (reply["status"], reply["errors"], host.asked) == ("success", [], [])
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
        assert host.asked == []
        assert norm(client, "NOBODY").json() == NORM  # the host may know whom it does not list today
        assert len(host.asked) == 1


def test_a_host_that_does_not_answer_is_a_503_and_is_asked_again() -> None:
    host = Host()
    with before(host) as client:
        host.status = 0
        silent = client.get(BASE + TODAY)
        host.status = 500
        failing = client.get(BASE + TODAY)
        host.status = 200
        sound = client.get(BASE + TODAY)
    assert (silent.status_code, silent.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert (failing.status_code, sound.status_code, len(host.asked)) == (500, 200, 3)


def test_people_that_cannot_be_read_whole_are_people_all_the_same() -> None:
    host = Host({"agent_id": "A"}, row("B", start_work="03.02.2019", norm_week="36"))
    with before(host) as client:
        client.post("/_control/agents", json={"agent_id": "B", "norm_week": 20})
        listed = {one["agent_id"]: one for one in agents(client)["agents"]}
    assert listed["A"] == {"agent_id": "A"}
    assert (listed["B"]["norm_week"], listed["B"]["lastname"]) == (20, "Чужой")
