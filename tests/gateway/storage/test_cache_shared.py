"""Caches that two processes share over Redis: what one forgets the other forgets, and nobody needs Redis to answer."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import socket
from collections.abc import Iterator

import pytest

from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.storage.cache import Caches, Region
from tests.support.clock import NOW
from tests.support.peers import redis, redis_client

# dogpile 1.5 on redis 8: a warning that is an error would be Redis that cannot be used, and everything a miss
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")


@pytest.fixture
def url() -> Iterator[str]:
    with redis() as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def caches(url: str, clock: Clock, **changed: float) -> Caches:
    """Of one process."""
    seconds = {"api_s": 300.0, "employee_s": 3600.0, "calendar_s": 86400.0, **changed}
    return Caches(clock.now, entries=100, redis_url=url, **seconds)


def ask(region: Region, body: bytes = b"{}", key: str = "a") -> tuple[bytes, bool]:
    """(what was served, whether it was kept)."""

    async def fetch() -> bytes:
        return body

    served = asyncio.run(region.get_or_fetch(key, fetch))
    return served.body, served.hit


def test_what_one_process_fetched_the_other_serves_until_it_is_too_old(url: str, clock: Clock) -> None:
    here, there = caches(url, clock), caches(url, clock)
    text = "Ёж\n".encode() + b"\x00\xff"
    assert ask(here.api_response, text) == (text, False)
    assert ask(there.api_response, b"new") == (text, True)
    clock.move(299)
    assert ask(there.api_response, b"new") == (text, True)
    clock.move(1)
    assert ask(there.api_response, b"new") == (b"new", False)
    assert ask(here.api_response, b"newer") == (b"new", True)


def test_regions_are_apart(url: str, clock: Clock) -> None:
    shared = caches(url, clock)
    for number, region in enumerate(shared):
        assert ask(region, b"%d" % number) == (b"%d" % number, False)
    for number, region in enumerate(caches(url, clock)):
        assert ask(region, b"new") == (b"%d" % number, True)


@pytest.mark.parametrize(
    ("event", "kept"),
    [
        ("on_sync", {"configuration"}),
        ("on_modification", {"employee", "calendar", "configuration"}),
        ("on_recovery", {"employee", "configuration"}),
        ("clear", set()),
    ],
)
def test_what_one_process_forgets_the_other_forgets(url: str, clock: Clock, event: str, kept: set[str]) -> None:
    here, there = caches(url, clock), caches(url, clock)
    for region in here:
        ask(region)
    assert all(ask(region)[1] for region in there)
    getattr(here, event)()
    assert {region.name for region in there if ask(region)[1]} == kept
    assert all(ask(region)[1] for region in here)  # fetched anew by the other one


def test_what_was_asked_for_before_a_change_elsewhere_is_not_kept(url: str, clock: Clock) -> None:
    here, there = caches(url, clock), caches(url, clock)

    async def stale() -> bytes:
        there.on_modification()
        return b"from before"

    async def run() -> bool:
        return (await here.api_response.get_or_fetch("a", stale)).hit

    assert asyncio.run(run()) is False
    assert ask(there.api_response, b"from after") == (b"from after", False)


def test_what_somebody_else_left_under_a_key_is_a_miss(url: str, clock: Clock) -> None:
    shared = caches(url, clock)
    ask(shared.api_response)
    with redis_client(url) as client:
        names = [name for name in client.keys("argus:api_response:*") if not name.endswith(b":generation")]
        assert len(names) == 1
        for junk in (b"", b"\x80\x04junk", b"[1]\n{}", b"null"):
            client.set(names[0], junk)
            assert ask(shared.api_response, b"new") == (b"new", False)


def test_entries_leave_redis_by_themselves(url: str, clock: Clock) -> None:
    ask(caches(url, clock).api_response)
    with redis_client(url) as client:
        lives = [client.ttl(name) for name in client.keys("*") if not name.endswith(b":generation")]
    assert len(lives) == 1
    assert 300 <= lives[0] <= 900


def test_without_redis_everything_is_a_miss_and_nothing_fails(clock: Clock) -> None:
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        alone = caches(f"redis://127.0.0.1:{taken.getsockname()[1]}/1", clock)
        for _ in range(2):
            assert [ask(region, b"x") for region in alone] == [(b"x", False)] * 4
        for event in (alone.on_sync, alone.on_modification, alone.on_recovery, alone.clear):
            event()


def test_redis_that_takes_no_writes_is_a_miss_and_is_not_asked_without_end(
    url: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """As a replica, or one whose memory is full."""
    user = f"reader{secrets.token_hex(4)}"
    with redis_client(url) as client:
        client.execute_command("ACL", "SETUSER", user, "on", ">word", "~*", "+@read", "+@connection")
        try:
            reading = caches(url.replace("redis://", f"redis://{user}:word@"), clock)
            assert [ask(region, b"x") for region in reading] == [(b"x", False)] * 4
            reading.clear()
            assert 0 < len(caplog.records) < 50
        finally:
            client.execute_command("ACL", "DELUSER", user)


def test_redis_that_hangs_costs_a_second_and_no_failure(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections are taken, and nothing answers
        alone = caches(f"redis://127.0.0.1:{silent.getsockname()[1]}/1", clock)
        started = dt.datetime.now(dt.UTC)
        assert ask(alone.api_response, b"x") == (b"x", False)
        assert dt.datetime.now(dt.UTC) - started < dt.timedelta(seconds=10)
