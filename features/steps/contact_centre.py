"""The contact centre of a scenario: agents of the host's own, events, and subscribers who hear of them.

Whoever is moved is brought back at the end, also of a scenario that failed; then all that was heard is judged.
"""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from pytest_bdd import given

from argus_wfm.conformance.errors import CouldNotTest, HeldBack
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Finding
from argus_wfm.conformance.stream import checks
from argus_wfm.conformance.stream.matching import AcknowledgedEvent
from argus_wfm.conformance.stream.transcript import StatusSnapshot, Transcript, missing
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.websocket import Frame, Subscription
from argus_wfm.json_type import Json

QUEUE = "support_queue"
HANDFUL = 3
CANDIDATES = 20  # agents that are asked after, one by one, for one who is offline
WAY_BACK = {"on_call": ("call_end", "logout"), "on_break": ("logout",), "available": ("logout",), "offline": ()}


class Centre:
    """What the scenario did and heard; nothing is sent before it is asked for."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.told: list[AcknowledgedEvent] = []
        self.subscriptions: list[Subscription] = []
        self.statuses: list[StatusSnapshot] = []
        self._posted: list[Exchange] = []
        self._moved: list[str] = []
        self._calls: list[str] = []
        self._numbers = itertools.count(1)
        self._run = uuid.uuid4().hex[:12]

    def send(self, event: str, agent: str, **members: Json) -> Exchange:
        """One event under an id of its own; without a timestamp, so that it happens when it arrives."""
        event_id = f"argus-{self._run}-{next(self._numbers)}"
        return self.post({"event_id": event_id, "event": event, "agent_id": agent, **members})

    def post(self, event: Json) -> Exchange:
        """An event as it is; what the host acknowledges the stream has to tell of."""
        if event["agent_id"] not in self._moved:
            self._moved.append(event["agent_id"])
        sent = time.monotonic()
        exchange = self.target.mce.post("/events", json=event)
        self._posted.append(exchange)
        if exchange.status == 200:
            result = exchange.json()
            if isinstance(result, dict) and not result.get("duplicate"):
                self.told.append(AcknowledgedEvent(result, sent, time.monotonic()))
            if event["event"] == "break_start":
                self._look("/agents/status", "/breaks")
            self._calls += [event["call_id"]] if "call_id" in event else []
        return exchange

    def _look(self, *paths: str) -> None:
        """Replies that no step asks about, but that the contract has rules for; whether they are there others ask."""
        for path in paths:
            with contextlib.suppress(Departure, CouldNotTest, HeldBack):
                exchange = self.target.mce.ask("GET", path)
                if exchange.status == 200:
                    self.target.recorder.add(exchange)

    def status(self, agent: str) -> Exchange:
        """GET status, kept for the comparison with the stream."""
        asked = time.monotonic()
        exchange = self.target.mce.get(f"/agents/{agent}/status")
        answered = time.monotonic()
        if exchange.status == 200 and isinstance(status := exchange.json(), dict):
            self.statuses.append(StatusSnapshot(status, asked, answered))
        return exchange

    def offline(self) -> str:
        """An agent who is offline, or whom the contact centre has not met: one of the host's own personnel.

        Raises HeldBack, CouldNotTest.
        """
        mce = self.target.mce
        if not self.target.policy.writes:
            raise HeldBack("sendEvent could change the host; --allow-writes lets it run")
        listed = mce.get("/agents/status").require(200)["agents"]
        for agent in listed:
            if agent["status"] == "offline":
                return str(agent["agent_id"])
        known = {agent["agent_id"] for agent in listed}
        agent = next((agent for agent in self._people() if agent not in known), None)
        lacking = f"needs an agent who is offline; the host lists {len(listed)}, none of them offline"
        if agent is None:
            raise CouldNotTest(lacking)
        login = self.send("login", agent)
        if login.status == 404 and not self.target.policy.ours:
            raise CouldNotTest(f"{lacking}, and its MCE does not know {agent} of its personnel")
        login.require(200)
        self.send("logout", agent).require(200)
        return agent

    def handful(self) -> None:
        """Agents to read of, where a host of ours knows none. Raises CouldNotTest for a host of others."""
        if self.target.mce.get("/agents/status").require(200)["agents"]:
            return
        if not self.target.policy.ours:
            raise CouldNotTest("the host lists no agents in agents/status")
        first, second, third = self._people()[:HANDFUL]
        for agent in (first, second, third):
            self.send("login", agent, queues=[QUEUE]).require(200)
        self.send("call_start", second, call_id="CALL1", queue=QUEUE).require(200)
        self.send("break_start", third, reason="lunch").require(200)

    def queue(self) -> str:
        """support_queue where the host has it, else its first one. Raises CouldNotTest where it has none."""
        if self.target.policy.ours:
            load = {"waiting": 3, "longest_wait": 42}
            self.target.mce.request("PUT", f"/queues/{QUEUE}", json=load).require(200)
        names = [queue["queue"] for queue in self.target.mce.get("/queues").require(200)["queues"]]
        if not names:
            raise CouldNotTest("the host lists no queues")
        return QUEUE if QUEUE in names else str(names[0])

    def subscribe(self, **query: str) -> Subscription:
        """Raises Departure for a refusal."""
        subscription = self.target.stream.subscribe(**query)
        self.subscriptions.append(subscription)
        return subscription

    def settle(self) -> None:
        """Wait until every subscriber has been told of everything, or for as long as that may take."""
        last = max((told.acknowledged for told in self.told), default=0.0)
        deadline = max(last + checks.PATIENCE_S, time.monotonic() + min(1.0, checks.PATIENCE_S))
        for subscription in self.subscriptions:

            def complete(frames: Sequence[Frame], heard: Subscription = subscription) -> bool:
                return not missing(Transcript(frames, heard.opened, heard.ended, heard.query), self.told)

            if subscription.ended == float("inf"):
                subscription.wait_for(complete, deadline - time.monotonic())

    def findings(self) -> list[tuple[Subscription, list[Finding]]]:
        """What each subscription shows so far; plain ones are compared with the first of them."""
        result: list[tuple[Subscription, list[Finding]]] = []
        plain: list[Transcript] = []
        for subscription in self.subscriptions:
            heard = Transcript.of(subscription)
            found = [*checks.judged(heard, self.told), *checks.disagreeing(heard, self.statuses)]
            if not heard.extended:
                plain.append(heard)
                found += checks.differing(plain[0], heard, self.told) if len(plain) > 1 else []
            result.append((subscription, found))
        return result

    def accepted(self) -> None:
        """Every event was: a stream that has nothing to tell would tell it rightly. Raises Departure."""
        for exchange in self._posted:
            exchange.require(200)

    def departs(self, *codes: str) -> None:
        """Raise the first finding so far, of these codes where any are given, as the scenario's own."""
        for _, found in self.findings():
            for finding in found:
                if not codes or finding.code in codes:
                    raise Departure(finding)

    def end(self) -> None:
        """Bring everybody back, listen to that too, and hand over what was found."""
        for agent in self._moved:
            with contextlib.suppress(Departure, CouldNotTest, HeldBack):
                self._bring_back(agent)
        for agent in self._moved[:1]:
            self._look(f"/agents/{agent}/changes", f"/agents/{agent}/changes?limit=1")
        self._look(*(f"/calls/{call}" for call in self._calls[:1]))
        if self.subscriptions:
            self.settle()
        for subscription in self.subscriptions:
            if subscription.ended == float("inf"):
                subscription.close()
        for subscription, found in self.findings():
            self.target.recorder.find(subscription.exchange, found)
        self.subscriptions.clear()

    def _bring_back(self, agent: str) -> None:
        """Everybody was offline, or unknown, before."""
        status = self.target.mce.get(f"/agents/{agent}/status").require(200)["status"]
        for event in WAY_BACK.get(status, ("call_end", "logout")):
            self.send(event, agent)

    def _people(self) -> list[str]:
        """Ids of the host's personnel; where a host of ours has no personnel, ids of the same form."""
        today = self.target.today()
        with contextlib.suppress(Departure, KeyError, TypeError):
            body = self.target.personnel.ask("GET", f"/agents/{today}/{today}").require(200)
            people = [str(agent["agent_id"]) for agent in body["agents"][: CANDIDATES * HANDFUL]]
            if len(people) >= HANDFUL:
                return people
        return [f"MCE{number:03d}" for number in range(1, CANDIDATES)] if self.target.policy.ours else []


@pytest.fixture
def centre(target: Target) -> Centre:
    return Centre(target)


def pytest_bdd_after_scenario(request: pytest.FixtureRequest, feature: Any) -> None:
    """Within the scenario, so that its verdict has what is found here."""
    if "mce" in feature.tags:
        request.getfixturevalue("centre").end()


@given("the contact centre knows of agents")
def knows_agents(centre: Centre) -> None:
    centre.handful()


@given("the contact centre knows of a queue", target_fixture="queue")
def knows_queue(centre: Centre) -> str:
    return centre.queue()


@given("an agent who is offline", target_fixture="agent")
def offline(centre: Centre) -> str:
    return centre.offline()


@given("an agent who is available", target_fixture="agent")
def available(centre: Centre) -> str:
    agent = centre.offline()
    centre.send("login", agent).require(200)
    return agent
