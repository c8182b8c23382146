"""The caches (seed section 9, A37): replies as bytes that are already valid and serialised, region by region.

dogpile keeps entries, in memory or in Redis, and knows no time: expiry and the one fetch a key against a stampede are
ours, since dogpile's own block the event loop and read wall time. What makes all entries of a region stale at once is
its generation, which processes on one Redis share: an entry of another generation is a miss.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson
from dogpile.cache import make_region
from dogpile.cache.api import NO_VALUE

from argus_wfm.json_type import Json

log = logging.getLogger("argus.gateway")
REDIS_WAIT_S = 1.0
SPARE_S = 600  # that Redis keeps an entry longer than it lives, since our clock decides


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A kept reply, when it was asked for by the gateway's clock, and by the machine's to tell which came later."""

    body: bytes
    asked: dt.datetime
    begun_ns: int
    generation: str


@dataclass(frozen=True, slots=True)
class Served:
    """A reply from the cache or past it; `age_s` is 0 for one fetched just now."""

    body: bytes
    hit: bool
    age_s: float

    def headers(self, *, fresh: bool = False) -> dict[str, str]:
        """Age (RFC 9111) and Cache-Status (RFC 9211)."""
        status = "argus; hit" if self.hit else f"argus; fwd={'request' if fresh else 'miss'}"
        return {"Age": str(int(self.age_s)), "Cache-Status": status}


class Store(Protocol):
    """Keeps entries and the generation; never raises."""

    def get(self, key: str) -> tuple[str, CacheEntry | None]:
        """The generation, and the entry whatever generation it is of."""

    def set(self, key: str, entry: CacheEntry) -> None: ...

    def delete(self, key: str) -> None: ...

    def new_generation(self) -> None: ...


class Region:
    """Entries live `ttl_s` seconds of the gateway's clock, None for as long as nothing changes.

    At most `entries`, the oldest go first. Whoever waits for a fetch shares its end, be it a failure: nobody waits for
    two.
    """

    def __init__(
        self, name: str, ttl_s: float | None, entries: int, now: Callable[[], dt.datetime], store: Store
    ) -> None:
        self.name, self.ttl_s = name, ttl_s
        self.hits = self.misses = 0
        self._entries, self._now, self._store = entries, now, store
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._fetching: dict[tuple[str, str], asyncio.Task[bytes]] = {}

    async def get_or_fetch(self, key: str, fetch: Callable[[], Awaitable[bytes]], *, refresh: bool = False) -> Served:
        """The kept reply, or what `fetch` brings; `refresh` always fetches. A failed fetch keeps nothing."""
        generation, entry = self._store.get(key)
        if not refresh and (served := self._valid(generation, entry)):
            self.hits += 1
            return served
        self.misses += 1
        if refresh or self.ttl_s == 0:  # turned off: every caller has a fetch of their own
            return Served(await self._fetch(key, fetch, generation), hit=False, age_s=0.0)
        slot = (key, generation)  # who comes after a change does not join a fetch from before it
        if slot not in self._fetching:
            # a task of its own: it goes on for the others when the first to ask gives up
            task = self._fetching[slot] = asyncio.ensure_future(self._fetch(key, fetch, generation))
            task.add_done_callback(lambda done: self._over(slot, done))
        return Served(await asyncio.shield(self._fetching[slot]), hit=False, age_s=0.0)

    def clear(self) -> None:
        """Forget everything: data was modified, or somebody asked. From any thread."""
        self._store.new_generation()
        with self._lock:
            keys = list(self._keys)
            self._keys.clear()
        for key in keys:
            self._store.delete(key)

    def __len__(self) -> int:
        return len(self._keys)

    def shown(self) -> dict[str, Json]:
        """For the operations API."""
        counts = {"entries": len(self), "hits": self.hits, "misses": self.misses}
        return {"region": self.name, "ttl_s": self.ttl_s, **counts}

    async def _fetch(self, key: str, fetch: Callable[[], Awaitable[bytes]], generation: str) -> bytes:
        asked, begun_ns = self._now(), time.time_ns()
        body = await fetch()
        self._keep(key, CacheEntry(body, asked, begun_ns, generation))
        return body

    def _over(self, slot: tuple[str, str], done: asyncio.Task[bytes]) -> None:
        if self._fetching.get(slot) is done:
            del self._fetching[slot]
        if not done.cancelled():
            done.exception()  # seen, also where nobody waits any more

    def _valid(self, generation: str, entry: CacheEntry | None) -> Served | None:
        if entry is None or entry.generation != generation:
            return None
        age_s = (self._now() - entry.asked).total_seconds()
        return Served(entry.body, hit=True, age_s=age_s) if self.ttl_s is None or age_s < self.ttl_s else None

    def _keep(self, key: str, entry: CacheEntry) -> None:
        """Unless it is of an older generation, or one that was asked for later is there already."""
        generation, kept = self._store.get(key)
        if entry.generation != generation:
            return
        if kept and kept.generation == generation and kept.begun_ns > entry.begun_ns:
            return
        self._store.set(key, entry)
        with self._lock:
            self._keys[key] = None
            self._keys.move_to_end(key)
            oldest = [self._keys.popitem(last=False)[0] for _ in range(len(self._keys) - self._entries)]
        for key in oldest:
            self._store.delete(key)


class Caches:
    """The four regions of one process."""

    def __init__(
        self,
        now: Callable[[], dt.datetime],
        *,
        api_s: float,
        employee_s: float,
        calendar_s: float,
        entries: int,
        redis_url: str | None = None,
    ) -> None:
        def region(name: str, ttl_s: float | None) -> Region:
            return Region(name, ttl_s, entries, now, _Redis(redis_url, name, ttl_s) if redis_url else _Memory())

        self.api_response = region("api_response", api_s)
        self.employee = region("employee", employee_s)
        self.calendar = region("calendar", calendar_s)
        self.configuration = region("configuration", None)

    def __iter__(self) -> Iterator[Region]:
        return iter((self.api_response, self.employee, self.calendar, self.configuration))

    def __getitem__(self, name: str) -> Region:
        return next(region for region in self if region.name == name)

    def on_sync(self) -> None:
        """The staff has been taken over anew."""
        for region in (self.api_response, self.employee, self.calendar):
            region.clear()

    def on_modification(self) -> None:
        """Something was written to 1C, or may have been."""
        self.api_response.clear()

    def on_recovery(self) -> None:
        """1C is back: what it says now may be something else."""
        for region in (self.api_response, self.calendar):
            region.clear()

    def clear(self) -> None:
        """Everything, the configuration too."""
        for region in self:
            region.clear()


class _Memory:
    def __init__(self) -> None:
        self._region = make_region().configure("dogpile.cache.memory")  # no expiry: -1 would be "always" on get
        self._generation = secrets.token_hex(8)

    def get(self, key: str) -> tuple[str, CacheEntry | None]:
        entry = self._region.get(key)
        return self._generation, None if entry is NO_VALUE else entry

    def set(self, key: str, entry: CacheEntry) -> None:
        self._region.set(key, entry)

    def delete(self, key: str) -> None:
        self._region.delete(key)

    def new_generation(self) -> None:
        self._generation = secrets.token_hex(8)


class _Redis:
    """Redis being away makes every look a miss, and is logged; answers do not depend on it."""

    def __init__(self, url: str, name: str, ttl_s: float | None) -> None:
        arguments: dict[str, Json] = {
            "url": url,
            "distributed_lock": False,
            "socket_timeout": REDIS_WAIT_S,
            "connection_kwargs": {"socket_connect_timeout": REDIS_WAIT_S},
        }
        if ttl_s is not None:
            arguments["redis_expiration_time"] = max(1, int(ttl_s + SPARE_S))
        plain = {**arguments}
        plain.pop("redis_expiration_time", None)
        # bytes of our own: what comes from Redis is never unpickled
        self._region = make_region(serializer=_packed, deserializer=_unpacked).configure(
            "dogpile.cache.redis", arguments=arguments
        )
        self._generations = make_region(serializer=orjson.dumps, deserializer=orjson.loads).configure(
            "dogpile.cache.redis", arguments=plain
        )
        self._prefix, self._spare = f"argus:{name}", secrets.token_hex(8)
        self._owed = False

    def get(self, key: str) -> tuple[str, CacheEntry | None]:
        generation = self._asked(lambda: self._generations.get(f"{self._prefix}:generation"))
        if self._owed or generation is NO_VALUE:
            self.new_generation()
            return self._spare, None
        if generation is None:
            return self._spare, None
        entry = self._asked(lambda: self._region.get(f"{self._prefix}:{key}"))
        return str(generation), entry if isinstance(entry, CacheEntry) else None

    def set(self, key: str, entry: CacheEntry) -> None:
        self._asked(lambda: self._region.set(f"{self._prefix}:{key}", entry))

    def delete(self, key: str) -> None:
        self._asked(lambda: self._region.delete(f"{self._prefix}:{key}"))

    def new_generation(self) -> None:
        """What others cannot be told of now, they are told of at the next look."""
        self._spare = secrets.token_hex(8)
        self._owed = not self._asked(lambda: self._told(self._spare))

    def _told(self, generation: str) -> bool:
        self._generations.set(f"{self._prefix}:generation", generation)
        return True

    def _asked(self, act: Callable[[], Json]) -> Json:
        try:
            return act()
        except Exception as error:
            log.warning("Redis cannot be used, nothing is cached: %s", error)
            return None


def _packed(entry: CacheEntry) -> bytes:
    head = orjson.dumps([entry.asked.isoformat(), entry.begun_ns, entry.generation])
    return head + b"\n" + entry.body


def _unpacked(data: bytes) -> CacheEntry:
    head, _, body = data.partition(b"\n")
    asked, begun_ns, generation = orjson.loads(head)
    return CacheEntry(body, dt.datetime.fromisoformat(asked), begun_ns, generation)


def is_fresh_wanted(headers: Mapping[str, str]) -> bool:
    """Cache-Control: no-cache, the caller's explicit refresh (RFC 9111, 5.2.1.4)."""
    return "no-cache" in headers.get("cache-control", "").lower()
