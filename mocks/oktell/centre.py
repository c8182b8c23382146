"""The mock contact centre: its simulation, the events it posts to the gateway, and its own stream."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator

from argus_wfm.json_type import Json
from argus_wfm.mocks import people
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.oktell.poster import EventPoster, PendingPost
from argus_wfm.mocks.oktell.rota import QUEUES
from argus_wfm.mocks.oktell.simulation import DAY, CallCentreSimulation, Happening
from argus_wfm.mocks.oktell.stream import Feed, StreamMessage
from argus_wfm.mocks.oktell.time_scale import TimeScale
from argus_wfm.openapi.errors import instant

LOADS_EVERY_S = 5.0
LEAST_SLEEP_S = 0.01  # at great speed things happen together
MOST_BACKLOG = 20_000  # then the simulation waits for the gateway
SETTLED_S = 10.0


class Oktell:
    """The simulation, its event poster and its stream. Everything runs on the loop that serves."""

    def __init__(
        self, *, seed: int, agents: int, clock: Clock, speed: float, poster: EventPoster | None, feed: Feed
    ) -> None:
        self.clock, self.seed, self.agents = clock, seed, agents
        self.poster, self.feed = poster, feed
        self._first_speed, self._run = speed, 0
        self._driver: asyncio.Task[None] | None = None
        self.reset()

    @property
    def speed(self) -> float:
        """Simulated seconds per second of the clock."""
        return self._time_scale.speed

    def reset(self, seed: int | None = None, agents: int | None = None) -> None:
        """Start a new simulation at the first speed, with nothing pending; the clock is not touched."""
        self.seed = self.seed if seed is None else seed
        self.agents = self.agents if agents is None else agents
        self._run += 1
        self._time_scale = TimeScale(self.clock, self._first_speed)
        employees = people.cast(self.agents, self.seed)[: self.agents]
        self.simulation = CallCentreSimulation(employees, self.seed, self._time_scale.start, self._run)
        self._loads_due, self._loads = self.clock.elapsed(), dict[str, Json]()
        if self.poster:
            self.poster.reset()
        self.feed.reset()
        self._drive_on()

    def live(self, speed: float) -> None:
        """Go on at another speed from here."""
        self.step()
        self._time_scale.change(speed)
        self._drive_on()

    def step(self) -> None:
        """Tell of all that has happened until now. Of a leap of more than a day, only a day is lived through."""
        if self._time_scale.now() - self.simulation.time > DAY:
            self._time_scale.skip_to(self.simulation.time + DAY)
        for happening in self.simulation.advance(self._time_scale.now()):
            moment = self._time_scale.moment(happening.at)
            if self.poster:
                self.poster.event(event(happening, moment))
            self.feed.tell(change(happening, moment))
        if self.poster and self.speed and self.clock.elapsed() >= self._loads_due:
            self._tell_loads(self.poster)

    def plant(self, given: dict[str, Json]) -> tuple[Json, PendingPost | None]:
        """Send exactly this event now: its id, and the post. The simulation follows where a transition allows."""
        self.step()
        members = {name: given.get(name) for name in ("call_id", "queue", "reason")}
        happening = self.simulation.tell(given["event"], given["agent_id"], _names(given.get("queues")), **members)
        now = self.clock.now()
        payload = {"event_id": happening.event_id, "timestamp": instant(now), **given}
        self.feed.tell(change(happening, now, payload["timestamp"]))
        return payload["event_id"], self.poster.event(payload) if self.poster else None

    async def settle(self) -> None:
        """Until what has happened is posted, or cannot be now."""
        self.step()
        if self.poster:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLED_S):
                    await self.poster.settle()

    def view(self) -> dict[str, Json]:
        """What a test may look at."""
        self.step()
        return {
            "seed": self.seed,
            "speed": self.speed,
            "floor_time": instant(self.simulation.time),
            "agents": [
                {
                    "agent_id": agent.agent_id,
                    "status": agent.status,
                    "since": agent.since and instant(self._time_scale.moment(agent.since)),
                    "call_id": agent.call_id,
                    "queue": agent.queue,
                    "reason": agent.reason,
                    "queues": list(agent.queues),
                }
                for agent in self.simulation.agents.values()
            ],
            "queues": {queue: _load(self.simulation, queue) for queue in QUEUES},
            "posting": self.poster.view() if self.poster else None,
            "feed": self.feed.view(),
        }

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Simulated time passes inside this context."""
        async with self.poster or contextlib.nullcontext():
            self._driver = asyncio.create_task(self._drive())
            try:
                yield
            finally:
                self._driver.cancel()
                await asyncio.gather(self._driver, return_exceptions=True)
                self._driver = None
                self.feed.reset()

    def _drive_on(self) -> None:
        """What the driver waits for is no longer what comes next."""
        if self._driver:
            self._driver.cancel()
            self._driver = asyncio.create_task(self._drive())

    async def _drive(self) -> None:
        while self.speed:
            if self.poster is None or self.poster.backlog < MOST_BACKLOG:
                self.step()
            loads_s = self._loads_due - self.clock.elapsed()
            next_s = min(loads_s, self._time_scale.seconds_until(self.simulation.due))
            await self.clock.sleep_until(self.clock.elapsed() + max(LEAST_SLEEP_S, next_s))

    def _tell_loads(self, poster: EventPoster) -> None:
        self._loads_due = self.clock.elapsed() + LOADS_EVERY_S
        for queue in QUEUES:
            load = _load(self.simulation, queue)
            if load != self._loads.get(queue):
                self._loads[queue] = load
                poster.load(queue, {**load, "timestamp": instant(self.clock.now())})


def event(happening: Happening, moment: dt.datetime) -> dict[str, Json]:
    """As the contract's Event: the members that go with this one."""
    members = {
        "login": ("queues",),
        "call_start": ("call_id", "queue"),
        "call_end": ("call_id",),
        "break_start": ("reason",),
    }
    return {
        "event_id": happening.event_id,
        "event": happening.event,
        "agent_id": happening.agent_id,
        "timestamp": instant(moment),
        **{name: getattr(happening, name) for name in members.get(happening.event, ())},
    }


def change(happening: Happening, moment: dt.datetime, timestamp: str = "") -> StreamMessage:
    """As the seed's seven-key message."""
    on_call = happening.new == "on_call"
    payload = {
        "event": "agent_status_change",
        "agent_id": happening.agent_id,
        "timestamp": timestamp or instant(moment),
        "old_status": happening.old,
        "new_status": happening.new,
        "call_id": happening.call_id if on_call else None,
        "queue": happening.queue if on_call else None,
    }
    return StreamMessage(payload, frozenset(_names([happening.queue, happening.left]) or ()))


def _load(simulation: CallCentreSimulation, queue: str) -> dict[str, int]:
    waiting, longest_wait = simulation.load(queue)
    return {"waiting": waiting, "longest_wait": longest_wait}


def _names(given: Json) -> list[str] | None:
    """What of a list is text; a planted event may hold anything."""
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else None
