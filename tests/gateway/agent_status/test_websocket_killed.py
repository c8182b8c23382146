"""A gateway that is killed in the middle of events: who resumes hears all that was acknowledged, once, in order."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from websockets.exceptions import WebSocketException

from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.database import connect
from argus_wfm.json_type import Json
from tests.support.mce_client import Centre, Heard, signed, subscribed
from tests.support.peers import DATABASES, database
from tests.support.polling import until
from tests.support.processes import Server, serving

ROUNDS, SENDERS = 2, 3
EVENTS = ("login", "call_start", "call_end", "break_start", "break_end", "logout")


@dataclass
class Sender:
    """One agent's day, again and again; it repeats under the same id what was not acknowledged."""

    agent: str
    number: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)  # sequence by event id

    def tell(self, url: str, token: str, stopped: threading.Event) -> None:
        """Until the gateway is gone."""
        centre = Centre(url, token)
        with contextlib.suppress(requests.RequestException):
            while not stopped.is_set():
                body = self._event()
                reply = centre.post(body)
                assert reply.status_code == 200, reply.text
                told = reply.json()
                self.acknowledged[body["event_id"]] = told["sequence"]
                self.number += 1

    def _event(self) -> Json:
        name = EVENTS[self.number % len(EVENTS)]
        call = {"call_id": f"C{self.number}", "queue": "q"} if name == "call_start" else {}
        return {"event_id": f"{self.agent}-{self.number}", "event": name, "agent_id": self.agent, **call}


@dataclass
class Subscriber:
    """Keeps what it has heard through all lives of the gateway."""

    sequences: list[int] = field(default_factory=list)

    def follow(self, url: str, token: str, until: int | None = None) -> None:
        """From after the last that it knows, until the gateway is gone or everything up to `until` has come."""
        since = self.sequences[-1] if self.sequences else 0
        with contextlib.suppress(WebSocketException, OSError), subscribed(url, token, extended=1, since=since) as heard:
            while until is None or not self.sequences or self.sequences[-1] < until:
                self._take(heard)

    def _take(self, heard: Heard) -> None:
        message = heard.next(60)
        assert message["event"] != "snapshot", "everything is kept, so it can be gone on from"
        if message["event"] == "agent_status_change":
            self.sequences.append(message["sequence"])


def life(server: Server, senders: list[Sender], subscribers: list[Subscriber], token: str, seconds: float) -> None:
    """Events and subscribers until the gateway is killed."""
    stopped = threading.Event()
    with ThreadPoolExecutor(len(senders) + len(subscribers)) as pool:
        acts = [pool.submit(one.follow, server.url, token) for one in subscribers]
        acts += [pool.submit(one.tell, server.url, token, stopped) for one in senders]
        try:
            before = [one.number for one in senders]
            until(
                lambda: all(one.number > was for one, was in zip(senders, before, strict=True)),
                what="events",
                within_s=30,
            )
            time.sleep(seconds)  # a moment that nobody has chosen
        finally:
            server.kill()
        stopped.set()
        for act in acts:
            act.result(60)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATABASES)
def test_what_was_acknowledged_is_heard_once_and_in_order_however_often_it_is_killed(kind: str, tmp_path: Path) -> None:
    token, moments = signed(), random.Random()
    senders = [Sender(f"A{number}") for number in range(SENDERS)]
    subscribers = [Subscriber(), Subscriber()]
    with database(kind, tmp_path) as url:
        for _ in range(ROUNDS):
            with serving(url) as server:
                life(server, senders, subscribers, token, moments.uniform(0.0, 0.5))
        with serving(url) as server:
            centre = Centre(server.url, token)
            last = centre.send("login", "the last")["sequence"]
            for one in subscribers:
                one.follow(server.url, token, last)
        assert [one.sequences for one in subscribers] == [list(range(1, last + 1))] * 2
        kept = sequences_of(url)
    for sender in senders:
        assert {event: kept[event] for event in sender.acknowledged} == sender.acknowledged
        assert sorted(sender.acknowledged.values()) == list(sender.acknowledged.values())
        untold = [event for event in kept if event.startswith(f"{sender.agent}-") and event not in sender.acknowledged]
        assert len(untold) <= 1, "the one that was under way when the gateway was killed last"


def sequences_of(url: str) -> dict[str, int]:
    """By event id, as the database has them."""
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.execute(sa.select(tables.agent_changes.c.event_id, tables.agent_changes.c.sequence))
        kept = {row.event_id: row.sequence for row in found}
    engine.dispose()
    return kept
