"""Where the extended stream goes on: since, snapshots in parts, heartbeats, what is forgotten, queues meanwhile."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from websockets.sync.client import connect

from argus_wfm.gateway.agent_status import websocket
from argus_wfm.gateway.agent_status.events import RETENTION, Agents
from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.database import connect as connect_database
from tests.support.clock import NOW
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE, Caller
from tests.support.mce_client import Centre, Heard, address, new_id, subscribed
from tests.support.polling import until
from tests.support.raw_websocket import metric

LONG = "Ж" * 60


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("stream")
    return f"sqlite:///{folder / 'argus.sqlite3'}"


@pytest.fixture(scope="module")
def url(database: str) -> Iterator[str]:
    with gateway_on(NOWHERE, database_url=database, stream_heartbeat_s=3600) as url:
        yield url


@contextmanager
def engine_of(database: str) -> Iterator[sa.Engine]:
    engine = connect_database(database)
    try:
        yield engine
    finally:
        engine.dispose()


def sequences(heard: Heard, count: int) -> list[int]:
    return [one["sequence"] for one in heard.changes(count)]


def ten_changes(centre: Centre) -> None:
    centre.send("login", "a")
    for _ in range(4):
        centre.called("a")
    centre.send("logout", "a")


@pytest.mark.parametrize("since", [0, 1, 5, 9])
def test_a_subscriber_goes_on_after_what_it_knows_without_a_snapshot(centre: Centre, since: int) -> None:
    ten_changes(centre)
    with subscribed(centre.url, extended=1, since=since) as heard:
        assert heard.news()["sequence"] == since + 1
        assert sequences(heard, 9 - since) == list(range(since + 2, 11))
        centre.send("login", "b")
        assert (sequences(heard, 1), heard.more()) == ([11], [])


def test_who_knows_everything_hears_what_comes(centre: Centre) -> None:
    ten_changes(centre)
    with subscribed(centre.url, extended=1, since=10) as heard:
        assert heard.more() == []
        centre.send("login", "b")
        assert heard.news()["sequence"] == 11


@pytest.mark.parametrize("since", [11, 10**17])
def test_what_was_never_given_is_answered_by_a_snapshot(centre: Centre, since: int) -> None:
    ten_changes(centre)
    with subscribed(centre.url, extended=1, since=since) as heard:
        assert heard.snapshot()["sequence"] == 10
        centre.send("login", "b")
        assert heard.news()["sequence"] == 11


def test_what_is_older_than_is_kept_is_answered_by_a_snapshot(centre: Centre, database: str) -> None:
    ten_changes(centre)
    with engine_of(database) as engine:
        agents = Agents(engine, lambda changes, loads: None)
        assert agents.purge(NOW + RETENTION) == 0
        assert agents.purge(NOW + RETENTION + dt.timedelta(hours=1)) == 9
    with subscribed(centre.url, extended=1, since=8) as heard:
        assert heard.snapshot()["sequence"] == 10
    with subscribed(centre.url, extended=1, since=9) as heard:
        assert heard.news()["sequence"] == 10
        centre.send("login", "b")
        assert heard.news()["sequence"] == 11


def test_a_change_that_is_forgotten_before_others_leaves_no_gap_unsaid(centre: Centre, database: str) -> None:
    """What is told late keeps its own instant: a backlog of last year is purged from the middle of the sequence."""
    centre.send("login", "a")
    centre.send("login", "late", timestamp="2024-07-01T00:00:00Z")
    centre.send("logout", "a")
    with engine_of(database) as engine:
        Agents(engine, lambda changes, loads: None).purge(NOW + dt.timedelta(hours=1))
    with subscribed(centre.url, extended=1, since=1) as heard:
        first = heard.news()
        assert first["event"] == "snapshot" or first["sequence"] == 2, "2 is passed over in silence"


def test_filters_hold_for_what_was_missed(centre: Centre) -> None:
    for name in ("a", "b"):
        centre.send("login", name)
        centre.called(name, f"q-{name}")
    with subscribed(centre.url, extended=1, since=0, agent_id="b") as heard:
        assert sequences(heard, 3) == [4, 5, 6]
    with subscribed(centre.url, extended=1, since=0, queue="q-a") as heard:
        assert sequences(heard, 2) == [2, 3]


def test_more_than_a_page_of_what_was_missed_comes_whole(centre: Centre, database: str) -> None:
    before = metric(centre.url, "argus_stream_changes_total")
    fill(database, 1200)
    until(lambda: metric(centre.url, "argus_stream_changes_total") == before + 1200, what="the hub has looked")
    with subscribed(centre.url, extended=1, since=3) as heard:
        assert sequences(heard, 1197) == list(range(4, 1201))


# snapshots


def fill(database: str, count: int) -> None:
    """Agents on calls, with long names, as if each had told of it."""
    shared = {"call_id": LONG, "queue": LONG, "agent_id": None}
    rows = [{**shared, "agent_id": f"{LONG}{number:04d}"} for number in range(count)]
    with engine_of(database) as engine, engine.begin() as connection:
        connection.execute(tables.agents.insert(), [{**row, "status": "on_call", "since": NOW} for row in rows])
        history = {"digest": "", "timestamp": NOW, "old_status": "available", "new_status": "on_call"}
        connection.execute(
            tables.agent_changes.insert(),
            [
                {**row, **history, "sequence": number, "event_id": new_id("FILLED")}
                for number, row in enumerate(rows, 1)
            ],
        )


def test_a_snapshot_of_many_comes_in_parts_that_are_one_moment(centre: Centre, database: str) -> None:
    fill(database, 1001)
    centre.load("q", 1, 1)
    with subscribed(centre.url, extended=1) as heard:
        parts = [heard.next() for _ in range(3)]
    assert [(one["part"], one["parts"], len(one["agents"]), len(one["queues"])) for one in parts] == [
        (1, 3, 500, 1),
        (2, 3, 500, 0),
        (3, 3, 1, 0),
    ]
    assert {one["sequence"] for one in parts} == {1001}
    names = [agent["agent_id"] for one in parts for agent in one["agents"]]
    assert names == sorted(names)
    assert len(set(names)) == 1001


@pytest.mark.slow
def test_what_a_queue_becomes_while_a_snapshot_is_on_its_way_is_told(
    centre: Centre, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reader takes its time; whatever it is told last of a queue has to be so."""
    monkeypatch.setattr(websocket, "SHARED_S", 3600.0)  # whoever comes next is shown what was before as well
    fill(database, 4000)
    assert centre.load("q", 1, 1).ok
    with slowly(centre) as (heard, hurry):
        known = [heard.next()["queues"][0]["waiting"]]
        for waiting in (7, 2):
            assert centre.load("q", waiting, 20).ok
        with subscribed(centre.url, centre.token, extended=1) as other:
            other.first("queue_metrics", lambda one: one["waiting"] == 2)
        centre.send("login", "the last")
        hurry()
        heard.first("snapshot", lambda one: one["part"] == one["parts"])
        while (message := heard.next())["event"] != "agent_status_change":
            known.append(message["waiting"])
        while known[-1] != 2:
            known.append(heard.first("queue_metrics")["waiting"])
        assert [one for one in heard.rest(1.5) if one["event"] == "queue_metrics" and one["waiting"] != 2] == []


@pytest.mark.slow
def test_who_is_on_the_way_when_everything_begins_again_is_not_left_deaf(centre: Centre, database: str) -> None:
    """A reset comes while a snapshot is being read: its reader is sent away."""
    fill(database, 1500)
    with slowly(centre) as (heard, hurry):
        assert Caller(centre.url).control("/reset", {}).ok
        hurry()
        assert heard.ended()[0] == 1012


@contextmanager
def slowly(centre: Centre) -> Iterator[tuple[Heard, Callable[[], None]]]:
    """A subscriber whom the gateway has to wait for, until it is told to hurry."""
    parts = urlsplit(centre.url)
    headers = {"Authorization": f"Bearer {centre.token}"}
    with closing(socket.socket()) as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect((parts.hostname, parts.port))
        where = address(centre.url, extended=1)
        with (
            connect(where, sock=narrow, additional_headers=headers, max_queue=1, max_size=None, proxy=None) as slow,
            closing(narrow.dup()) as same,  # the client closes its own as soon as it is sent away
        ):
            yield Heard(slow, extended=True), lambda: same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)


# heartbeats


def test_a_heartbeat_says_how_far_everything_was_told(url: str) -> None:
    with gateway_on(NOWHERE, stream_heartbeat_s=30) as beating:
        centre = Centre(beating)
        with subscribed(beating, extended=1) as heard, subscribed(beating, extended=1, agent_id="b") as other:
            heard.snapshot(), other.snapshot()
            centre.send("login", "a")
            assert heard.next()["sequence"] == 1
            with subscribed(beating) as plain:
                assert Caller(beating).control("/clock", {"move_seconds": 31}).ok
                assert (heard.next()["event"], other.next()["sequence"]) == ("heartbeat", 1)
                assert plain.rest(0.1) == []
            assert heard.rest(0.1) == [], "one, until the next is due"
            assert Caller(beating).control("/clock", {"move_seconds": 31}).ok
            assert heard.next()["event"] == "heartbeat"
