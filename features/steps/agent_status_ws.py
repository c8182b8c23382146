"""The status stream: who may listen, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.stream.messages import message
from argus_wfm.conformance.stream.transcript import Transcript, moment
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.websocket import Frame, Subscription
from argus_wfm.features.steps.authentication import UNSIGNED
from argus_wfm.features.steps.contact_centre import Centre
from argus_wfm.features.steps.replies import members_are
from argus_wfm.json_type import Json

ITSELF_S = 10.0  # for a change of the host's own, where we may make none
NOBODY = "no-such-agent-of-argus"
MEMBERS = ("MISSING_MEMBER", "RENAMED_MEMBER", "UNDECLARED_MEMBER")
SHOWN_ONCE = ("STREAM_LOST", "STREAM_DUPLICATE", "STREAM_LATE", "STREAM_NOT_JSON", "STREAM_CLOSED")


@dataclass
class Known:
    """The last change that the subscriber knows of, and the extended subscriber where the host has one."""

    change: dict[str, Json] = field(default_factory=dict)
    agent: str = ""
    extended: Subscription | None = None


@pytest.fixture
def known() -> Known:
    return Known()


@when("a subscriber asks for the stream", target_fixture="upgraded")
def ask(centre: Centre) -> Subscription:
    return centre.subscribe()


@when("a subscriber without a token asks for the stream", target_fixture="upgraded")
def ask_without_token(target: Target) -> Subscription | Exchange:
    return target.stream.upgrade(None)


@when("a subscriber with a token that nobody has issued asks for the stream", target_fixture="upgraded")
def ask_with_wrong_token(target: Target) -> Subscription | Exchange:
    return target.stream.upgrade(f"Bearer {UNSIGNED}")


@then("the stream is open")
def is_open(centre: Centre, upgraded: Subscription) -> None:
    """An answered ping, so that it is open on both ends."""
    if not upgraded.answers():
        centre.departs()
        upgraded.exchange.departs("STREAM_CLOSED", Drift.VALUE, "ping", "The open socket answers no ping")


@then("the stream is refused with 401")
def is_refused(upgraded: Subscription | Exchange) -> None:
    if isinstance(upgraded, Subscription):
        upgraded.close()
        words = "A socket opened without a token that the host has issued"
        upgraded.exchange.departs("AUTH_NOT_CHECKED", Drift.AUTH, "status", words, expected=401, actual=101)
    if upgraded.status != 401:
        words = f"{upgraded.status} where 401 was due"
        upgraded.departs("STREAM_REFUSAL", Drift.AUTH, "status", words, expected=401, actual=upgraded.status)
    try:
        members_are(upgraded, upgraded.json(), ["error", "code", "message", "details"], "")
    except Departure as departure:
        words = f"The refusal is not the envelope: {departure.finding.message}"
        upgraded.departs("STREAM_REFUSAL", Drift.SHAPE, "body", words, actual=upgraded.body.decode("utf-8", "replace"))


@given("a subscriber of the stream", target_fixture="subscriber")
def subscriber(centre: Centre) -> Subscription:
    return centre.subscribe()


@given("another subscriber of the stream", target_fixture="other")
def other(centre: Centre) -> Subscription:
    """And one that asks for somebody else alone, and one of the extended stream."""
    _beside(centre, agent_id=NOBODY)
    second = centre.subscribe()
    _beside(centre, extended="1")
    return second


@given("a subscriber of the extended stream")
def extended(centre: Centre, known: Known) -> None:
    known.extended = _beside(centre, extended="1")


def _beside(centre: Centre, **query: str) -> Subscription | None:
    """A host that refuses it has a finding for that, and the scenario goes on."""
    try:
        return centre.subscribe(**query)
    except Departure as departure:
        centre.target.recorder.find(centre.subscriptions[0].exchange, [departure.finding])
        return None


@then(parsers.parse("the subscriber was told of each change once, within {seconds:d} s"))
def told_once(centre: Centre, seconds: int) -> None:
    centre.accepted()
    centre.settle()
    centre.departs(*SHOWN_ONCE)


@then(parsers.parse("each message has exactly the members {names}"))
def has_members(centre: Centre, subscriber: Subscription, names: str) -> None:
    centre.departs(*MEMBERS)
    for change in _messages(subscriber):
        members_are(subscriber.exchange, change, names.split(", "), "")


@then(parsers.parse("the message of on_call has {call} and {queue}"))
def has_call(centre: Centre, subscriber: Subscription, agent: str, call: str, queue: str) -> None:
    _shows(centre, subscriber, agent, "on_call", call_id=call, queue=queue)


@then(parsers.parse("the message of {status} has neither call nor queue"))
def has_no_call(centre: Centre, subscriber: Subscription, agent: str, status: str) -> None:
    _shows(centre, subscriber, agent, status, call_id=None, queue=None)


@then("each message goes on from the one before it, and none is earlier")
def goes_on(centre: Centre) -> None:
    centre.departs("STREAM_CHAIN", "STREAM_TIME_BACK", "STREAM_ILLEGAL_TRANSITION")


@then("both subscribers were told the same")
def told_the_same(centre: Centre) -> None:
    centre.accepted()
    centre.settle()
    centre.departs("STREAM_DIFFERS", *SHOWN_ONCE)


@when("an agent's status changes")
def changes(centre: Centre, subscriber: Subscription, known: Known) -> None:
    """By an event of ours; where we may send none, whatever happens by itself."""
    if centre.target.policy.writes:
        known.agent = centre.offline()
        known.change = centre.send("login", known.agent).require(200)
        centre.settle()
        return

    def changed(frames: Sequence[Frame]) -> list[dict[str, Json]]:
        return [dict(change.message) for change in Transcript(frames, subscriber.opened).changes]

    heard = subscriber.wait_for(changed, ITSELF_S)
    if not heard:
        raise CouldNotTest(f"needs an agent whose status changes; within {ITSELF_S:g} s none did by itself")
    known.change, known.agent = heard[-1], str(heard[-1].get("agent_id"))


@when("the connections of both break")
def breaks(subscriber: Subscription, known: Known) -> None:
    for broken in filter(None, (subscriber, known.extended)):
        broken.drop()


@when("an agent's status changes meanwhile")
def changes_meanwhile(centre: Centre, known: Known) -> None:
    """Heard by somebody who was there, so that who comes later need not hear of it any more."""
    if centre.target.policy.writes:
        centre.subscribe()
        known.change = centre.send("break_start", known.agent).require(200)
        centre.settle()


@when("both subscribe again")
def subscribe_again(centre: Centre, known: Known) -> None:
    centre.subscribe()
    if known.extended:
        numbers = [held.get("sequence", 0) for held in map(message, known.extended.frames) if held]
        known.extended = centre.subscribe(extended="1", since=str(max(filter(_is_number, numbers), default=0)))


@then("GET status of the agent equals the last known change")
def equals_last_known(centre: Centre, known: Known) -> None:
    exchange = centre.status(known.agent)
    body, due = exchange.require(200), known.change
    later = not centre.target.policy.writes and _after(body["since"], due.get("timestamp"))
    for name, of_change in (("status", "new_status"), ("call_id", "call_id"), ("queue", "queue")):
        wanted = due.get(of_change)
        words = f"{name} is {body[name]}, the last known change says {wanted}"
        agrees = later or body[name] == wanted
        exchange.expect(agrees, "STREAM_REST_DISAGREES", f"/{name}", words, expected=wanted, actual=body[name])


@then("nothing is told twice, and the extended stream has no gap")
def goes_on_after_reconnect(centre: Centre, known: Known) -> None:
    """What comes after one more change has come after all that could have been told again."""
    if centre.target.policy.writes:
        centre.send("break_end", known.agent).require(200)
    centre.settle()
    centre.departs("STREAM_GAP", *SHOWN_ONCE)


def _messages(subscriber: Subscription) -> list[dict[str, Json]]:
    return [held for held in map(message, subscriber.frames) if held is not None]


def _shows(centre: Centre, subscriber: Subscription, agent: str, status: str, **due: Json) -> None:
    changes = [one for one in Transcript.of(subscriber).changes if one.agent == agent and one.step[1] == status]
    if not changes:
        centre.departs()
        subscriber.exchange.departs("STREAM_LOST", Drift.VALUE, "message", f"No message of {status} came")
    for name, wanted in due.items():
        value = changes[0].message.get(name)
        words = f"{name} is {value} in the message of {status}"
        code = "VALUE" if (value is None) == (wanted is None) else "STREAM_CALL_MEMBERS"
        subscriber.exchange.expect(value == wanted, code, f"/{name}", words, expected=wanted, actual=value)


def _after(one: Json, other: Json) -> bool:
    first, second = moment(one), moment(other)
    return bool(first and second and first > second)


def _is_number(value: Json) -> bool:
    return isinstance(value, int)
