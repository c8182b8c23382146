"""What MCE is asked: agents, changes of a period, breaks and their time, calls, queues; on both databases."""

from __future__ import annotations

import datetime as dt

import pytest

from argus_wfm.json_type import Json
from tests.support.http_client import Caller, refused
from tests.support.mce_client import Centre, at


@pytest.fixture
def centre(mce_url: str) -> Centre:
    """Of a gateway that knows nothing yet; its clock may have been moved."""
    assert Caller(mce_url).control("/reset", {}).ok
    return Centre(mce_url)


def move(centre: Centre, seconds: float) -> None:
    assert Caller(centre.url).control("/clock", {"move_seconds": seconds}).ok
    centre.token = Centre(centre.url).token


def names(listed: Json) -> list[str]:
    return [one["agent_id"] for one in listed["agents"]]


# agents


def test_a_gateway_that_was_told_nothing_says_so(centre: Centre) -> None:
    told = centre.get("/agents/status")
    assert (told["agents"], told["total_count"], told["sequence"]) == ([], 0, 0)
    assert centre.get("/breaks") == {"breaks": [], "total_count": 0}
    assert centre.get("/queues") == {"queues": [], "total_count": 0}


def test_agents_are_listed_by_id_whatever_the_database_thinks_of_letters(centre: Centre) -> None:
    agents = ["a10", "B1", "b2", "Ж", "A1", "a-1", "a 1", "ё", "_"]
    for name in agents:
        centre.send("login", name)
    assert names(centre.get("/agents/status")) == sorted(agents)


def test_agents_are_listed_with_one_status_or_on_calls_of_one_queue(centre: Centre) -> None:
    for number, name in enumerate(["a", "b", "c", "d"]):
        centre.send("login", name)
        if name != "d":
            centre.send("call_start", name, call_id=f"C{number}", queue="q q" if name != "c" else "other")
    assert names(centre.get("/agents/status", queue="q q")) == ["a", "b"]
    centre.send("call_end", "a")
    assert names(centre.get("/agents/status", queue="q q", status="on_call")) == ["b"]
    assert names(centre.get("/agents/status", queue="q q", status="available")) == []
    assert names(centre.get("/agents/status", status="available")) == ["a", "d"]
    assert centre.get("/agents/status", status="on_call")["total_count"] == 2
    refused(centre.ask("GET", "/agents/status?status=busy"), 400, "VALIDATION_ERROR", "status")


# changes


def test_changes_of_a_period_come_in_pages(centre: Centre) -> None:
    centre.send("login", "a", timestamp=at(0))
    centre.send("login", "b", timestamp=at(0))
    for second in range(1, 8):
        centre.send(("break_end", "break_start")[second % 2], "a", timestamp=at(second))
    whole = centre.get("/agents/a/changes")
    assert ([one["timestamp"] for one in whole["items"]], whole["next"]) == ([at(second) for second in range(8)], None)
    period = {"since": at(2), "until": at(7)}
    pages = [centre.get("/agents/a/changes", limit=2, **period)]
    while pages[-1]["next"]:
        pages.append(centre.get("/agents/a/changes", limit=2, cursor=pages[-1]["next"], **period))
    assert [[one["timestamp"] for one in page["items"]] for page in pages] == [[at(2), at(3)], [at(4), at(5)], [at(6)]]
    assert centre.get("/agents/a/changes", since=at(100))["items"] == []
    assert len(centre.get("/agents/a/changes", since=at(6.5))["items"]) == 1
    refused(centre.ask("GET", "/agents/a/changes?since=yesterday"), 400, "VALIDATION_ERROR", "since")
    for limit in ("0", "501", "1" + "0" * 30, "-1" + "0" * 30):  # a number need not fit into 64 bits
        refused(centre.ask("GET", f"/agents/a/changes?limit={limit}"), 400, "VALIDATION_ERROR", "limit")


# breaks


def test_a_break_is_overrun_once_the_clock_has_passed_what_its_reason_allows(centre: Centre) -> None:
    for name, reason in (("lunch", "lunch"), ("unsaid", None), ("done", "rest")):
        centre.send("login", name)
        centre.send("break_start", name, **({"reason": reason} if reason else {}))
    centre.send("break_end", "done")
    move(centre, 5 * 60)
    centre.send("login", "late")
    centre.send("break_start", "late", reason="technical")
    assert [one["overrun"] for one in centre.get("/breaks")["breaks"]] == [False] * 3
    move(centre, 6 * 60)
    told = centre.get("/breaks")
    assert [
        (one["agent_id"], one["reason"], one["allowed_minutes"], one["minutes"], one["overrun"])
        for one in told["breaks"]
    ] == [("lunch", "lunch", 60, 11, False), ("unsaid", "personal", 10, 11, True), ("late", "technical", 10, 6, False)]
    assert told["total_count"] == 3
    assert [one["agent_id"] for one in centre.get("/breaks", overrun="true")["breaks"]] == ["unsaid"]
    assert [one["agent_id"] for one in centre.get("/breaks", overrun="false")["breaks"]] == ["lunch", "late"]
    assert centre.status("unsaid")["break"] == {"reason": "personal", "allowed_minutes": 10, "overrun": True}


def test_reasons_are_told_with_their_minutes_and_a_path_without_parameters_goes_first(centre: Centre) -> None:
    reasons = {one["reason"]: one for one in centre.get("/breaks/reasons")["reasons"]}
    assert reasons["lunch"] == {"reason": "lunch", "title": "Обед", "allowed_minutes": 60}
    assert set(reasons) == {"lunch", "rest", "training", "meeting", "technical", "personal"}


# calls


def test_a_call_is_active_until_its_agent_leaves_it(centre: Centre) -> None:
    refused(centre.ask("GET", "/calls/CALL1"), 404, "CALL_NOT_FOUND")
    centre.send("login", "a", timestamp=at(0))
    centre.send("call_start", "a", call_id="CALL1", queue="q", timestamp=at(1))
    active = {"call_id": "CALL1", "status": "active", "agent_id": "a", "queue": "q", "started_at": at(1)}
    assert centre.get("/calls/CALL1") == {**active, "ended_at": None}
    centre.send("call_end", "a", timestamp=at(5))
    assert centre.get("/calls/CALL1") == {**active, "status": "ended", "ended_at": at(5)}
    centre.send("break_start", "a", timestamp=at(6))
    assert centre.get("/calls/CALL1")["ended_at"] == at(5)


def test_of_a_call_that_two_have_taken_the_latest_counts(centre: Centre) -> None:
    for name in ("a", "b"):
        centre.send("login", name)
        centre.send("call_start", name, call_id="CALL1", queue="q")
    assert (centre.get("/calls/CALL1")["agent_id"], centre.get("/calls/CALL1")["status"]) == ("b", "active")
    centre.send("call_end", "a")
    assert centre.get("/calls/CALL1")["status"] == "active"


# queues


def test_a_queue_is_as_long_as_was_told_last_and_has_the_agents_who_are_free_for_it(centre: Centre) -> None:
    refused(centre.ask("GET", "/queues/q/metrics"), 404, "QUEUE_NOT_FOUND")
    centre.send("login", "a", queues=["q", "r", "q"])
    centre.send("login", "b", queues=["q"])
    centre.send("login", "c")
    assert centre.get("/queues/q/metrics") == {"queue": "q", "waiting": 0, "longest_wait": 0, "available_agents": 2}
    told = {"queue": "q", "waiting": 3, "longest_wait": 42, "available_agents": 2}
    assert centre.load("q", 3, 42).json() == told
    centre.send("call_start", "a", call_id="C", queue="new")
    assert centre.get("/queues/q/metrics") == {**told, "available_agents": 1}
    listed = centre.get("/queues")
    assert [(one["queue"], one["available_agents"]) for one in listed["queues"]] == [("new", 0), ("q", 1), ("r", 0)]
    assert listed["total_count"] == 3


def test_the_queues_of_an_agent_are_those_of_the_last_login_that_named_any(centre: Centre) -> None:
    def free(queue: str) -> int:
        available: int = centre.get(f"/queues/{queue}/metrics")["available_agents"]
        return available

    centre.send("login", "a", queues=["q", "r"])
    centre.send("logout", "a")
    assert (free("q"), free("r")) == (0, 0)
    centre.send("login", "a")
    assert (free("q"), free("r")) == (1, 1)
    centre.send("logout", "a")
    centre.send("login", "a", queues=["r"])
    assert (free("q"), free("r")) == (0, 1)
    centre.send("logout", "a")
    centre.send("login", "a", queues=[])
    assert (free("q"), free("r")) == (0, 0)


def test_a_load_older_than_the_one_known_changes_nothing(centre: Centre) -> None:
    assert centre.load("q", 5, 50, timestamp=at(10)).json()["waiting"] == 5
    assert centre.load("q", 9, 90, timestamp=at(9)).json()["waiting"] == 5
    assert centre.load("q", 6, 60, timestamp=at(10)).json()["waiting"] == 6
    centre.send("login", "a", queues=["q"])
    assert centre.get("/queues/q/metrics")["waiting"] == 6, "naming a queue tells nothing of its length"


def test_a_load_may_be_older_than_the_event_that_named_the_queue(centre: Centre) -> None:
    centre.send("login", "a", queues=["q"])
    assert centre.load("q", 5, 50, timestamp="2020-01-01T00:00:00Z").json()["waiting"] == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"waiting": 1}, "longest_wait"),
        ({"longest_wait": 1}, "waiting"),
        ({"waiting": -1, "longest_wait": 0}, "waiting"),
        ({"waiting": 0, "longest_wait": 5}, "longest_wait"),
        ({"waiting": 10**9, "longest_wait": 0}, "waiting"),
        ({"waiting": 1, "longest_wait": 10**9}, "longest_wait"),
        ({"waiting": 1, "longest_wait": 1.5}, "longest_wait"),
        ({"waiting": 1, "longest_wait": 1, "timestamp": "now"}, "timestamp"),
        ({"waiting": 1, "longest_wait": 1, "timestamp": "2099-01-01T00:00:00Z"}, "timestamp"),
        ({"waiting": 1, "longest_wait": 1, "extra": 1}, "extra"),
    ],
)
def test_a_load_against_the_contract_is_told_which_member_is_at_fault(centre: Centre, body: Json, field: str) -> None:
    refused(centre.ask("PUT", "/queues/q", json=body), 400, "VALIDATION_ERROR", field)
    refused(centre.ask("GET", "/queues/q/metrics"), 404, "QUEUE_NOT_FOUND")


def test_an_answer_says_when_it_was_so(centre: Centre) -> None:
    before = dt.datetime.fromisoformat(centre.get("/agents/status")["as_of"])
    move(centre, 3600)
    assert dt.datetime.fromisoformat(centre.get("/agents/status")["as_of"]) >= before + dt.timedelta(hours=1)


def test_a_cursor_that_is_none_of_ours_finds_nothing(centre: Centre) -> None:
    """Not the first page again, which would have whoever follows it go round for ever."""
    centre.send("login", "a")
    assert centre.get("/agents/a/changes", cursor="abc") == {"items": [], "next": None}
