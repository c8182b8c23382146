"""The api_response cache by itself: bounded, by our clock, one fetch a key."""

import asyncio
import datetime as dt

import pytest

from gateway.cache import Cache
from gateway.clock import Clock


def test_oldest_entry_goes_first_and_zero_seconds_keep_nothing() -> None:
    clock = Clock()
    cache, none = Cache(300, 2, clock.now), Cache(0, 2, clock.now)

    async def body() -> bytes:
        return b"{}"

    async def run() -> list[bool]:
        for key in ("a", "b", "c"):
            await cache.get_or_fetch(key, body)
        hits = [(await cache.get_or_fetch(key, body)).hit for key in ("c", "b", "a")]
        await none.get_or_fetch("a", body)
        return [*hits, (await none.get_or_fetch("a", body)).hit]

    assert asyncio.run(run()) == [True, True, False, False]
    assert len(cache) == 2


def test_failed_fetch_keeps_nothing_and_frees_the_key() -> None:
    cache = Cache(300, 2, Clock().now)

    async def fails() -> bytes:
        raise RuntimeError("down")

    async def works() -> bytes:
        return b"{}"

    async def run() -> bool:
        with pytest.raises(RuntimeError):
            await cache.get_or_fetch("a", fails)
        return (await cache.get_or_fetch("a", works)).hit

    assert asyncio.run(run()) is False


def test_clock_moves_forward_only() -> None:
    clock = Clock(dt.datetime(2025, 7, 29, tzinfo=dt.UTC))
    assert clock.move(10) >= dt.datetime(2025, 7, 29, 0, 0, 10, tzinfo=dt.UTC)
    with pytest.raises(ValueError, match="forward"):
        clock.move(-1)
