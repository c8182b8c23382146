"""Tells subscribers of every change, in order, each once, and waits for none of them.

The database is what was said and in which order. Changes committed by this process arrive here at once; that another
process has committed, Redis says, or a look every POLL_S finds out; whatever was missed is read from the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

import orjson

from argus_wfm.gateway.agent_status.queries import AgentStatusQueries
from argus_wfm.gateway.agent_status.transitions import StatusChange
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import instant
from argus_wfm.openapi.sockets import frame

log = logging.getLogger("argus.gateway.hub")
T = TypeVar("T")
POLL_S = 1.0
EXPIRED, SLOW, RESTART = 1008, 1013, 1012
AGAIN = "everything begins again"


class Outlet(Protocol):
    """Where a subscriber's frames go (openapi.sockets has the real one)."""

    @property
    def ended(self) -> bool:
        """Whether it is closed, or about to be."""

    def write(self, frame: bytes) -> int:
        """Returns the bytes that wait to be sent."""

    def end(self, code: int, reason: str) -> None:
        """Close."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One socket, and what it asked for; `queue` means changes into and out of that queue's calls.

    It knows of everything up to sequence `after`, and of queues up to version `loads`.
    """

    outlet: Outlet
    expires_at: dt.datetime
    token_id: str = ""
    extended: bool = False
    agent_id: str | None = None
    queue: str | None = None
    after: int = 0
    loads: int = 0

    def wants(self, change: StatusChange) -> bool:
        """Whether the change is new to it and passes its filter."""
        if change.sequence <= self.after:
            return False
        if self.agent_id is not None and change.agent_id != self.agent_id:
            return False
        return self.queue is None or self.queue in (change.queue, change.left_queue)

    def wants_load(self, queue: str) -> bool:
        """Whether it hears of how long this queue is."""
        return self.extended and self.agent_id is None and self.queue in (None, queue)


@dataclass(slots=True)
class _Frames:
    """One change as frames, each made at most once."""

    change: StatusChange
    made: dict[bool, bytes] = field(default_factory=dict)

    def of(self, subscriber: Subscriber) -> bytes:
        extended = subscriber.extended
        if extended not in self.made:
            self.made[extended] = encoded(self.change.sequenced() if extended else self.change.message())
        return self.made[extended]


class Hub:
    """Belongs to the loop that runs it; heard() and stir() may be called from any thread."""

    def __init__(
        self,
        queries: AgentStatusQueries,
        now: Callable[[], dt.datetime],
        monotonic: Callable[[], float],
        *,
        heartbeat_s: float,
        backlog: int,
        revoked: Callable[[str], bool] = lambda token_id: False,
    ) -> None:
        self._queries, self._now, self._monotonic = queries, now, monotonic
        self._heartbeat_s, self._backlog, self._revoked = heartbeat_s, backlog, revoked
        self._subscribers: set[Subscriber] = set()
        self._of_agent: dict[str, set[Subscriber]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stirred = asyncio.Event()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="hub")
        self._arriving: set[Subscriber] = set()
        self._fresh: deque[StatusChange] = deque()
        self._looks = False  # into the database, at the next turn
        self._beaten = self._judged = 0.0
        self.sequence = self.loads = 0  # of the latest change, and the version of the latest load, that were told
        self.era = 0  # how often everything has begun again
        self.counts: Counter[str] = Counter()  # changes, messages, slow
        self.on_commit: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        """Subscribers now."""
        return sum(1 for _ in self._all())

    def heard(self, changes: Sequence[StatusChange], loads: bool = False) -> None:
        """This process has committed these, and perhaps how long queues are; from any thread."""
        self._soon(self._take, changes, loads)
        self.on_commit()

    def stir(self) -> None:
        """Somebody has committed something; from any thread."""
        self._soon(self._take, (), True)

    def reset(self) -> None:
        """The database has been emptied: subscribers are sent away, sequences begin again. From any thread."""
        self._soon(self._begin_again)

    def arrive(self, subscriber: Subscriber) -> None:
        """Is here, and not yet told of anything: first it learns what was before."""
        self._arriving.add(subscriber)

    def join(self, subscriber: Subscriber) -> None:
        """From the change after self.sequence on."""
        self._arriving.discard(subscriber)
        self._group(subscriber).add(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """Nothing more for this one."""
        self._arriving.discard(subscriber)
        group = self._group(subscriber)
        group.discard(subscriber)
        if not group and subscriber.agent_id is not None:
            self._of_agent.pop(subscriber.agent_id, None)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the database from now on."""
        self._loop = asyncio.get_running_loop()
        self.sequence, self.loads = await self._read(self._queries.last)
        self._beaten = self._judged = self._monotonic()
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            self._reader.shutdown(wait=False)
            self._loop = None

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_S):
                    await self._stirred.wait()
            except TimeoutError:
                self._looks = True
            self._stirred.clear()
            try:
                await self._turn()
            except Exception:  # the database is away, say; the next look may find it
                log.exception("Subscribers could not be told of what was committed; it is looked for again")
                self._looks = True

    async def _turn(self) -> None:
        if self._monotonic() - self._judged >= POLL_S:  # however much this process tells itself meanwhile
            self._judged, self._looks = self._monotonic(), True
            self._send_away()
        await self._tell_fresh()
        if self._looks:
            await self._catch_up()
        if self._monotonic() - self._beaten >= self._heartbeat_s:
            self._beaten = self._monotonic()
            self._beat()

    async def _tell_fresh(self) -> None:
        """Changes of this process; what does not follow on from the last is read from the database, in its order."""
        while self._fresh:
            change = self._fresh.popleft()
            if change.sequence > self.sequence + 1:
                self._looks = True
                return
            self._deliver(change)
            await asyncio.sleep(0)  # others have their turn between two changes

    async def _catch_up(self) -> None:
        self._looks = False
        latest, version = await self._read(self._queries.last)
        if latest < self.sequence:  # another process has emptied the database
            self._begin_again()
        while latest > self.sequence and (missed := await self._read(partial(self._queries.after, self.sequence))):
            if missed[0].sequence > self.sequence + 1:  # what was between is no longer kept
                self._begin_again(missed[0].sequence - 1)
            for change in missed:
                self._deliver(change)
                await asyncio.sleep(0)
        if version > self.loads:
            loads, self.loads = await self._read(partial(self._queries.loads_after, self.loads))
            for load in loads:
                self._tell_load(load)

    async def _read(self, read: Callable[[], T]) -> T:
        """In a thread that nobody else keeps busy."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, read)

    def _take(self, changes: Sequence[StatusChange], looks: bool) -> None:
        self._fresh.extend(changes)
        self._looks = self._looks or looks
        self._stirred.set()

    def _deliver(self, change: StatusChange) -> None:
        if change.sequence != self.sequence + 1:  # told already, or not yet its turn
            return
        self.sequence = change.sequence
        self.counts["changes"] += 1
        frames = _Frames(change)
        everybody = self._subscribers, self._of_agent.get(change.agent_id, ())
        for subscriber in [one for group in everybody for one in group if one.wants(change)]:
            self._tell(subscriber, frames.of(subscriber))

    def _tell_load(self, load: Json) -> None:
        made = encoded(metrics(load, self._now()))
        for subscriber in [one for one in self._subscribers if one.wants_load(load["queue"])]:
            self._tell(subscriber, made)

    def _beat(self) -> None:
        made = encoded({"event": "heartbeat", "timestamp": instant(self._now()), "sequence": self.sequence})
        for subscriber in [one for one in self._all() if one.extended and one not in self._arriving]:
            self._tell(subscriber, made)

    def _send_away(self) -> None:
        """Whose token is no longer good."""
        now = self._now()
        for subscriber in [one for one in self._all() if one.expires_at <= now]:
            self._end(subscriber, EXPIRED, "the token has expired")
        for subscriber in [one for one in self._all() if self._revoked(one.token_id)]:
            self._end(subscriber, EXPIRED, "the token is not accepted any more")

    def _tell(self, subscriber: Subscriber, made: bytes) -> None:
        self.counts["messages"] += 1
        if subscriber.outlet.write(made) > self._backlog:
            self.counts["slow"] += 1
            self._end(subscriber, SLOW, "too slow; resume with since")

    def _end(self, subscriber: Subscriber, code: int, reason: str) -> None:
        self.leave(subscriber)
        subscriber.outlet.end(code, reason)

    def _begin_again(self, sequence: int = 0) -> None:
        self.sequence, self.loads, self.era = sequence, 0, self.era + 1
        self._fresh.clear()
        for subscriber in list(self._all()):
            self._end(subscriber, RESTART, AGAIN)

    def _all(self) -> Iterable[Subscriber]:
        yield from self._arriving
        yield from self._subscribers
        for group in self._of_agent.values():
            yield from group

    def _group(self, subscriber: Subscriber) -> set[Subscriber]:
        if subscriber.agent_id is None:
            return self._subscribers
        return self._of_agent.setdefault(subscriber.agent_id, set())

    def _soon(self, act: Callable[..., object], *arguments: object) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(act, *arguments)


def metrics(load: Json, now: dt.datetime) -> Json:
    """How long a queue is, as subscribers are told."""
    return {"event": "queue_metrics", "timestamp": instant(now), **load}


def encoded(message: Json) -> bytes:
    """A frame that holds this message."""
    return frame(orjson.dumps(message))
