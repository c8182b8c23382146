"""Two gateways on one database: subscribers of either hear of everything once, in order, whatever Redis does."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.gateway.agent_status import hub
from argus_wfm.gateway.agent_status.redis_signal import CHANNEL
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE
from tests.support.mce_client import Centre, Heard, signed, subscribed
from tests.support.peers import DATABASES, database
from tests.support.polling import until
from tests.support.processes import OwnRedis, own_redis, serving

SENDERS = 4


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_redis(tmp_path) as made:
        yield made


@contextlib.contextmanager
def two(database_url: str, **settings: Any) -> Iterator[list[str]]:
    """Gateways in threads."""
    with (
        gateway_on(NOWHERE, database_url=database_url, stream_heartbeat_s=3600, **settings) as one,
        gateway_on(NOWHERE, database_url=database_url, stream_heartbeat_s=3600, **settings) as other,
    ):
        yield [one, other]


def tell(url: str, token: str, agent: str, changes: int) -> None:
    """A login and calls."""
    centre = Centre(url, token)
    centre.send("login", agent)
    for number in range(changes - 1):
        members = {"call_id": f"{agent}-{number}", "queue": "q"}
        centre.send(*(("call_end", agent) if number % 2 else ("call_start", agent)), **({} if number % 2 else members))


def listen(heard: Heard, count: int) -> list[int]:
    return [one["sequence"] for one in heard.changes(count)]


def told_to_both(urls: list[str], token: str, events: int, meanwhile: Any = lambda: None) -> list[list[int]]:
    """What a subscriber of each hears of so many events, which both gateways are told at once."""
    with (
        subscribed(urls[0], token, extended=1, since=0) as one,
        subscribed(urls[1], token, extended=1, since=0) as other,
        ThreadPoolExecutor(SENDERS + 2) as pool,
    ):
        hearing: list[Future[list[int]]] = [pool.submit(listen, heard, events) for heard in (one, other)]
        each = events // SENDERS
        telling = [pool.submit(tell, urls[number % 2], token, f"agent {number}", each) for number in range(SENDERS)]
        meanwhile()
        for sender in telling:
            sender.result(120)
        heard = [future.result(60) for future in hearing]
        assert [one.more(), other.more()] == [[], []]
    return heard


def told_though_redis_is_restarted(redis: OwnRedis, urls: list[str], token: str, events: int) -> None:
    """It is away from about a quarter of the events to about a half of them."""
    centre = Centre(urls[0], token)
    until(lambda: redis.listeners(CHANNEL) == 2, what="both listen", within_s=20)

    def restart() -> None:
        until(lambda: centre.get("/agents/status")["sequence"] > events // 4, what="a quarter", within_s=60)
        redis.stop()
        until(lambda: centre.get("/agents/status")["sequence"] > events // 2, what="a half", within_s=60)
        redis.start()

    assert told_to_both(urls, token, events, restart) == [list(range(1, events + 1))] * 2
    until(lambda: redis.listeners(CHANNEL) == 2, what="both listen again", within_s=20)


@pytest.mark.slow
def test_of_two_processes_each_tells_a_thousand_events_once_though_redis_is_restarted(
    tmp_path: Path, redis: OwnRedis
) -> None:
    with database("postgresql", tmp_path) as url, contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serving(url, REDIS_URL=redis.url)) for _ in range(2)]
        told_though_redis_is_restarted(redis, [one.url for one in servers], signed(), 1000)


@pytest.mark.slow
def test_of_two_gateways_on_one_file_each_tells_everything_once_though_redis_is_restarted(
    tmp_path: Path, redis: OwnRedis
) -> None:
    with database("sqlite", tmp_path) as url, two(url, redis_url=redis.url) as urls:
        told_though_redis_is_restarted(redis, urls, Centre(urls[0]).token, 200)


def test_a_word_from_redis_is_quicker_than_a_look(
    tmp_path: Path, redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "POLL_S", 3600.0)
    with database("sqlite", tmp_path) as url, two(url, redis_url=redis.url) as urls:
        centre = Centre(urls[0])
        until(lambda: redis.listeners(CHANNEL) == 2, what="both listen", within_s=20)
        with subscribed(urls[1], centre.token) as heard:
            for event in ("login", "break_start", "break_end", "logout") * 2:
                centre.send(event, "a")
                heard.next()


@pytest.mark.parametrize("kind", DATABASES)
def test_without_redis_the_other_looks_every_second(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url, two(url) as urls:
        centre = Centre(urls[0])
        with subscribed(urls[1], centre.token, extended=1) as heard, subscribed(urls[1], centre.token) as plain:
            heard.snapshot()
            tell(urls[0], centre.token, "a", 40)
            assert centre.load("q", 3, 42).ok
            assert listen(heard, 40) == list(range(1, 41))
            assert heard.first("queue_metrics", lambda one: one["waiting"] == 3)["queue"] == "q"
            assert len(plain.changes(40)) == 40
    assert hub.POLL_S <= 1


def test_a_redis_that_nobody_answers_at_changes_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        away = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        with database("sqlite", tmp_path) as url, two(url, redis_url=away) as urls:
            assert told_to_both(urls, Centre(urls[0]).token, 40) == [list(range(1, 41))] * 2


def test_a_redis_that_hangs_changes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections are taken, and nothing answers
        away = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with database("sqlite", tmp_path) as url, two(url, redis_url=away) as urls:
            assert told_to_both(urls, Centre(urls[0]).token, 40) == [list(range(1, 41))] * 2


def test_a_load_that_one_was_told_is_heard_at_the_other(tmp_path: Path, redis: OwnRedis) -> None:
    with database("sqlite", tmp_path) as url, two(url, redis_url=redis.url) as urls:
        centre = Centre(urls[0])
        with subscribed(urls[1], centre.token, extended=1) as heard:
            heard.snapshot()
            assert centre.load("q", 3, 42).ok
            assert heard.first("queue_metrics")["waiting"] == 3
