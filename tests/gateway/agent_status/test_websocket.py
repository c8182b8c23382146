"""/ws/agent-status: what a subscriber is told, in which order, and where it goes on; each message is valid."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from argus_wfm.json_type import Json
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE
from tests.support.mce_client import Centre, new_id, subscribed

SEVEN = ["event", "agent_id", "timestamp", "old_status", "new_status", "call_id", "queue"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with gateway_on(NOWHERE, stream_heartbeat_s=3600) as url:
        yield url


# the plain stream


def test_a_change_has_the_seeds_seven_members_and_no_other(centre: Centre) -> None:
    with subscribed(centre.url) as heard:
        centre.send("login", "MCE001", timestamp="2025-07-29T01:29:00Z")
        centre.send("call_start", "MCE001", call_id="CALL123", queue="support_queue", timestamp="2025-07-29T01:30:00Z")
        first, second = heard.next(), heard.next()
    assert (list(first), list(second)) == (SEVEN, SEVEN)
    assert list(second.values()) == [
        "agent_status_change",
        "MCE001",
        "2025-07-29T01:30:00Z",
        "available",
        "on_call",
        "CALL123",
        "support_queue",
    ]
    assert (first["call_id"], first["queue"]) == (None, None)


def test_a_plain_subscriber_hears_of_changes_alone_from_now_on(centre: Centre) -> None:
    centre.send("login", "before", queues=["q"])
    with subscribed(centre.url) as heard, subscribed(centre.url, extended=1) as other:
        centre.load("q", 1, 2)
        other.first("queue_metrics")
        centre.send("login", "after")
        assert [one["agent_id"] for one in heard.rest()] == ["after"]


def test_what_is_refused_or_repeated_is_told_to_nobody(centre: Centre) -> None:
    body = {"event_id": new_id(), "event": "login", "agent_id": "a"}
    with subscribed(centre.url) as heard:
        assert [centre.post(body).status_code for _ in range(3)] == [200] * 3
        assert centre.post({**body, "event_id": new_id()}).status_code == 409
        centre.send("logout", "a")
        assert [one["new_status"] for one in heard.rest()] == ["available", "offline"]


def test_an_agent_or_a_queue_may_be_asked_for_alone(centre: Centre) -> None:
    with (
        subscribed(centre.url, agent_id="Ёж 1") as agent,
        subscribed(centre.url, queue="q & r") as queue,
        subscribed(centre.url, agent_id="Ёж 1", queue="other") as both,
        subscribed(centre.url, agent_id="nobody") as nobody,
    ):
        for name in ("Ёж 1", "b"):
            centre.send("login", name, queues=["q & r"])
            centre.called(name, "q & r")
            centre.called(name, "other")
        assert [(one["agent_id"], one["new_status"]) for one in agent.changes(5)] == [
            ("Ёж 1", status) for status in ("available", "on_call", "available", "on_call", "available")
        ]
        assert [(one["agent_id"], one["new_status"], one["queue"]) for one in queue.changes(4)] == [
            (name, status, called)
            for name in ("Ёж 1", "b")
            for status, called in (("on_call", "q & r"), ("available", None))
        ]
        assert [one["new_status"] for one in both.changes(2)] == ["on_call", "available"]
        assert [heard.rest(0.1) for heard in (agent, queue, both, nobody)] == [[], [], [], []]


def test_everybody_hears_everything_once_and_in_the_order_of_sequences(centre: Centre) -> None:
    """Many tell at once, many listen."""
    agents, calls = [f"A{number}" for number in range(8)], 10
    token = centre.token

    def work(name: str) -> None:
        own = Centre(centre.url, token)
        own.send("login", name)
        for _ in range(calls):
            own.called(name)

    with (
        subscribed(centre.url, extended=1, since=0) as one,
        subscribed(centre.url, extended=1, since=0) as other,
        subscribed(centre.url) as plain,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(work, agents))
        count = len(agents) * (1 + 2 * calls)
        told = one.changes(count)
        assert [change["sequence"] for change in told] == list(range(1, count + 1))
        assert other.changes(count) == told
        assert plain.changes(count) == [{name: change[name] for name in SEVEN} for change in told]
        assert [heard.more() for heard in (one, other, plain)] == [[], [], []]
    for name in agents:
        kept = centre.get(f"/agents/{name}/changes", limit=500)["items"]
        assert kept == [change for change in told if change["agent_id"] == name]


# the extended stream


def test_a_snapshot_comes_first_and_is_what_rest_says(centre: Centre) -> None:
    centre.send("login", "a", queues=["q", "r"])
    centre.send("login", "b")
    centre.send("break_start", "b", reason="lunch")
    centre.send("call_start", "a", call_id="C", queue="q")
    centre.load("r", 3, 42)
    with subscribed(centre.url, extended=1) as heard:
        snapshot = heard.snapshot()
        listed = centre.get("/agents/status")
        assert (snapshot["agents"], snapshot["sequence"]) == (listed["agents"], listed["sequence"])
        assert snapshot["queues"] == centre.get("/queues")["queues"]
        centre.send("call_end", "a")
        assert heard.news()["sequence"] == snapshot["sequence"] + 1


def test_a_snapshot_of_nothing_is_one_empty_part(centre: Centre) -> None:
    with subscribed(centre.url, extended=1) as heard:
        told = heard.next()
    assert (told["sequence"], told["part"], told["parts"], told["agents"], told["queues"]) == (0, 1, 1, [], [])


def test_a_snapshot_is_filtered_as_changes_are(centre: Centre) -> None:
    for name in ("a", "b"):
        centre.send("login", name, queues=["q", "r"])
    centre.send("call_start", "a", call_id="C", queue="q")
    with subscribed(centre.url, extended=1, agent_id="b") as heard:
        told = heard.snapshot()
        assert ([one["agent_id"] for one in told["agents"]], told["queues"]) == (["b"], [])
        centre.load("q", 1, 1)
        centre.send("call_end", "a")
        centre.send("logout", "b")
        assert (heard.next()["agent_id"], heard.rest(0.1)) == ("b", [])
    with subscribed(centre.url, extended=1, queue="q") as heard:
        told = heard.snapshot()
        assert (told["agents"], [one["queue"] for one in told["queues"]]) == ([], ["q"])
        centre.load("r", 1, 1)
        centre.load("q", 2, 2)
        assert heard.first("queue_metrics")["queue"] == "q"


def test_who_is_told_of_loads_is_told_of_each_queue_as_it_is(centre: Centre) -> None:
    centre.send("login", "a", queues=["q"])
    with subscribed(centre.url, extended=1) as heard:
        heard.snapshot()
        assert centre.load("q", 3, 42).ok
        told = heard.first("queue_metrics", lambda one: one["waiting"] == 3)
        assert {name: told[name] for name in ("queue", "waiting", "longest_wait", "available_agents")} == centre.get(
            "/queues/q/metrics"
        )
        assert centre.load("q", 1, 1, timestamp="2020-01-01T00:00:00Z").ok
        assert heard.rest() == [], "an older load is no news"


@pytest.mark.parametrize("filters", [{}, {"agent_id": "A1"}, {"queue": "q1"}], ids=["all", "agent", "queue"])
def test_nothing_is_missing_between_a_snapshot_and_the_first_change(centre: Centre, filters: dict[str, str]) -> None:
    """Subscribers come while events are being told; a last call tells each that it has heard everything."""
    agents, token, stopped, begun = ["A0", "A1", "A2"], centre.token, threading.Event(), threading.Semaphore(0)
    for name in agents:
        centre.send("login", name)

    def work(name: str) -> None:
        own, calls = Centre(centre.url, token), 0
        while not stopped.is_set():
            own.called(name, f"q{calls % 3}")
            calls += 1

    def follow(_number: int) -> tuple[int, list[Json]]:
        with subscribed(centre.url, token, extended=1, **filters) as heard:
            since = heard.snapshot()["sequence"]
            begun.release()
            told: list[Json] = []
            while not told or told[-1]["call_id"] != "THE LAST":
                told.append(heard.first("agent_status_change"))
            return since, told

    with ThreadPoolExecutor(12) as pool:
        working = [pool.submit(work, name) for name in agents]
        following = [pool.submit(follow, number) for number in range(8)]
        for _ in following:
            assert begun.acquire(timeout=30)
        stopped.set()
        for one in working:
            one.result(30)
        centre.send("call_start", "A1", call_id="THE LAST", queue="q1")
        for subscriber in following:
            since, told = subscriber.result(30)
            assert told == [change for change in _all(centre, agents, filters) if change["sequence"] > since]


def _all(centre: Centre, agents: list[str], filters: dict[str, str]) -> list[Json]:
    """Every change that passes the filters, by what REST says; one that ends a call is of its queue as well."""
    found: list[Json] = []
    for name in agents:
        items = _pages(centre, name)
        left = [None, *(one["queue"] for one in items)]
        found += [
            one
            for one, queue in zip(items, left, strict=False)
            if filters.get("agent_id", name) == name
            and ("queue" not in filters or filters["queue"] in (one["queue"], queue))
        ]
    return sorted(found, key=lambda one: int(one["sequence"]))


def _pages(centre: Centre, name: str) -> list[Json]:
    page = centre.get(f"/agents/{name}/changes", limit=500)
    items: list[Json] = page["items"]
    while page["next"]:
        page = centre.get(f"/agents/{name}/changes", limit=500, cursor=page["next"])
        items += page["items"]
    return items
