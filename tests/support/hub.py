"""A hub with a board and outlets that are not real."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from argus_wfm.gateway.agent_status.hub import Hub, Subscriber
from argus_wfm.gateway.agent_status.transitions import AgentStatus, StatusChange
from argus_wfm.json_type import Json
from tests.support.clock import NOW

BACKLOG = 1000
FAR = NOW + dt.timedelta(days=1)


def change(sequence: int, agent_id: str = "a", queue: str | None = None, left: str | None = None) -> StatusChange:
    return StatusChange(sequence, agent_id, NOW, AgentStatus.AVAILABLE, AgentStatus.ON_BREAK, None, queue, left)


@dataclass
class Board:
    """What is committed; `broken` times nobody can read it."""

    changes: list[StatusChange] = field(default_factory=list)
    loads: list[Json] = field(default_factory=list)
    broken: int = 0

    def last(self) -> tuple[int, int]:
        if self.broken:
            self.broken -= 1
            raise OSError("the database is away")
        return max((one.sequence for one in self.changes), default=0), len(self.loads)

    def after(self, sequence: int) -> list[StatusChange]:
        return [one for one in self.changes if one.sequence > sequence][:2]  # pages are small

    def loads_after(self, version: int) -> tuple[list[Json], int]:
        return self.loads[version:], len(self.loads)


@dataclass
class Outlet:
    """Keeps what it is given; `waits` is how many bytes it says nobody has taken."""

    waits: int = 0
    messages: list[Json] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return bool(self.ends)

    def write(self, frame: bytes) -> int:
        self.messages.append(json.loads(frame[frame.index(b"{") :]))
        return self.waits

    def end(self, code: int, reason: str) -> None:
        self.ends.append(code)

    @property
    def sequences(self) -> list[int]:
        return [one["sequence"] for one in self.messages if one["event"] == "agent_status_change"]


@dataclass
class Scene:
    """A hub that runs."""

    queries: Board = field(default_factory=Board)
    moment: dt.datetime = NOW
    passed_s: float = 0.0

    def __post_init__(self) -> None:
        queries: Any = self.queries
        self.hub = Hub(queries, lambda: self.moment, lambda: self.passed_s, heartbeat_s=30, backlog=BACKLOG)

    def subscriber(self, **asked: Any) -> Outlet:
        outlet = Outlet(asked.pop("waits", 0))
        expires = asked.pop("expires_at", FAR)
        self.hub.join(Subscriber(outlet, expires, **{"extended": True, "after": self.hub.sequence, **asked}))
        return outlet

    def commit(self, *changes: StatusChange, heard: bool = True) -> None:
        self.queries.changes += changes
        if heard:
            self.hub.heard(changes)

    def run(self, act: Callable[[], Awaitable[None]]) -> None:
        async def running() -> None:
            async with asyncio.timeout(20), self.hub.running():
                await act()

        asyncio.run(running())

    async def told(self, sequence: int) -> None:
        while self.hub.sequence < sequence:
            await asyncio.sleep(0.001)

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await asyncio.sleep(0.001)
