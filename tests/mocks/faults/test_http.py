"""Every kind of fault as a client of the mock sees it, over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.http_client import AGENTS, BASE, Caller
from tests.support.relayed_zup import Party, relayed

NORM = {
    "employee_id": "EMP001",
    "period_start": "2025-08-01",
    "period_end": "2025-08-31",
    "weekly_norm": 40,
    "employment_rate": 1.0,
}
FACTS = {"agentId": "MCE001", "date_start": "2025-08-02T09:00:00", "loginfo": []}


@pytest.fixture(scope="module")
def _party() -> Iterator[Party]:
    with relayed() as party:
        yield party


@pytest.fixture
def party(_party: Party) -> Party:
    _party.reset()
    return _party


def raw(party: Party, *, until: float = 5.0) -> tuple[bytes, str]:
    """What comes back for GET agents, byte for byte, and how it ended: "closed", "reset" or "open"."""
    host = urlsplit(party.zup.url)
    request = (
        f"GET {BASE}{AGENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YXJndXM6YXJndXMtZGV2\r\n"
        "Connection: close\r\n\r\n"
    )
    received, deadline = b"", time.monotonic() + until
    with socket.create_connection((str(host.hostname), int(host.port or 0))) as connection:
        connection.sendall(request.encode())
        try:
            while True:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                if not (chunk := connection.recv(65536)):
                    break
                received += chunk
        except ConnectionResetError:
            return received, "reset"
        except TimeoutError:
            return received, "open"
    return received, "closed"


def test_without_faults_bytes_are_those_of_the_mock_itself(party: Party) -> None:
    through, past = party.zup.get(AGENTS), party.behind.get(AGENTS)
    assert through.content.split(b'"sync_timestamp"')[0] == past.content.split(b'"sync_timestamp"')[0]
    assert set(through.headers) == set(past.headers)


def test_fault_that_does_not_strike_leaves_no_trace(party: Party) -> None:
    party.inject({"fault": "html", "operation": "getNormHours"}, {"fault": "reset", "times": 1})
    with pytest.raises(requests.ConnectionError):
        party.zup.get(AGENTS)
    assert party.zup.get(AGENTS).json()["total_count"] == 513
    assert party.zup.post("/sendFactWorkTime", FACTS).json() == {"result": True, "doc": None}


def test_latency_waits_for_the_mock_s_clock(party: Party) -> None:
    party.inject({"fault": "latency", "seconds": 100})
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(party.zup.get, AGENTS)
        arrived(party, "getAgents", 1)
        party.behind.control("/clock", {"move_seconds": 99})
        assert not call.done()
        party.behind.control("/clock", {"move_seconds": 2})
        assert call.result(5).status_code == 200


def test_lifted_latency_lets_go_at_once_and_the_work_is_done_once(party: Party) -> None:
    party.inject({"fault": "latency", "seconds": 3600, "operation": "sendFactWorkTime"})
    with ThreadPoolExecutor(1) as pool:
        call_ = pool.submit(party.zup.post, "/sendFactWorkTime", FACTS)
        arrived(party, "sendFactWorkTime", 1)
        party.lift()
        assert call_.result(5).json() == {"result": True, "doc": None}
    assert party.state()["calls"] == {"sendFactWorkTime": 1}


def test_late_reply_of_a_caller_who_went_is_of_a_request_carried_out(party: Party) -> None:
    party.inject({"fault": "latency", "seconds": 3600, "operation": "sendFactWorkTime"})
    call(party.zup)
    assert len(party.state()["facts"]) == 1


def test_empty_is_an_orderly_close_also_after_a_long_body(party: Party) -> None:
    party.inject({"fault": "empty"})
    with pytest.raises(requests.ConnectionError, match="RemoteDisconnected"):
        party.zup.post("/sendFactWorkTime", {**FACTS, "loginfo": ["x" * 3_000_000]})


def test_amended_value_is_not_worn_out_by_use(party: Party) -> None:
    patch = [{"op": "add", "path": "/extra", "value": {"n": 0}}, {"op": "count", "path": "/extra/n"}]
    party.inject({"fault": "amend", "operation": "getAgents", "patch": patch})
    assert [party.zup.get(AGENTS).json()["extra"]["n"] for _ in range(3)] == [1, 1, 1]


def test_bad_input_to_controls_is_refused_and_spoils_nothing(party: Party) -> None:
    wrong: list[tuple[str, Any]] = [
        ("/clock", {"move_seconds": 1e12}),
        ("/clock", {"now": "9999-12-31T00:00:00Z"}),
        ("/faults", {"fault": []}),
        ("/agents", {"agent_id": "MCE001", "hired": None}),
        ("/agents", {"agent_id": "MCE001", "norm_week": "forty"}),
    ]
    for path, body in wrong:
        assert party.behind.control(path, body).status_code == 400, (path, body)
    assert party.zup.get(AGENTS).json()["total_count"] == 513
    nan = requests.post(f"{party.behind.url}/_control/faults", data='{"fault": "latency", "seconds": NaN}', timeout=5)
    assert nan.status_code == 400
    assert party.behind.control("/clock").ok


def test_delays_add_up_and_go_together_with_one_other_fault(party: Party) -> None:
    party.inject(
        {"fault": "latency", "seconds": 0.05},
        {"fault": "uniform", "lower": 0.05, "upper": 0.06},
        {"fault": "status", "status": 500},
        {"fault": "html"},
    )
    started = time.monotonic()
    assert party.zup.get(AGENTS).status_code == 500
    assert time.monotonic() - started >= 0.1
    assert [fault["struck"] for fault in party.state()["faults"]] == [1, 1, 1, 0]


def test_random_delays_follow_their_seed_and_their_distribution() -> None:
    from argus_wfm.mocks.faults.active import ActiveFaults
    from argus_wfm.mocks.faults.parser import from_json

    def delays(**fault: Any) -> list[float]:
        board = ActiveFaults(["getAgents"])
        board.switch_on(from_json(fault, board.operations))
        return [board.decision("getAgents").delay_s for _ in range(400)]

    uniform, lognormal = {"fault": "uniform", "lower": 1, "upper": 3}, {"fault": "lognormal", "median": 2, "sigma": 0.5}
    assert delays(**uniform) == delays(**uniform) != delays(**uniform, seed=2)
    assert 1 <= min(delays(**uniform)) < 1.1 < 2.9 < max(delays(**uniform)) <= 3
    assert 1.8 < statistics.median(delays(**lognormal)) < 2.2
    assert max(delays(**lognormal)) > 5


def test_hang_is_never_answered_and_holds_no_thread(party: Party) -> None:
    party.inject({"fault": "hang", "operation": "getAgents"})
    with ThreadPoolExecutor(150) as pool:  # more than the mock has threads
        held = [pool.submit(raw, party, until=20) for _ in range(150)]
        arrived(party, "getAgents", 150)
        assert party.zup.post("/getNormHours", NORM).json()["norm_hours"] == 168
        assert not any(call.done() for call in held)
        party.lift()
        assert {call.result(10) for call in held} == {(b"", "reset")}
    assert party.zup.get(AGENTS).ok


def test_hung_call_ends_when_its_caller_goes(party: Party) -> None:
    party.inject({"fault": "hang"})
    assert raw(party, until=0.05) == (b"", "open")
    assert party.state()["calls"] == {}


def test_drip_of_the_body_and_of_the_head(party: Party) -> None:
    party.inject({"fault": "drip", "interval": 0.02})
    received, end = raw(party, until=0.3)
    head, _, body = received.partition(b"\r\n\r\n")
    assert end == "open"
    assert b"content-length: 12" in head.lower()
    assert len(body) < 100
    party.lift()
    party.inject({"fault": "drip", "interval": 0.02, "part": "head"})
    received, _ = raw(party, until=0.3)
    assert b"HTTP/1.1 200"[: len(received)] == received[:12]
    assert b"\r\n\r\n" not in received


def test_drip_of_a_short_body_comes_to_its_end(party: Party) -> None:
    party.inject({"fault": "drip", "interval": 0.001})
    assert party.zup.post("/sendFactWorkTime", FACTS).json() == {"result": True, "doc": None}


@pytest.mark.parametrize(
    ("status", "code"), [(400, "VALIDATION_ERROR"), (503, "CIRCUIT_OPEN"), (418, "INTERNAL_ERROR")]
)
def test_status_comes_in_an_envelope(party: Party, status: int, code: str) -> None:
    party.inject({"fault": "status", "status": status})
    reply = party.zup.get(AGENTS)
    assert (reply.status_code, reply.json()["code"], reply.json()["error"]) == (status, code, True)


def test_transport_faults(party: Party) -> None:
    ends = {}
    for fault in ("reset", "empty", "half-head", "truncate"):
        party.inject({"fault": fault, "times": 1})
        ends[fault] = raw(party)
    assert ends["reset"] == (b"", "reset")
    assert ends["empty"] == (b"", "closed")
    assert (len(ends["half-head"][0]), ends["half-head"][1]) == (20, "closed")
    head, _, body = ends["truncate"][0].partition(b"\r\n\r\n")
    promised = int(dict(line.split(b": ") for line in head.lower().split(b"\r\n")[1:])[b"content-length"])
    assert len(body) == promised // 2


def test_spoiled_replies(party: Party) -> None:
    def reply(**fault: Any) -> requests.Response:
        party.inject({**fault, "times": 1})
        return party.zup.get(AGENTS)

    malformed = reply(fault="malformed")
    assert malformed.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        malformed.json()
    html = reply(fault="html")
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<html" in html.text
    typed = reply(fault="content-type", media_type="application/xml")
    assert (typed.headers["content-type"], typed.json()["total_count"]) == ("application/xml", 513)
    declared = reply(fault="charset")
    assert declared.headers["content-type"] == "application/json; charset=windows-1251"
    assert "Иванов" in declared.content.decode("windows-1251")
    silent = reply(fault="charset", charset="koi8-r", declared=False)
    assert silent.headers["content-type"] == "application/json"
    assert json.loads(silent.content.decode("koi8-r"))["total_count"] == 513


def test_amended_replies(party: Party) -> None:
    party.inject(
        {
            "fault": "amend",
            "operation": "getAgents",
            "patch": [
                {"op": "remove", "path": "/agents/*/agent_id"},
                {"op": "replace", "path": "/agents/0/lastname", "value": "Петров"},
                {"op": "add", "path": "/agents/-", "value": {"lastname": "Новый"}},
                {"op": "add", "path": "/extra", "value": 1},
                {"op": "count", "path": "/total_count", "value": -3},
            ],
        }
    )
    body = party.zup.get(AGENTS).json()
    assert not any("agent_id" in agent for agent in body["agents"])
    assert (body["agents"][0]["lastname"], body["agents"][-1]) == ("Петров", {"lastname": "Новый"})
    assert (len(body["agents"]), body["total_count"], body["extra"]) == (514, 510, 1)


def test_amendment_that_finds_no_place_leaves_the_reply_and_says_why(party: Party) -> None:
    party.inject({"fault": "amend", "patch": [{"op": "remove", "path": "/agents/9999"}]})
    assert party.zup.get(AGENTS).json()["total_count"] == 513
    assert party.state()["faults"][0]["trouble"] == "/agents/9999: there is no 9999 in the reply"


def test_applied_faults_lose_the_reply_and_not_the_work(party: Party) -> None:
    for fault in ("hang", "reset", "empty", "status", "html"):
        party.reset()
        party.inject({"fault": fault, "operation": "sendFactWorkTime", "applied": True})
        call(party.zup)
        assert len(party.state()["facts"]) == 1, fault
        party.reset()
        party.inject({"fault": fault, "operation": "sendFactWorkTime"})
        call(party.zup)
        assert party.state()["facts"] == [], fault


def test_refuse_closes_the_port_and_lifting_opens_it_again(party: Party) -> None:
    for _ in range(2):
        with contextlib.closing(http.client.HTTPConnection(urlsplit(party.zup.url).netloc, timeout=5)) as kept:
            kept.request("GET", "/health")
            assert kept.getresponse().read()
            party.inject({"fault": "refuse"})
            assert kept.sock is not None
            with pytest.raises(ConnectionResetError):
                kept.sock.recv(1)
        with pytest.raises(requests.ConnectionError, match="refused"):
            Caller(party.zup.url).get(AGENTS)
        party.lift()
        assert Caller(party.zup.url).get(AGENTS).ok


def test_faults_given_at_the_start_are_there_again_after_a_reset() -> None:
    with relayed("refuse", "status,status=500,times=1", agents=3) as party:
        with pytest.raises(requests.ConnectionError):
            party.zup.get(AGENTS)
        party.lift()
        assert party.zup.get(AGENTS).status_code == 200
        party.behind.control("/reset", {})
        with pytest.raises(requests.ConnectionError):
            Caller(party.zup.url).get(AGENTS)


def test_probability_is_of_its_seed(party: Party) -> None:
    def struck() -> list[bool]:
        party.reset()
        party.inject({"fault": "status", "probability": 0.3, "seed": 7})
        return [party.zup.post("/getNormHours", NORM).status_code == 503 for _ in range(40)]

    first = struck()
    assert first == struck()
    assert 4 < sum(first) < 22


def test_controls_list_lift_one_and_refuse_what_is_no_fault(party: Party) -> None:
    party.inject({"fault": "hang", "operation": "getNormHours"}, {"fault": "html", "times": 2})
    one, other = party.behind.control("/faults").json()["faults"]
    assert (one["fault"], one["left"], other["left"], other["struck"]) == ("hang", None, 2, 0)
    (left,) = party.behind.delete(f"/faults/{one['id']}").json()["faults"]
    assert left["id"] == other["id"]
    assert party.behind.delete("/faults/99999").status_code == 404
    wrong: list[Any] = [{"fault": "boom"}, {"fault": "html", "operation": "nope"}, [{"fault": "html"}, {}], "x", [7]]
    for given in wrong:
        refused = party.behind.control("/faults", given)
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR"), refused.text
    assert len(party.behind.control("/faults").json()["faults"]) == 1


def test_a_mock_without_a_relay_takes_no_faults(zup: Caller) -> None:
    assert "relay" in zup.control("/faults", {"fault": "hang"}).json()["message"]


def call(zup: Caller) -> None:
    with contextlib.suppress(requests.RequestException):
        requests.post(f"{zup.url}{BASE}/sendFactWorkTime", json=FACTS, auth=("argus", "argus-dev"), timeout=0.5)


def arrived(party: Party, operation: str, count: int) -> None:
    """Wait until so many requests have come to the mock."""
    deadline = time.monotonic() + 10
    while party.state()["arrived"].get(operation, 0) < count:
        assert time.monotonic() < deadline, party.state()["arrived"]
        time.sleep(0.005)
