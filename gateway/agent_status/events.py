"""Takes what the contact centre tells: each event is applied once, in order, and committed before it is acknowledged.

All processes of one database take turns, so that `sequence` counts changes without a gap in the order of commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.agent_status.transitions import AgentState, AgentStatus, Event, StatusChange, moved
from argus_wfm.gateway.errors import AgentNotFound
from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.database import take_turn
from argus_wfm.gateway.storage.group_commit import Commits
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ApiError, ValidationFailed

TURN = 0x6D6365  # the advisory lock of whoever writes
RETENTION = dt.timedelta(days=90)
PORTION = 5000  # changes that are forgotten in one transaction
UNMEASURED = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # of a queue that an event names before its load is told


@dataclass(frozen=True, slots=True)
class Load:
    """How long a queue is; `longest_wait` in seconds."""

    queue: str
    waiting: int
    longest_wait: int
    measured_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What an event has led to; a duplicate did so when it came first."""

    change: StatusChange
    duplicate: bool


Told = Event | Load
Done = Applied | None


class Agents:
    """Start it before the first event; `told` gets every group's changes as soon as they are committed, and whether
    loads were among them."""

    def __init__(self, engine: sa.Engine, told: Callable[[Sequence[StatusChange], bool], None]) -> None:
        self._engine, self._told = engine, told
        self._commits: Commits[Told, Done] = Commits(engine, "agents", self._write, self._committed)
        self.start, self.stop = self._commits.start, self._commits.stop

    def apply(self, event: Event) -> Future[Done]:
        """Applied, once it is committed. Fails with InvalidTransition, AgentNotFound, ValidationFailed."""
        return self._commits.submit(event)

    def load(self, load: Load) -> Future[Done]:
        """Done once it is committed; a load older than the one known changes nothing."""
        return self._commits.submit(load)

    def purge(self, now: dt.datetime) -> int:
        """Forget changes before the first that is younger than RETENTION, so that those kept follow on each other.

        The latest stays, since sequences go on from it.
        """
        changes = tables.agent_changes
        with self._engine.connect() as connection:
            young = sa.select(sa.func.min(changes.c.sequence)).where(changes.c.timestamp >= now - RETENTION)
            first = connection.scalar(young) or last_sequence(connection)
            oldest = connection.scalar(sa.select(sa.func.min(changes.c.sequence))) or first
        purged = 0
        for upto in (*range(oldest + PORTION, first, PORTION), first):  # writers have their turn between two portions
            with self._engine.begin() as connection:
                purged += connection.execute(changes.delete().where(changes.c.sequence < upto)).rowcount
        return purged

    def _write(self, connection: sa.Connection, group: Sequence[Told]) -> list[Done | Exception]:
        take_turn(connection, TURN)
        turn = _Turn(connection, [told for told in group if isinstance(told, Event)])
        results: list[Done | Exception] = [turn.take(told) if isinstance(told, Event) else None for told in group]
        turn.write()
        loads = [told for told in group if isinstance(told, Load)]
        _write_loads(connection, [*(Load(queue, 0, 0, UNMEASURED) for queue in turn.named), *loads])
        return results

    def _committed(self, results: Sequence[Done | Exception]) -> None:
        new = [result.change for result in results if isinstance(result, Applied) and not result.duplicate]
        if new or None in results:
            self._told(new, None in results)


class _Turn:
    """The events of one transaction, against what is known; written at once, however many they are."""

    def __init__(self, connection: sa.Connection, events: Sequence[Event]) -> None:
        self._connection = connection
        self._agents = _known(connection, {event.agent_id for event in events})
        self._before = frozenset(self._agents)
        self._seen = _seen(connection, {event.event_id for event in events})
        self._sequence = last_sequence(connection) if events else 0
        self._rows: list[dict[str, Json]] = []
        self.named: set[str] = set()
        self._queues: dict[str, tuple[str, ...]] = {}

    def take(self, event: Event) -> Applied | ApiError:
        """Apply one; a refusal changes nothing and is forgotten, so that the event may come again in its time."""
        try:
            return self._repeated(event) or self._applied(event)
        except ApiError as refusal:
            return refusal

    def _repeated(self, event: Event) -> Applied | None:
        if event.event_id not in self._seen:
            return None
        digest, change = self._seen[event.event_id]
        if digest != event.digest:
            raise ValidationFailed(
                f"Event {event.event_id} came with other content before; an event keeps its id, another has its own.",
                field="event_id",
            )
        return Applied(change, True)

    def _applied(self, event: Event) -> Applied:
        before = self._agents.get(event.agent_id)
        if before is None:
            if event.name != "login":
                raise AgentNotFound(f"There is no agent {event.agent_id}; the first login makes one known.")
            before = AgentState(event.agent_id, AgentStatus.OFFLINE, event.timestamp)
        after = moved(before, event)
        self._sequence += 1
        change = StatusChange(
            self._sequence,
            after.agent_id,
            after.since,
            before.status,
            after.status,
            after.call_id,
            after.queue,
            before.queue,
        )
        self._agents[after.agent_id], self._seen[event.event_id] = after, (event.digest, change)
        self._rows.append({"event_id": event.event_id, "digest": event.digest, **asdict(change)})
        self.named |= {*(event.queues or ()), *([event.queue] if event.queue else [])}
        if event.queues is not None:
            self._queues[after.agent_id] = event.queues
        return Applied(change, False)

    def write(self) -> None:
        """Everything that has changed."""
        if not self._rows:
            return
        connection, touched = self._connection, {row["agent_id"] for row in self._rows}
        rows = {agent_id: asdict(self._agents[agent_id]) for agent_id in touched}
        if new := [row for agent_id, row in rows.items() if agent_id not in self._before]:
            connection.execute(tables.agents.insert(), new)
        if old := [{**row, "id": agent_id} for agent_id, row in rows.items() if agent_id in self._before]:
            connection.execute(tables.agents.update().where(tables.agents.c.agent_id == sa.bindparam("id")), old)
        connection.execute(tables.agent_changes.insert(), self._rows)
        self._write_queues()

    def _write_queues(self) -> None:
        if not self._queues:
            return
        table = tables.agent_queues
        self._connection.execute(table.delete().where(table.c.agent_id.in_(self._queues)))
        rows = [{"agent_id": agent_id, "queue": queue} for agent_id, of in self._queues.items() for queue in of]
        if rows:
            self._connection.execute(table.insert(), rows)


def last_sequence(connection: sa.Connection) -> int:
    """Of the latest change; 0 before the first."""
    return connection.scalar(sa.select(sa.func.max(tables.agent_changes.c.sequence))) or 0


def change_of(row: Any) -> StatusChange:
    """From a row of agent_changes."""
    return StatusChange(
        row.sequence,
        row.agent_id,
        row.timestamp,
        AgentStatus(row.old_status),
        AgentStatus(row.new_status),
        row.call_id,
        row.queue,
        row.left_queue,
    )


def agent_of(row: Any) -> AgentState:
    """From a row of agents."""
    return AgentState(row.agent_id, AgentStatus(row.status), row.since, row.call_id, row.queue, row.reason)


def _known(connection: sa.Connection, ids: set[str]) -> dict[str, AgentState]:
    rows = connection.execute(sa.select(tables.agents).where(tables.agents.c.agent_id.in_(ids)))
    return {row.agent_id: agent_of(row) for row in rows}


def _seen(connection: sa.Connection, ids: set[str]) -> dict[str, tuple[str, StatusChange]]:
    rows = connection.execute(sa.select(tables.agent_changes).where(tables.agent_changes.c.event_id.in_(ids)))
    return {row.event_id: (row.digest, change_of(row)) for row in rows}


def _write_loads(connection: sa.Connection, loads: Sequence[Load]) -> None:
    """The latest of each queue, in the order measured; `version` says to who follows that it is new."""
    table = tables.call_queues
    if not loads:
        return
    latest: Mapping[str, Load] = {load.queue: load for load in sorted(loads, key=lambda load: load.measured_at)}
    rows = connection.execute(sa.select(table.c.queue, table.c.measured_at).where(table.c.queue.in_(latest)))
    known = {row.queue: row.measured_at for row in rows}
    version = connection.scalar(sa.select(sa.func.max(table.c.version))) or 0
    for load in latest.values():
        version += 1
        row = {**asdict(load), "version": version}
        if load.queue not in known:
            connection.execute(table.insert(), row)
        elif load.measured_at >= known[load.queue] and load.measured_at > UNMEASURED:
            connection.execute(table.update().where(table.c.queue == load.queue), row)
