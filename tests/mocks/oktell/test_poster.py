"""What is posted: in order for each agent, again over a gateway that is away, and with every fault as it says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from argus_wfm.json_type import Json
from tests.support.oktell import Centre, Receiver, call, centre, ends, login, unused


@pytest.fixture(scope="module")
def _joined() -> Iterator[tuple[Receiver, Centre]]:
    with Receiver().listening() as receiver, centre(receiver.url) as here:
        yield receiver, here


@pytest.fixture
def joined(_joined: tuple[Receiver, Centre]) -> tuple[Receiver, Centre]:
    """A receiver that has seen nothing, and a floor that stands still."""
    receiver, here = _joined
    here.told("/reset", {})
    for seen in (receiver.events, receiver.made, receiver.statuses, receiver.loads, receiver.tokens, receiver.broken):
        seen.clear()
    receiver.answer = lambda _event: None
    return receiver, here


def names(receiver: Receiver) -> list[str]:
    return [event["event"] for event in receiver.events]


def test_many_agents_at_once_and_each_in_order() -> None:
    with Receiver().listening() as receiver, centre(receiver.url, speed=1, agents=60) as here:
        here.move(1200)
        here.told("/live", {"speed": 0})
        here.move(0)  # returns once what was under way has arrived
        posting = here.state()["posting"]
        assert posting["posted"] == posting["acknowledged"] == len(receiver.made) > 50
        assert (posting["refused"], posting["duplicates"], posting["backlog"]) == (0, 0, 0)
        by_agent: dict[str, list[str]] = {}
        for event in receiver.events:
            by_agent.setdefault(event["agent_id"], []).append(event["timestamp"])
        assert all(earlier <= later for times in by_agent.values() for earlier, later in pairwise(times))
        assert max(event["timestamp"] for event in receiver.events) <= here.told("/clock")["now"]
        assert 1 < receiver.most_at_once <= 8
        assert {queue for queue, _ in receiver.loads} == {"support_queue", "sales_queue", "vip_queue"}


def test_nothing_is_lost_or_made_twice_over_a_gateway_that_is_away() -> None:
    receiver = Receiver()
    with receiver.listening(), centre(receiver.url, speed=1) as here:
        here.move(120)
        before = len(receiver.made)
        receiver.answer = lambda _event: (503, {"code": "CIRCUIT_OPEN"})
        here.move(300)
        assert len(receiver.made) == before > 0
        assert here.state()["posting"]["backlog"] > 0
        receiver.answer = lambda _event: None
        for _ in range(5):
            here.move(10)
        posting = here.state()["posting"]
        assert (posting["backlog"], posting["refused"]) == (0, 0)
        assert posting["posted"] == posting["acknowledged"] == len(receiver.made) > before
        assert posting["retried"] > 0


def test_gateway_that_is_not_there_yet_gets_everything_once_it_is() -> None:
    receiver = Receiver()
    receiver.bound.close()
    with centre(receiver.url, speed=1) as here:
        here.move(60)
        posting = here.state()["posting"]
        assert posting["unreachable"] > 0 == posting["acknowledged"]
        with receiver.listening():
            for _ in range(4):
                here.move(10)
            posting = here.state()["posting"]
            assert posting["backlog"] == 0 < posting["acknowledged"] == len(receiver.made) == posting["posted"]


def test_answer_that_was_lost_is_a_duplicate_of_the_same_event_id(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    receiver.answer = lambda event: _made_and_failed(receiver, event)
    assert here.feed(login())["events"][0]["trouble"] == "answered 500"
    receiver.answer = lambda _event: None
    here.move(1)
    assert [event["event_id"] for event in receiver.events] == [receiver.events[0]["event_id"]] * 2
    assert here.state()["posting"]["duplicates"] == 1


def _made_and_failed(receiver: Receiver, event: Json) -> tuple[int, Json]:
    receiver.made[event["event_id"]] = event
    return 500, {}


def test_refusals_are_counted_and_not_repeated(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    told = here.feed(ends(), login(), support_queue={"waiting": 3, "longest_wait": 42})
    assert [event["status"] for event in told["events"]] == [409, 200]
    assert told["events"][0]["body"] == {"code": "INVALID_TRANSITION"}
    assert told["loads"]["support_queue"]["status"] == 200
    assert receiver.loads[0][1] | {"timestamp": ""} == {"waiting": 3, "longest_wait": 42, "timestamp": ""}
    posting = here.state()["posting"]
    assert (posting["refused_by_status"], posting["acknowledged"], posting["retried"]) == ({"409": 1}, 1, 0)
    assert len(receiver.events) == 2


def test_expired_token_is_asked_for_again_at_once() -> None:
    given = iter(f"token-{number}" for number in range(9))
    with Receiver().listening() as receiver, centre(receiver.url, token=lambda: next(given)) as here:
        receiver.answer = lambda _event: (401, {"code": "TOKEN_EXPIRED"}) if len(receiver.tokens) == 1 else None
        assert here.feed(login())["events"][0]["status"] == 200
        assert receiver.tokens == ["token-0", "token-1"]


@pytest.mark.parametrize(
    "refusal", [(401, {"code": "TOKEN_INVALID"}), (403, {"code": "INSUFFICIENT_SCOPE"}), (404, {"code": "NOT_FOUND"})]
)
def test_an_event_outlives_a_token_that_is_not_taken_and_a_gateway_that_is_none(refusal: tuple[int, Any]) -> None:
    with Receiver().listening() as receiver, centre(receiver.url) as here:
        receiver.answer = lambda _event: refusal
        assert here.feed(login())["events"][0]["status"] is None
        receiver.answer = lambda _event: None
        here.move(10)
        posting = here.state()["posting"]
        assert (posting["acknowledged"], posting["refused"], posting["backlog"]) == (1, 0, 0)


def test_planted_event_for_a_gateway_that_is_away_says_so_and_arrives_later() -> None:
    with centre(unused()) as here:
        told = here.feed(login())["events"][0]
        assert told["status"] is None
        assert "onnect" in told["trouble"]
        assert here.state()["posting"]["backlog"] == 1


def test_duplicate_is_posted_twice(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    here.inject({"fault": "duplicate", "operation": "sendEvent", "times": 1})
    told = here.feed(login(), call())["events"]
    assert [reply["body"]["duplicate"] for reply in told[0]["replies"]] == [False, True]
    assert names(receiver) == ["login", "login", "call_start"]
    assert here.state()["faults"][0]["struck"] == 1


def test_reorder_swaps_with_the_next_of_the_same_agent(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    here.inject({"fault": "reorder", "operation": "sendEvent", "times": 1})
    told = here.feed(login(), login("MCE002"), call())["events"]
    assert [(event["agent_id"], event["event"]) for event in receiver.events] == [
        ("MCE002", "login"), ("MCE001", "call_start"), ("MCE001", "login")
    ]  # fmt: skip
    assert [event["status"] for event in told] == [200, 200, 409]
    assert told[0]["fault"] == "reorder"


def test_late_comes_with_its_own_time_and_nobody_waits_for_it(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    here.feed(login())
    here.inject({"fault": "late", "seconds": 600, "times": 1})
    assert [event["status"] for event in here.feed(call(), ends())["events"]] == [None, 409]
    here.move(590)
    assert names(receiver) == ["login", "call_end"]
    here.move(11)
    assert names(receiver) == ["login", "call_end", "call_start"]
    assert receiver.events[2]["timestamp"] <= receiver.events[1]["timestamp"]


def test_lifted_late_comes_at_once_and_reset_forgets_it(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    late = {"fault": "late", "seconds": 600, "operation": "sendEvent"}
    here.inject(late)
    here.feed(login())
    assert here.delete("/faults").ok
    here.move(0)
    assert names(receiver) == ["login"]
    here.inject(late)
    here.feed(call())
    here.told("/reset", {})
    here.move(601)
    assert names(receiver) == ["login"]


def test_unknown_word_lost_message_and_text_that_is_no_json(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    here.inject(
        {"fault": "unknown-status", "status": "lunch_walk", "times": 1},
        {"fault": "lose", "times": 1},
        {"fault": "non-json", "times": 1},
    )
    told = here.feed(login(), login(), login(), login())["events"]
    assert names(receiver) == ["lunch_walk", "login"]
    assert [event["status"] for event in told] == [409, None, 400, 200]
    assert [event.get("fault") for event in told] == ["unknown-status", "lose", "non-json", None]
    assert len(receiver.broken) == 1


def test_dropped_connection_breaks_off_and_the_event_comes_whole(joined: tuple[Receiver, Centre]) -> None:
    receiver, here = joined
    here.inject({"fault": "drop", "operation": "sendEvent", "times": 1})
    assert here.feed(login())["events"][0]["status"] == 200
    assert names(receiver) == ["login"]
    assert here.state()["faults"][0]["struck"] == 1
