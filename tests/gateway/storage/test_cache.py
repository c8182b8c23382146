"""The api_response cache by itself: bounded, by our clock, one fetch a key."""

import asyncio

import pytest

from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.storage.cache import Caches, Region


def region(ttl_s: float, clock: Clock) -> Region:
    """Of two entries, in memory."""
    return Caches(clock.now, api_s=ttl_s, employee_s=0, calendar_s=0, entries=2).api_response


def test_oldest_entry_goes_first_and_zero_seconds_keep_nothing() -> None:
    clock = Clock()
    cache, none = region(300, clock), region(0, clock)

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
    cache = region(300, Clock())

    async def fails() -> bytes:
        raise RuntimeError("down")

    async def works() -> bytes:
        return b"{}"

    async def run() -> bool:
        with pytest.raises(RuntimeError):
            await cache.get_or_fetch("a", fails)
        return (await cache.get_or_fetch("a", works)).hit

    assert asyncio.run(run()) is False


def test_what_was_asked_for_earlier_does_not_replace_what_was_asked_for_later() -> None:
    clock = Clock()
    cache = region(300, clock)

    async def run() -> tuple[bytes, float]:
        slow = asyncio.Event()

        async def old() -> bytes:
            await slow.wait()
            return b"old"

        async def new() -> bytes:
            return b"new"

        first = asyncio.ensure_future(cache.get_or_fetch("a", old))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await cache.get_or_fetch("a", new, refresh=True)
        clock.move(10)
        slow.set()
        assert (await first).body == b"old"
        kept = await cache.get_or_fetch("a", old)
        return kept.body, kept.age_s

    body, age_s = asyncio.run(run())
    assert body == b"new"
    assert 10 <= age_s < 12
