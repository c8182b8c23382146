"""MCE at the edge: what the contact centre tells, what comes of it, and what is refused and changes nothing."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from argus_wfm.json_type import Json
from tests.support.http_client import refused
from tests.support.mce_client import Centre, at, issued, new_id, of

IDS = ("MCE 001", "Ёж-1", "a%b?c=d&e#f+g", ".", "..", "\U0001f994" * 64, "x" * 64)


@pytest.fixture
def centre(mce_url: str) -> Centre:
    return Centre(mce_url)


@pytest.fixture
def agent(centre: Centre) -> str:
    """Available since NOW."""
    name = new_id("MCE")
    centre.send("login", name, timestamp=at(0))
    return name


def everything(centre: Centre, agent_id: str) -> Json:
    """What could have changed."""
    changes = centre.get(f"/agents/{agent_id}/changes")["items"]
    return centre.status(agent_id), changes, centre.get("/agents/status")["sequence"]


# agents


def test_the_first_login_makes_an_agent_known(centre: Centre) -> None:
    name = new_id("MCE")
    for path in (f"/agents/{name}/status", f"/agents/{name}/changes"):
        refused(centre.ask("GET", path), 404, "AGENT_NOT_FOUND")
    told = centre.send("login", name, timestamp=at(0))
    assert (told["old_status"], told["new_status"], told["duplicate"]) == ("offline", "available", False)
    shown = {"agent_id": name, "status": "available", "since": at(0), "call_id": None, "queue": None, "break": None}
    assert centre.status(name) == shown
    assert shown in centre.get("/agents/status")["agents"]


@pytest.mark.parametrize("event", ["logout", "call_start", "call_end", "break_start", "break_end"])
def test_of_an_unknown_agent_only_a_login_is_heard(centre: Centre, event: str) -> None:
    name = new_id("MCE")
    body = of(event, name, **({"call_id": "C", "queue": "q"} if event == "call_start" else {}))
    refused(centre.post(body), 404, "AGENT_NOT_FOUND")
    refused(centre.ask("GET", f"/agents/{name}/status"), 404, "AGENT_NOT_FOUND")


def test_a_day_of_an_agent_is_told_change_by_change(centre: Centre, agent: str) -> None:
    call = new_id("CALL")
    day = [
        centre.send("call_start", agent, call_id=call, queue="support", timestamp=at(1)),
        centre.send("call_end", agent, call_id=call, timestamp=at(2)),
        centre.send("break_start", agent, reason="lunch", timestamp=at(3)),
        centre.send("break_end", agent, timestamp=at(3)),
        centre.send("logout", agent, timestamp=at(4)),
    ]
    assert [(one["old_status"], one["new_status"], one["call_id"], one["queue"], one["timestamp"]) for one in day] == [
        ("available", "on_call", call, "support", at(1)),
        ("on_call", "available", None, None, at(2)),
        ("available", "on_break", None, None, at(3)),
        ("on_break", "available", None, None, at(3)),
        ("available", "offline", None, None, at(4)),
    ]
    sequences = [one["sequence"] for one in day]
    assert sequences == list(range(sequences[0], sequences[0] + 5))
    listed = [
        {name: value for name, value in one.items() if name not in ("event_id", "duplicate")}
        | {"event": "agent_status_change"}
        for one in day
    ]
    assert centre.get(f"/agents/{agent}/changes")["items"][1:] == listed


# events that are refused


def test_a_refused_transition_leaves_everything_as_it_was(centre: Centre, agent: str) -> None:
    before = everything(centre, agent)
    body = of("call_end", agent, timestamp=at(5))
    refused(centre.post(body), 409, "INVALID_TRANSITION")
    refused(centre.post(of("logout", agent, timestamp=at(-1))), 409, "INVALID_TRANSITION", "timestamp")
    assert everything(centre, agent) == before
    centre.send("call_start", agent, call_id="C", queue="q", timestamp=at(4))
    refused(centre.post(of("call_end", agent, call_id="D", timestamp=at(4))), 409, "INVALID_TRANSITION", "call_id")
    assert centre.post(body).json()["duplicate"] is False, "an event that was refused may come again in its time"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"event": "call_start", "call_id": "C"}, "queue"),
        ({"event": "call_start", "queue": "q"}, "call_id"),
        ({"event": "hold"}, "event"),
        ({"event": 5}, "event"),
        ({"event": None}, "event"),
        ({"event": "break_start", "reason": "nap"}, "reason"),
        ({"event": "logout", "reason": "rest"}, "reason"),
        ({"event": "login", "queues": ["q", ""]}, "queues.1"),
        ({"event": "login", "queues": "q"}, "queues"),
        ({"event": "login", "queues": ["q"] * 101}, "queues"),
        ({"event": "login", "agent_id": ""}, "agent_id"),
        ({"event": "login", "agent_id": "x" * 65}, "agent_id"),
        ({"event": "login", "agent_id": "a\0b"}, "agent_id"),
        ({"event": "login", "agent_id": "a/b"}, "agent_id"),
        ({"event": "login", "agent_id": "a\n"}, "agent_id"),
        ({"event": "login", "event_id": "a\0"}, "event_id"),
        ({"event": "login", "timestamp": "2025-07-29T01:30:00+00:00"}, "timestamp"),
        ({"event": "login", "timestamp": "2025-07-29"}, "timestamp"),
        ({"event": "login", "timestamp": "2025-02-30T01:30:00Z"}, "timestamp"),
        ({"event": "login", "timestamp": 1753752600}, "timestamp"),
        ({"event": "call_end", "call_id": "a/b"}, "call_id"),
        ({"event": "break_end", "extra": 1}, "extra"),
    ],
)
def test_an_event_against_the_contract_is_told_which_member_is_at_fault(
    centre: Centre, changed: Json, field: str
) -> None:
    refused(centre.post({"event_id": "E", "agent_id": "A", **changed}), 400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize("missing", ["event_id", "event", "agent_id"])
def test_a_missing_member_is_named(centre: Centre, missing: str) -> None:
    body = of("login", "A")
    del body[missing]
    assert "is missing" in refused(centre.post(body), 400, "VALIDATION_ERROR", missing)


@pytest.mark.parametrize("body", ["[]", '"login"', "5", "null", '[{"event": "login"}]'])
def test_what_is_no_object_is_no_event(centre: Centre, body: str) -> None:
    reply = centre.ask("POST", "/events", data=body, headers={"Content-Type": "application/json"})
    refused(reply, 400, "VALIDATION_ERROR")


# an event that comes again


def test_a_repeated_event_is_answered_as_before_and_has_no_second_effect(centre: Centre, agent: str) -> None:
    body = of("call_start", agent, call_id="C", queue="q", timestamp=at(1))
    first = centre.post(body).json()
    centre.send("call_end", agent, timestamp=at(2))
    before = everything(centre, agent)
    assert centre.post(body).json() == {**first, "duplicate": True}
    assert centre.post(dict(reversed(body.items()))).json() == {**first, "duplicate": True}
    assert everything(centre, agent) == before


def test_many_that_send_the_same_event_at_once_are_all_answered_and_one_has_effect(mce_url: str, agent: str) -> None:
    body = of("break_start", agent)
    token = issued(mce_url)

    def send(_number: int) -> Json:
        reply = Centre(mce_url, token).post(body)
        assert reply.ok, reply.text
        return reply.json()

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(send, range(24)))
    assert sorted(reply["duplicate"] for reply in replies) == [False] + [True] * 23
    assert len({reply["sequence"] for reply in replies}) == 1
    assert len(Centre(mce_url, token).get(f"/agents/{agent}/changes")["items"]) == 2


@pytest.mark.parametrize(
    "changed", [{"queue": "other"}, {"timestamp": "2025-07-29T01:30:02Z"}, {"event": "logout"}, {"agent_id": "B"}]
)
def test_another_event_under_the_same_id_is_refused(centre: Centre, agent: str, changed: Json) -> None:
    body = of("call_start", agent, call_id="C", queue="q", timestamp=at(1))
    assert centre.post(body).ok
    before = everything(centre, agent)
    other = {**body, **changed}
    if changed.get("event"):
        other = {name: other[name] for name in ("event_id", "event", "agent_id", "timestamp")}
    refused(centre.post(other), 400, "VALIDATION_ERROR", "event_id")
    assert everything(centre, agent) == before


# instants


def test_an_event_of_the_future_is_refused_but_for_a_minute_that_clocks_may_differ(centre: Centre) -> None:
    name = new_id("MCE")
    now = dt.datetime.fromisoformat(centre.get("/agents/status")["as_of"])
    late, soon = (now + dt.timedelta(seconds=s) for s in (75, 45))
    body = of("login", name, timestamp=late.isoformat().replace("+00:00", "Z"))
    refused(centre.post(body), 400, "VALIDATION_ERROR", "timestamp")
    refused(centre.ask("GET", f"/agents/{name}/status"), 404, "AGENT_NOT_FOUND")
    assert centre.send("login", name, timestamp=soon.isoformat().replace("+00:00", "Z"))


def test_an_event_without_an_instant_happened_when_it_came_and_keeps_that_when_repeated(centre: Centre) -> None:
    name = new_id("MCE")
    before = centre.get("/agents/status")["as_of"]
    body = of("login", name)
    told = centre.post(body).json()
    assert before <= told["timestamp"] <= centre.get("/agents/status")["as_of"]
    assert centre.post(body).json() == {**told, "duplicate": True}


def test_parts_of_a_second_are_left_out_so_that_coarse_clocks_and_fine_ones_agree(centre: Centre) -> None:
    name = new_id("MCE")
    assert centre.send("login", name, timestamp=at(1.9))["timestamp"] == at(1)
    assert centre.send("break_start", name, timestamp=at(1))["timestamp"] == at(1)


def test_an_agent_may_have_worked_long_ago(centre: Centre) -> None:
    assert centre.send("login", new_id("MCE"), timestamp="1999-12-31T23:59:59.123456Z")["timestamp"].startswith("1999")


# names


@pytest.mark.parametrize("name", IDS)
def test_ids_are_opaque_and_come_back_as_they_were(centre: Centre, name: str) -> None:
    if name not in [one["agent_id"] for one in centre.get("/agents/status")["agents"]]:
        centre.send("login", name, queues=[name])
    call = new_id("Звонок ")
    centre.send("call_start", name, call_id=call, queue=name)
    if name not in (".", ".."):  # which clients take out of a path
        assert centre.status(name)["queue"] == name
        assert centre.ask("GET", f"/calls/{call}").json()["agent_id"] == name
        assert centre.load(name, 1, 2).json()["queue"] == name
    assert [one["agent_id"] for one in centre.get("/agents/status", queue=name)["agents"]] == [name]
    assert centre.send("call_end", name, call_id=call)["agent_id"] == name


@pytest.mark.parametrize("path", ["/agents/a%2Fb/status", "/agents/a%00b/status", "/calls/a%0A", "/queues/%7F/metrics"])
def test_an_id_that_the_contract_has_not_is_no_path(centre: Centre, path: str) -> None:
    assert centre.ask("GET", path).status_code in (400, 404)
    assert centre.ask("GET", path).json()["code"] in ("NOT_FOUND", "VALIDATION_ERROR")
