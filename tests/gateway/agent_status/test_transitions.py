"""What an event does to an agent: every status with every event, and what each of them carries along."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from argus_wfm.gateway.agent_status.transitions import REASONS, AgentState, AgentStatus, Event, StatusChange, moved
from argus_wfm.gateway.errors import InvalidTransition
from argus_wfm.openapi import load
from tests.support.clock import NOW

ON = {
    AgentStatus.OFFLINE: AgentState("a", AgentStatus.OFFLINE, NOW),
    AgentStatus.AVAILABLE: AgentState("a", AgentStatus.AVAILABLE, NOW),
    AgentStatus.ON_CALL: AgentState("a", AgentStatus.ON_CALL, NOW, call_id="c", queue="q"),
    AgentStatus.ON_BREAK: AgentState("a", AgentStatus.ON_BREAK, NOW, reason="lunch"),
}
EVENTS = ("login", "logout", "call_start", "call_end", "break_start", "break_end")
ALLOWED = {  # the contract's words, not the code's table
    "offline": {"login": "available"},
    "available": {"call_start": "on_call", "break_start": "on_break", "logout": "offline"},
    "on_call": {"call_end": "available"},
    "on_break": {"break_end": "available", "logout": "offline"},
}
SECOND = dt.timedelta(seconds=1)


def event(name: str, **members: Any) -> Event:
    more = {"call_id": "c2", "queue": "q2"} if name == "call_start" else {}
    body = {"event_id": "e", "event": name, "agent_id": "a", **more, **members}
    return replace(Event.of(body, body.pop("at", NOW + SECOND)), dated=True)


@pytest.mark.parametrize("status", AgentStatus)
@pytest.mark.parametrize("name", EVENTS)
def test_each_event_leads_where_the_contract_says_or_nowhere(status: AgentStatus, name: str) -> None:
    target = ALLOWED[status].get(name)
    if target is None:
        with pytest.raises(InvalidTransition, match=f"a is {status}; {name} cannot follow") as refused:
            moved(ON[status], event(name))
        assert refused.value.status == 409
    else:
        assert moved(ON[status], event(name)).status.value == target


def test_the_table_has_every_status_and_every_event_of_the_contract() -> None:
    schemas = load("mce").document["components"]["schemas"]
    assert set(ALLOWED) == set(schemas["Status"]["enum"]) == set(AgentStatus)
    assert set(EVENTS) == set(schemas["Event"]["properties"]["event"]["enum"])
    assert set(REASONS) == set(schemas["BreakReason"]["enum"])


@pytest.mark.parametrize("status", AgentStatus)
def test_a_call_and_a_reason_stand_where_they_belong_and_nowhere_else(status: AgentStatus) -> None:
    for name in ALLOWED[status]:
        after = moved(ON[status], event(name))
        on_call, on_break = after.status is AgentStatus.ON_CALL, after.status is AgentStatus.ON_BREAK
        assert (after.call_id, after.queue) == (("c2", "q2") if on_call else (None, None))
        assert after.reason == ("personal" if on_break else None)
        assert (after.agent_id, after.since) == ("a", NOW + SECOND)


def test_a_break_without_a_reason_is_personal_and_one_with_a_reason_has_it() -> None:
    assert moved(ON[AgentStatus.AVAILABLE], event("break_start")).reason == "personal"
    for reason in REASONS:
        assert moved(ON[AgentStatus.AVAILABLE], event("break_start", reason=reason)).reason == reason


@pytest.mark.parametrize("reason", REASONS)
def test_a_break_is_overrun_once_it_has_lasted_longer_than_allowed(reason: str) -> None:
    agent = AgentState("a", AgentStatus.ON_BREAK, NOW, reason=reason)
    allowed = REASONS[reason].allowed_minutes
    end = NOW + dt.timedelta(minutes=allowed)
    whole = {"reason": reason, "allowed_minutes": allowed, "overrun": False}
    assert agent.shown(end)["break"] == whole
    assert agent.shown(end + SECOND)["break"] == {**whole, "overrun": True}


def test_off_a_break_no_break_is_shown() -> None:
    for status in (AgentStatus.OFFLINE, AgentStatus.AVAILABLE, AgentStatus.ON_CALL):
        assert ON[status].shown(NOW + dt.timedelta(days=1))["break"] is None


def test_an_older_event_is_refused_and_one_of_the_same_second_is_not() -> None:
    with pytest.raises(InvalidTransition, match="older") as refused:
        moved(ON[AgentStatus.AVAILABLE], event("logout", at=NOW - SECOND))
    assert refused.value.details["field"] == "timestamp"
    assert moved(ON[AgentStatus.AVAILABLE], event("logout", at=NOW)).since == NOW


def test_a_call_is_ended_by_its_own_id_or_by_none() -> None:
    on_call = ON[AgentStatus.ON_CALL]
    with pytest.raises(InvalidTransition, match="another call") as refused:
        moved(on_call, event("call_end", call_id="other"))
    assert refused.value.details["field"] == "call_id"
    assert moved(on_call, event("call_end", call_id="c")) == moved(on_call, event("call_end"))


def test_the_same_content_has_the_same_digest_in_whatever_order_and_other_content_another() -> None:
    body = {"event_id": "e", "event": "login", "agent_id": "a", "queues": ["x", "y"]}
    digests = {Event.of(made, NOW).digest for made in (body, dict(reversed(body.items())))}
    assert digests == {Event.of(body, NOW + SECOND).digest}, "a moment of arrival is no content"
    for name in body:
        assert Event.of({**body, name: "other"}, NOW).digest not in digests


def test_a_queue_named_twice_is_one() -> None:
    assert event("login", queues=["b", "a", "b"]).queues == ("b", "a")
    assert event("login", queues=[]).queues == ()
    assert event("login").queues is None


def test_a_message_has_the_seven_members_and_its_sequence_only_when_asked() -> None:
    change = StatusChange(5, "a", NOW, AgentStatus.AVAILABLE, AgentStatus.ON_CALL, "c", "q", None)
    seven = {"event", "agent_id", "timestamp", "old_status", "new_status", "call_id", "queue"}
    assert set(change.message()) == seven
    assert change.sequenced() == {**change.message(), "sequence": 5}


def test_an_event_that_says_no_time_is_never_older_than_what_is_known() -> None:
    ahead = replace(ON[AgentStatus.AVAILABLE], since=NOW + SECOND * 30)
    assert moved(ahead, replace(event("logout", at=NOW), dated=False)).since == ahead.since
