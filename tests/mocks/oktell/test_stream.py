"""Oktell's own stream, as a subscriber meets it over a real socket."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection

from argus_wfm.json_type import Json
from tests.support.oktell import Centre, call, ends, login

SOON_S = 5.0
STREAM = "agentStatus"


def heard(stream: ClientConnection, number: int) -> list[Json]:
    return [json.loads(stream.recv(SOON_S)) for _ in range(number)]


def silent(stream: ClientConnection) -> bool:
    """Nothing has come before the answer to a ping."""
    assert stream.ping().wait(SOON_S)
    try:
        stream.recv(0)
    except TimeoutError:
        return True
    return False


def statuses(messages: list[Json]) -> list[str]:
    return [message["new_status"] for message in messages]


def test_seven_keys_and_the_seed_s_values(here: Centre) -> None:
    with here.listen() as stream:
        here.feed(login(timestamp="2025-07-29T01:30:00Z"), call() | {"timestamp": "2025-07-29T10:30:00Z"})
        assert heard(stream, 2)[1] == {
            "event": "agent_status_change",
            "agent_id": "MCE001",
            "timestamp": "2025-07-29T10:30:00Z",
            "old_status": "available",
            "new_status": "on_call",
            "call_id": "CALL123",
            "queue": "support_queue",
        }
        here.feed(ends())
        (off_call,) = heard(stream, 1)
        assert (off_call["call_id"], off_call["queue"]) == (None, None)


def test_every_subscriber_hears_what_it_asked_for(here: Centre) -> None:
    with here.listen() as all_, here.listen("?agent_id=MCE002") as one, here.listen("?queue=support_queue") as queue:
        assert here.state()["feed"]["subscribers"] == 3
        here.feed(login(), login("MCE002"), call(), ends())
        assert len(heard(all_, 4)) == 4
        assert heard(one, 1)[0]["agent_id"] == "MCE002"
        assert statuses(heard(queue, 2)) == ["on_call", "available"]
        assert silent(one)
        assert silent(queue)


@pytest.mark.parametrize(
    ("query", "token", "status", "code"),
    [
        ("", "", 401, "UNAUTHORIZED"),
        ("", "another", 401, "UNAUTHORIZED"),
        ("?extended=1", "a-token-that-the-mock-takes", 400, "VALIDATION_ERROR"),
        ("?colour=red", "a-token-that-the-mock-takes", 400, "VALIDATION_ERROR"),
    ],
)
def test_who_may_not_listen_gets_no_socket(here: Centre, query: str, token: str, status: int, code: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        here.listen(query, token)
    response = refused.value.response
    assert (response.status_code, json.loads(response.body or b"")["code"]) == (status, code)
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


def test_frame_that_is_too_large_ends_the_connection(here: Centre) -> None:
    with here.listen() as stream:
        stream.send("read and left at that")
        assert silent(stream)
        stream.send("x" * 4097)
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(SOON_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_duplicate_reorder_and_loss(here: Centre) -> None:
    with here.listen() as stream:
        here.inject({"fault": "duplicate", "operation": STREAM, "times": 1})
        here.feed(login())
        assert statuses(heard(stream, 2)) == ["available", "available"]
        here.inject({"fault": "reorder", "operation": STREAM, "times": 1})
        here.feed(call(), login("MCE002"), ends())
        assert [message["agent_id"] for message in heard(stream, 3)] == ["MCE002", "MCE001", "MCE001"]
        here.inject({"fault": "lose", "times": 1})
        here.feed(call(), ends())
        assert heard(stream, 1)[0]["old_status"] == "on_call"
        assert silent(stream)


def test_late_comes_after_others_with_its_own_time(here: Centre) -> None:
    with here.listen() as stream:
        here.inject({"fault": "late", "operation": STREAM, "seconds": 60, "times": 1})
        here.feed(login())
        here.move(30)
        here.feed(login("MCE002"))
        here.move(31)
        second, first = heard(stream, 2)
        assert (second["agent_id"], first["agent_id"]) == ("MCE002", "MCE001")
        assert first["timestamp"] < second["timestamp"]


def test_unknown_status_stands_in_the_message_and_nowhere_else(here: Centre) -> None:
    with here.listen() as stream:
        here.inject({"fault": "unknown-status", "operation": STREAM, "status": "lunch_walk", "times": 1})
        here.feed(login(), call())
        unknown, known = heard(stream, 2)
        assert (unknown["new_status"], unknown["call_id"], known["old_status"]) == ("lunch_walk", None, "available")


def test_frame_that_is_no_json(here: Centre) -> None:
    with here.listen() as stream:
        here.inject({"fault": "non-json", "operation": STREAM, "times": 1})
        here.feed(login())
        with pytest.raises(json.JSONDecodeError):
            json.loads(stream.recv(SOON_S))


def test_drop_comes_without_a_close_frame_after_what_was_before(here: Centre) -> None:
    with here.listen() as stream, here.listen("?agent_id=MCE002") as other:
        here.feed(login())
        here.inject({"fault": "drop", "operation": STREAM, "times": 1})
        here.feed(call(), ends())
        assert statuses(heard(stream, 1)) == ["available"]
        with pytest.raises(ConnectionClosedError) as closed:
            stream.recv(SOON_S)
        assert closed.value.rcvd is None
        assert silent(other)
    with here.listen() as again:
        here.feed(call())
        assert statuses(heard(again, 1)) == ["on_call"]


def test_faults_strike_what_somebody_hears_and_by_their_seed(here: Centre) -> None:
    here.inject({"fault": "duplicate", "operation": STREAM, "probability": 0.5, "seed": 3})
    here.feed(login())
    assert here.state()["faults"][0]["struck"] == 0
    with here.listen() as stream:
        planted = [login(f"MCE{number:03d}") for number in range(100, 140)]
        here.feed(*planted)
        struck = here.state()["faults"][0]["struck"]
        assert 10 < struck < 30
        assert len(heard(stream, 40 + struck)) == 40 + struck
        assert silent(stream)
