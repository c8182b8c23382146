"""What the judge makes of collected frames, without a socket: code and place of every kind of departure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence

import pytest

from argus_wfm.conformance.model.findings import CODES, Finding
from argus_wfm.conformance.stream.checks import differing, disagreeing, judged
from argus_wfm.conformance.stream.matching import AcknowledgedEvent
from argus_wfm.conformance.stream.transcript import StatusSnapshot, Transcript, missing
from argus_wfm.conformance.target.websocket import Closing, Frame
from argus_wfm.json_type import Json
from argus_wfm.openapi.stream import load_stream

EXAMPLES = dict(load_stream().examples())
SEED, NUMBERED = EXAMPLES["agentStatusChange"], EXAMPLES["sequencedChange"]
SNAPSHOT, HEARTBEAT = EXAMPLES["snapshot"], EXAMPLES["heartbeat"]
BACK = {"old_status": "on_call", "new_status": "available", "call_id": None, "queue": None}


def change(minute: int = 30, **members: Json) -> Json:
    return {**SEED, "timestamp": f"2025-07-29T10:{minute:02d}:00Z", **members}


def there_and_back() -> list[Json]:
    return [change(30), change(31, **BACK)]


def heard(*messages: Json, query: dict[str, str] | None = None, closing: Closing | None = None) -> Transcript:
    """Frames that came at 1, 2, 3… s after the subscription's beginning."""
    frames = [
        Frame(one if isinstance(one, str | bytes) else json.dumps(one), float(at)) for at, one in enumerate(messages, 1)
    ]
    return Transcript(frames, 0.0, query=query or {}, closing=closing)


def extended(*messages: Json, **query: str) -> Transcript:
    return heard(*messages, query={"extended": "1", **query})


def numbered(*numbers: int) -> Iterator[Json]:
    """Changes of one agent to and fro, with these numbers."""
    for number, minute in zip(numbers, itertools.count(), strict=False):
        yield {**change(minute, **(BACK if minute % 2 else {})), "sequence": number}


def told(message: Json, sent: float = 0.5, acknowledged: float = 0.6, sequence: int = 1) -> AcknowledgedEvent:
    result = {**{name: value for name, value in message.items() if name != "event"}, "sequence": sequence}
    return AcknowledgedEvent(result, sent, acknowledged)


def places(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings]


@pytest.mark.parametrize(
    "right",
    [
        heard(SEED),
        heard(*there_and_back()),
        heard(closing=Closing(1000, "", ours=True)),
        extended(SNAPSHOT, HEARTBEAT, *numbered(6, 7), {**HEARTBEAT, "sequence": 7}, EXAMPLES["queueMetrics"]),
        extended(*numbered(6, 7), since="5"),
        extended({**SNAPSHOT, "sequence": 9}, *numbered(10), since="5"),
        extended(SNAPSHOT, *numbered(8), {**HEARTBEAT, "sequence": 9}, agent_id="MCE001"),
        heard(change(30), change(32), query={"queue": "support_queue"}),
        heard(change(30, agent_id="A"), change(29, agent_id="B")),
    ],
)
def test_what_is_right_has_no_finding(right: Transcript) -> None:
    assert judged(right) == []


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        (heard("available"), "STREAM_NOT_JSON", "frame"),
        (heard(b"{}"), "STREAM_NOT_JSON", "frame"),
        (heard("[1]"), "STREAM_NOT_JSON", "frame"),
        (heard('{"a": NaN}'), "STREAM_NOT_JSON", "frame"),
        (heard("[" * 100_000), "STREAM_NOT_JSON", "frame"),
        (heard({name: SEED[name] for name in SEED if name != "queue"}), "MISSING_MEMBER", "/queue"),
        (heard({("stateCode" if name == "new_status" else name): SEED[name] for name in SEED}), "RENAMED_MEMBER",
         "/new_status"),
        (heard({("actionTime" if name == "timestamp" else name): SEED[name] for name in SEED}), "RENAMED_MEMBER",
         "/timestamp"),
        (heard({**SEED, "sequence": 5}), "UNDECLARED_MEMBER", "/sequence"),
        (heard({**SEED, "call_id": 123}), "WRONG_TYPE", "/call_id"),
        (heard({**SEED, "timestamp": "2025-07-29T13:30:00+03:00"}), "DATE_FORMAT", "/timestamp"),
        (heard({**SEED, "timestamp": "2025-07-32T13:30:00Z"}), "WRONG_FORMAT", "/timestamp"),
        (heard({**SEED, "new_status": "busy", "call_id": None, "queue": None}), "ENUM_VALUE", "/new_status"),
        (heard({**SEED, "event": "agent_state"}), "OUT_OF_RANGE", "/event"),
        (heard({**SEED, "agent_id": ""}), "OUT_OF_RANGE", "/agent_id"),
        (heard(change(30), change(31, **{**BACK, "old_status": "on_break"})), "STREAM_CHAIN", "/old_status"),
        (heard(change(30), change(29, **BACK)), "STREAM_TIME_BACK", "/timestamp"),
        (heard({**SEED, "old_status": "offline"}), "STREAM_ILLEGAL_TRANSITION", "/new_status"),
        (heard({**SEED, **BACK, "new_status": "on_break"}), "STREAM_ILLEGAL_TRANSITION", "/new_status"),
        (heard({**SEED, "old_status": "on_call"}), "STREAM_ILLEGAL_TRANSITION", "/new_status"),
        (heard({**SEED, "call_id": None}), "STREAM_CALL_MEMBERS", "/call_id"),
        (heard({**SEED, "new_status": "on_break", "call_id": None}), "STREAM_CALL_MEMBERS", "/queue"),
        (heard(SEED, SEED), "STREAM_DUPLICATE", "message"),
        (extended(*numbered(6)), "STREAM_GAP", "/sequence"),
        (extended(SNAPSHOT, *numbered(7)), "STREAM_GAP", "/sequence"),
        (extended(*numbered(7), since="5"), "STREAM_GAP", "/sequence"),
        (extended(*numbered(5), since="5"), "STREAM_DUPLICATE", "/sequence"),
        (extended(SNAPSHOT, *numbered(6, 6)), "STREAM_DUPLICATE", "/sequence"),
        (extended(SNAPSHOT, {**HEARTBEAT, "sequence": 6}), "STREAM_GAP", "/sequence"),
        (extended(SNAPSHOT, *numbered(6), {**SNAPSHOT, "sequence": 4}), "STREAM_GAP", "/sequence"),
        (extended({**SNAPSHOT, "agents": [{**SNAPSHOT["agents"][0], "status": "busy"}]}), "ENUM_VALUE",
         "/agents/0/status"),
        (heard(closing=Closing(1011, "defect")), "STREAM_CLOSED", "close"),
        (heard(closing=Closing(1009, "too big", refused=True)), "STREAM_CLOSED", "close"),
        (heard(closing=Closing(1007, "invalid utf-8", refused=True)), "STREAM_NOT_JSON", "frame"),
    ],
)  # fmt: skip
def test_departure_has_code_and_place(wrong: Transcript, code: str, where: str) -> None:
    found = places(judged(wrong))
    assert (code, where) in found
    assert all(code in CODES for code, _ in found)


def test_each_kind_and_place_comes_once_however_long_the_stream() -> None:
    assert (
        places(judged(heard(*[{**SEED, "reason": "x"} for _ in range(50)]))).count(("UNDECLARED_MEMBER", "/reason"))
        == 1
    )


def test_what_was_acknowledged_and_not_told_is_lost() -> None:
    first, second = there_and_back()
    events = [told(first), told(second, 1.5, 1.6)]
    assert places(judged(heard(first), events)) == [("STREAM_LOST", "message")]
    assert missing(heard(first), events) == [events[1]]
    assert missing(heard(first, second), events) == []


@pytest.mark.parametrize(("query", "sent"), [({"agent_id": "MCE002"}, 0.5), ({"queue": "other"}, 0.5), ({}, -1.0)])
def test_what_a_subscription_does_not_concern_is_not_lost(query: dict[str, str], sent: float) -> None:
    assert judged(heard(query=query), [told(SEED, sent, 0.6)]) == []


def test_what_comes_late_is_late_and_not_lost() -> None:
    found = judged(heard(SEED), [told(SEED, 0.1, 0.2)], late_s=0.7)
    assert places(found) == [("STREAM_LATE", "time")]
    assert "0.8 s after" in found[0].message
    assert judged(heard(SEED), [told(SEED, 0.1, 0.2)], late_s=0.9) == []


def test_message_and_reply_that_differ_disagree() -> None:
    found = judged(heard({**SEED, "call_id": "CALL9"}), [told(SEED)])
    assert places(found) == [("STREAM_REST_DISAGREES", "/call_id")]
    exact = {**SEED, "timestamp": "2025-07-29T10:30:00.400000Z"}
    assert judged(heard(exact), [told(SEED)]) == []


def test_unknown_status_is_paired_with_its_event_all_the_same() -> None:
    busy = {**SEED, "new_status": "busy", "call_id": None, "queue": None}
    assert "STREAM_LOST" not in {code for code, _ in places(judged(heard(busy), [told(SEED)]))}


def test_resumed_stream_owes_what_came_after_its_number() -> None:
    events = [told(SEED, -5.0, -4.0, sequence=6), told(change(31, **BACK), -3.0, -2.0, sequence=7)]
    first, second = numbered(6, 7)
    assert judged(extended(first, second, since="5"), [told(first, -5, -4, 6), told(second, -3, -2, 7)]) == []
    assert ("STREAM_GAP", "message") in places(judged(extended(since="5"), events))
    assert places(judged(extended(since="7"), events)) == []
    assert places(judged(extended({**SNAPSHOT, "sequence": 7}, since="5"), events)) == []


def test_plain_stream_that_tells_of_old_changes_repeats_them() -> None:
    old = told(SEED, -5.0, -4.0)
    assert places(judged(heard(SEED), [old])) == [("STREAM_DUPLICATE", "reconnect")]
    assert judged(heard(change(31)), [old]) == []


def test_two_subscribers_who_differ() -> None:
    one, other, events = heard(SEED), heard({**SEED, "queue": "sales"}), [told(SEED)]
    assert differing(one, one, events) == differing(one, extended(SNAPSHOT, NUMBERED), events) == []
    assert places(differing(one, other, events)) == [("STREAM_DIFFERS", "subscribers")]
    assert places(differing(one, heard(), events)) == [("STREAM_DIFFERS", "subscribers")]


def status(name: str, since: str = SEED["timestamp"], **call: Json) -> dict[str, Json]:
    return {"agent_id": "MCE001", "status": name, "since": since, "call_id": None, "queue": None, **call}


def test_status_that_differs_from_the_last_message_disagrees() -> None:
    call = {"call_id": "CALL123", "queue": "support_queue"}
    ended = status("available", "2025-07-29T10:31:00Z")
    whole = heard(*there_and_back())
    assert (
        disagreeing(whole, [StatusSnapshot(status("on_call", **call), 1.5, 1.6), StatusSnapshot(ended, 2.5, 2.6)]) == []
    )
    assert disagreeing(whole, [StatusSnapshot(ended, 1.5, 2.5)]) == []  # the second message came while it was asked for
    assert disagreeing(whole, [StatusSnapshot(status("offline"), 0.5, 0.6)]) == []  # nothing was known then
    found = disagreeing(whole, [StatusSnapshot(status("on_break"), 2.5, 2.6)])
    assert places(found) == [("STREAM_REST_DISAGREES", "/new_status"), ("STREAM_REST_DISAGREES", "/timestamp")]
