"""The api_response cache (seed section 9, A37): GET replies of an upstream, as bytes already valid and serialised."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dogpile.cache import make_region
from dogpile.cache.api import NO_VALUE


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept reply and when it was asked for, by the gateway's clock; fetches are numbered as they begin."""

    body: bytes
    asked: dt.datetime
    number: int


@dataclass(frozen=True, slots=True)
class Served:
    """A reply from the cache or past it; `age_s` is 0 for one fetched just now."""

    body: bytes
    hit: bool
    age_s: float


class Cache:
    """Entries live `ttl_s` seconds of the gateway's clock; at most `entries`, the oldest go first.

    dogpile keeps them (memory) and knows no time: expiry, and the one fetch a key against a stampede, are ours, since
    dogpile's own block the event loop and read wall time. Whoever waits for a fetch shares its end, be it a failure:
    nobody waits for two.
    """

    def __init__(self, ttl_s: float, entries: int, now: Callable[[], dt.datetime]) -> None:
        self._region = make_region().configure(
            "dogpile.cache.memory"
        )  # no expiry: -1 would be "always", ours comes from stamps
        self._ttl_s, self._entries, self._now = ttl_s, entries, now
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[bytes]] = {}
        self._numbers = itertools.count(1)
        self._era = 0  # goes up when all is forgotten: what was fetched before is not kept

    async def get_or_fetch(self, key: str, fetch: Callable[[], Awaitable[bytes]], *, refresh: bool = False) -> Served:
        """The kept reply, or what `fetch` brings; `refresh` always fetches. A failed fetch keeps nothing."""
        if refresh:
            return Served(await self._fetch(key, fetch, self._era), hit=False, age_s=0.0)
        if served := self._kept(key):
            return served
        if key not in self._fetching:
            # a task of its own: it goes on for the others when the first to ask gives up
            task = self._fetching[key] = asyncio.ensure_future(self._fetch(key, fetch, self._era))
            task.add_done_callback(lambda done: self._over(key, done))
        return Served(await asyncio.shield(self._fetching[key]), hit=False, age_s=0.0)

    def clear(self) -> None:
        """Forget everything: data was modified, or somebody asked. Later callers do not join a fetch under way."""
        self._era += 1
        self._fetching.clear()
        self._region.delete_multi(list(self._keys))
        self._keys.clear()

    def __len__(self) -> int:
        return len(self._keys)

    async def _fetch(self, key: str, fetch: Callable[[], Awaitable[bytes]], era: int) -> bytes:
        number, asked = next(self._numbers), self._now()
        body = await fetch()
        if era == self._era:
            self._keep(key, Entry(body, asked, number))
        return body

    def _over(self, key: str, done: asyncio.Task[bytes]) -> None:
        if self._fetching.get(key) is done:
            del self._fetching[key]
        if not done.cancelled():
            done.exception()  # seen, also where nobody waits any more

    def _kept(self, key: str) -> Served | None:
        entry = self._region.get(key)
        if entry is NO_VALUE:
            return None
        age_s = (self._now() - entry.asked).total_seconds()
        return Served(entry.body, hit=True, age_s=age_s) if age_s < self._ttl_s else None

    def _keep(self, key: str, entry: Entry) -> None:
        """Unless one that was asked for later is there already."""
        kept = self._region.get(key)
        if kept is not NO_VALUE and kept.number > entry.number:
            return
        self._region.set(key, entry)
        self._keys[key] = None
        self._keys.move_to_end(key)
        while len(self._keys) > self._entries:
            oldest, _ = self._keys.popitem(last=False)
            self._region.delete(oldest)
