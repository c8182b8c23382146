"""Faults of replies as a client of the mock sees them, over real sockets: late, lost, hanging, spoiled."""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.http_client import AGENTS, BASE, Caller
from tests.support.personnel import FACTS, NORM
from tests.support.polling import until
from tests.support.relayed_zup import Party, raw, relayed


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


def test_hang_is_never_answered_and_holds_no_thread(party: Party) -> None:
    party.inject({"fault": "hang", "operation": "getAgents"})
    with ThreadPoolExecutor(150) as pool:  # more than the mock has threads
        held = [pool.submit(raw, party, within_s=20) for _ in range(150)]
        arrived(party, "getAgents", 150)
        assert party.zup.post("/getNormHours", NORM).json()["norm_hours"] == 168
        assert not any(call.done() for call in held)
        party.lift()
        assert {call.result(10) for call in held} == {(b"", "reset")}
    assert party.zup.get(AGENTS).ok


def test_hung_call_ends_when_its_caller_goes(party: Party) -> None:
    party.inject({"fault": "hang"})
    assert raw(party, within_s=0.05) == (b"", "open")
    assert party.state()["calls"] == {}


@pytest.mark.parametrize(
    ("status", "code"), [(400, "VALIDATION_ERROR"), (503, "CIRCUIT_OPEN"), (418, "INTERNAL_ERROR")]
)
def test_status_comes_in_an_envelope(party: Party, status: int, code: str) -> None:
    party.inject({"fault": "status", "status": status})
    reply = party.zup.get(AGENTS)
    assert (reply.status_code, reply.json()["code"], reply.json()["error"]) == (status, code, True)


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


def call(zup: Caller) -> None:
    with contextlib.suppress(requests.RequestException):
        requests.post(f"{zup.url}{BASE}/sendFactWorkTime", json=FACTS, auth=("argus", "argus-dev"), timeout=0.5)


def arrived(party: Party, operation: str, count: int) -> None:
    """Wait until so many requests have come to the mock."""
    until(lambda: party.state()["arrived"], lambda seen: seen.get(operation, 0) >= count, within_s=10, what=operation)
