"""What the agents of the contact centre do now and did before, read from the database; every method blocks."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.agent_status.events import agent_of, change_of, last_sequence
from argus_wfm.gateway.agent_status.transitions import REASONS, AgentStatus, StatusChange
from argus_wfm.gateway.errors import AgentNotFound, CallNotFound, QueueNotFound
from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.database import is_sqlite
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import instant

PAGE = 500  # changes that are read at once
AGENTS, CHANGES = tables.agents.c, tables.agent_changes.c
QUEUES, OF_QUEUES = tables.call_queues.c, tables.agent_queues.c


class AgentStatusQueries:
    """Asked by REST and, for snapshots and what was missed, by the stream."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._now = engine, now

    def statuses(self, status: str | None = None, queue: str | None = None) -> Json:
        """The contract's AgentStatuses."""
        chosen = [AGENTS.status == status] if status else []
        chosen += [AGENTS.queue == queue] if queue else []
        with self._at_one_moment() as connection:
            agents, sequence = self._agents(connection, chosen), last_sequence(connection)
        return {
            "agents": agents,
            "total_count": len(agents),
            "sequence": sequence,
            "as_of": instant(self._now()),
        }

    def one(self, agent_id: str) -> Json:
        """Raises AgentNotFound."""
        with self._engine.connect() as connection:
            found = self._agents(connection, [AGENTS.agent_id == agent_id])
        if not found:
            raise AgentNotFound(f"There is no agent {agent_id}; the first login makes one known.")
        return found[0]

    def changes(
        self, agent_id: str, since: dt.datetime | None, until: dt.datetime | None, after: int, limit: int
    ) -> list[Json]:
        """One agent's, the earliest first, after sequence `after`. Raises AgentNotFound."""
        self.one(agent_id)
        chosen = [CHANGES.agent_id == agent_id, CHANGES.sequence > after]
        chosen += [CHANGES.timestamp >= since] if since else []
        chosen += [CHANGES.timestamp < until] if until else []
        query = sa.select(tables.agent_changes).where(*chosen).order_by(CHANGES.sequence).limit(limit)
        with self._engine.connect() as connection:
            return [change_of(row).sequenced() for row in connection.execute(query)]

    def breaks(self, overrun: bool | None) -> Json:
        """Those under way, the longest first."""
        now = self._now()
        query = sa.select(tables.agents).where(AGENTS.status == AgentStatus.ON_BREAK)
        with self._engine.connect() as connection:
            agents = [agent_of(row) for row in connection.execute(query.order_by(AGENTS.since, AGENTS.agent_id))]
        shown = [
            {"agent_id": agent.agent_id, "since": instant(agent.since), **agent.shown(now)["break"]}
            | {"minutes": max(0, int((now - agent.since).total_seconds() // 60))}
            for agent in agents
        ]
        chosen = [one for one in shown if overrun in (None, one["overrun"])]
        return {"breaks": chosen, "total_count": len(chosen)}

    def reasons(self) -> Json:
        """Of breaks."""
        shown = [{"reason": name, **_members(reason)} for name, reason in REASONS.items()]
        return {"reasons": shown}

    def call(self, call_id: str) -> Json:
        """The latest of that id. Raises CallNotFound."""
        began = sa.select(tables.agent_changes).where(CHANGES.call_id == call_id)
        with self._engine.connect() as connection:
            start = connection.execute(began.order_by(CHANGES.sequence.desc()).limit(1)).one_or_none()
            if start is None:
                raise CallNotFound(f"Nobody has taken a call {call_id} in the last 90 days.")
            later = sa.select(CHANGES.timestamp).where(CHANGES.agent_id == start.agent_id)
            later = later.where(CHANGES.sequence > start.sequence).order_by(CHANGES.sequence).limit(1)
            ended = connection.scalar(later)
        return {
            "call_id": call_id,
            "status": "ended" if ended else "active",
            "agent_id": start.agent_id,
            "queue": start.queue,
            "started_at": instant(start.timestamp),
            "ended_at": ended and instant(ended),
        }

    def queues(self) -> Json:
        """By name."""
        with self._engine.connect() as connection:
            shown = _loads(connection, sa.true())
        return {"queues": shown, "total_count": len(shown)}

    def queue(self, name: str) -> Json:
        """Raises QueueNotFound."""
        with self._engine.connect() as connection:
            shown = _loads(connection, QUEUES.queue == name)
        if not shown:
            raise QueueNotFound(f"The contact centre has told of no queue {name}.")
        return shown[0]

    def last(self) -> tuple[int, int]:
        """Sequence of the latest change, version of the latest load."""
        with self._engine.connect() as connection:
            return _last(connection)

    def after(self, sequence: int, limit: int = PAGE) -> list[StatusChange]:
        """Changes of all agents, in order."""
        query = sa.select(tables.agent_changes).where(CHANGES.sequence > sequence)
        with self._engine.connect() as connection:
            return [change_of(row) for row in connection.execute(query.order_by(CHANGES.sequence).limit(limit))]

    def kept_since(self, sequence: int) -> bool:
        """Whether every change after this one can still be told, and there has been such a one."""
        with self._engine.connect() as connection:
            first = connection.scalar(sa.select(sa.func.min(CHANGES.sequence)))
            return sequence <= last_sequence(connection) and (first or 1) <= sequence + 1

    def loads_after(self, version: int) -> tuple[list[Json], int]:
        """Queues that were told of since, and the version of the latest."""
        with self._at_one_moment() as connection:
            _, latest = _last(connection)
            return (_loads(connection, QUEUES.version > version) if latest > version else []), latest

    def snapshot(self, agent_id: str | None, queue: str | None) -> tuple[int, int, list[Json], list[Json]]:
        """Sequence, version of the latest load, agents and queues at one moment."""
        chosen = [AGENTS.agent_id == agent_id] if agent_id else []
        chosen += [AGENTS.queue == queue] if queue else []
        with self._at_one_moment() as connection:
            queues = [] if agent_id else _loads(connection, QUEUES.queue == queue if queue else sa.true())
            return *_last(connection), self._agents(connection, chosen), queues

    def _agents(self, connection: sa.Connection, chosen: Sequence[sa.ColumnElement[bool]]) -> list[Json]:
        now = self._now()
        rows = connection.execute(sa.select(tables.agents).where(*chosen).order_by(AGENTS.agent_id))
        return [agent_of(row).shown(now) for row in rows]

    @contextlib.contextmanager
    def _at_one_moment(self) -> Iterator[sa.Connection]:
        """What is read inside belongs together, whatever others write meanwhile."""
        with self._engine.connect() as connection:
            if is_sqlite(self._engine):
                connection.exec_driver_sql("BEGIN DEFERRED")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()


def _last(connection: sa.Connection) -> tuple[int, int]:
    return last_sequence(connection), connection.scalar(sa.select(sa.func.max(QUEUES.version))) or 0


def _members(reason: Any) -> dict[str, Json]:
    return {"title": reason.title, "allowed_minutes": reason.allowed_minutes}


def _loads(connection: sa.Connection, chosen: sa.ColumnElement[bool]) -> list[Json]:
    available = (
        sa.select(sa.func.count())
        .select_from(tables.agent_queues.join(tables.agents))
        .where(OF_QUEUES.queue == QUEUES.queue, AGENTS.status == AgentStatus.AVAILABLE)
        .correlate(tables.call_queues)
        .scalar_subquery()
    )
    query = sa.select(QUEUES.queue, QUEUES.waiting, QUEUES.longest_wait, available.label("available_agents"))
    return [
        {str(name): value for name, value in row._mapping.items()}
        for row in connection.execute(query.where(chosen).order_by(QUEUES.queue))
    ]
