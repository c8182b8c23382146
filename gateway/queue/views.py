"""How operations, the queue and sync runs look to people: read only, as openapi/operations.yaml has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.errors import InvalidTransition, OperationNotFound
from argus_wfm.gateway.queue.kinds import KINDS, OPEN, REPORT, OperationStatus
from argus_wfm.gateway.queue.rows import PAUSED
from argus_wfm.gateway.storage.tables import attempts, batches, operations, report_files, switches, sync_runs, workers
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import exact

Row = sa.Row[Any]
BRIEF = tuple(column for column in operations.c if column.name not in ("payload_digest", "idempotency_key"))


class QueueViews:
    """Safe to share between threads."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._now = engine, now

    def one(self, operation_id: str) -> Json:
        """Raises OperationNotFound."""
        with self._engine.connect() as connection:
            row = _find(connection, operation_id)
            return self._shown(row, _attempts(connection, [row.number]))

    def page(self, chosen: Iterable[sa.ColumnElement[bool]], *, cursor: str | None, limit: int) -> Json:
        """The newest first; `cursor` is the `next` of the page before."""
        query = sa.select(*BRIEF).where(*chosen).order_by(operations.c.number.desc()).limit(limit + 1)
        if cursor:
            query = query.where(operations.c.number < position(cursor))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            tried = _attempts(connection, [row.number for row in rows[:limit]])
        items = [self._shown(row, tried) for row in rows[:limit]]
        return {"items": items, "next": str(rows[limit - 1].number) if len(rows) > limit else None}

    def result(self, operation_id: str) -> tuple[str, bytes | Json]:
        """(media type, content). Raises OperationNotFound, InvalidTransition for one that brought nothing yet."""
        with self._engine.connect() as connection:
            row = _find(connection, operation_id)
            if row.kind == REPORT:
                return _file(connection, row, self._now())
            query = sa.select(batches.c.result).where(batches.c.operation == row.number).order_by(batches.c.batch)
            found = [line for result in connection.scalars(query) for line in result.get("rows", [])]
        if row.status != OperationStatus.COMPLETED and not found:
            raise InvalidTransition(f"Operation {operation_id} is {row.status}; it has brought nothing yet.")
        return "application/json", {"operation_id": row.id, "kind": row.kind, "rows": found}

    def queue(self) -> Json:
        """Counts, the oldest and the next, and who works."""
        o, w = operations.c, workers.c
        is_open, now = o.status.in_(OPEN), self._now()
        counted = sa.select(o.status, o.kind, sa.func.count()).group_by(o.status, o.kind)
        waiting = sa.and_(o.status.in_((OperationStatus.QUEUED, OperationStatus.WAITING)))
        with self._engine.connect() as connection:
            rows = connection.execute(counted).all()
            paused = connection.execute(sa.select(switches).where(switches.c.name == PAUSED)).one_or_none()
            oldest = connection.scalar(sa.select(sa.func.min(o.due_at)).where(waiting, o.due_at <= now, is_open))
            coming = connection.scalar(sa.select(sa.func.min(o.due_at)).where(waiting, o.due_at > now))
            alive = connection.execute(sa.select(workers).order_by(w.id)).all()
        statuses = {status.value: 0 for status in OperationStatus}
        kinds = {name: 0 for name in KINDS}
        for status, kind, count in rows:
            statuses[status] += count
            kinds[kind] += count if status in OPEN else 0
        return {
            "paused": paused is not None,
            "statuses": statuses,
            "kinds": kinds,
            "oldest_due_at": _moment(oldest),
            "next_due_at": _moment(coming),
            "workers": [
                {"id": row.id, "host": row.host, "seen_at": exact(row.seen_at), "running": row.running} for row in alive
            ],
        }

    def sync_run(self, operation_id: str) -> Json:
        """Raises OperationNotFound."""
        with self._engine.connect() as connection:
            row = connection.execute(_runs().where(operations.c.id == operation_id)).one_or_none()
        if row is None:
            raise OperationNotFound(f"There is no personnel sync {operation_id}.")
        return self._run(row)

    def sync_runs(self, *, cursor: str | None, limit: int) -> Json:
        """The newest first."""
        query = _runs().order_by(operations.c.number.desc()).limit(limit + 1)
        if cursor:
            query = query.where(operations.c.number < position(cursor))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        items = [self._run(row) for row in rows[:limit]]
        return {"items": items, "next": str(rows[limit - 1].number) if len(rows) > limit else None}

    def _run(self, row: Row) -> Json:
        counts = ("created", "updated", "deactivated", "unchanged", "rejected")
        return {
            "operation_id": row.id,
            "status": row.status,
            "day": row.day and row.day.isoformat(),
            "started_at": _moment(row.run_started),
            "finished_at": _moment(row.run_finished),
            "total": row.run_total,
            "batches": row.batches or [],
            **{name: getattr(row, name) or 0 for name in counts},
            "rejections": row.rejections or [],
            "progress": self._progress(row),
        }

    def _shown(self, row: Row, tried: dict[int, list[Json]]) -> Json:
        mine = tried.get(row.number, [])
        return {
            "id": row.id,
            "kind": row.kind,
            "priority": row.priority,
            "status": row.status,
            "attempt": mine[-1]["number"] if mine and row.status != OperationStatus.QUEUED else 0,
            "attempts": mine,
            "redriven": row.redriven,
            "submitted_at": exact(row.submitted_at),
            "due_at": _moment(row.due_at) if row.status in (OperationStatus.QUEUED, OperationStatus.WAITING) else None,
            "started_at": _moment(row.started_at),
            "finished_at": _moment(row.finished_at),
            "principal": row.principal,
            "request_id": row.request_id,
            "progress": self._progress(row),
            "reason": row.reason,
            "result": row.result,
            "error": row.error,
        }

    def _progress(self, row: Row) -> Json:
        if row.total is None:
            return None
        eta: float | None = None
        if row.status == OperationStatus.RUNNING and row.done and row.started_at:
            spent = (self._now() - row.started_at).total_seconds()
            eta = round(max(0.0, spent / row.done * (row.total - row.done)), 1)
        return {"done": row.done, "total": row.total, "unit": KINDS[row.kind].unit, "eta_s": eta}


def _runs() -> sa.Select[Any]:
    r = sync_runs.c
    named = (r.started_at.label("run_started"), r.finished_at.label("run_finished"), r.total.label("run_total"))
    columns = (r.day, r.batches, r.created, r.updated, r.deactivated, r.unchanged, r.rejected, r.rejections)
    joined = operations.outerjoin(sync_runs, r.operation == operations.c.number)
    o = operations.c
    mine = (o.number, o.id, o.kind, o.status, o.started_at, o.done, o.total)
    return sa.select(*mine, *named, *columns).select_from(joined).where(o.kind == "personnel_sync")


def _find(connection: sa.Connection, operation_id: str) -> Row:
    row = connection.execute(sa.select(*BRIEF).where(operations.c.id == operation_id)).one_or_none()
    if row is None:
        raise OperationNotFound(f"There is no operation {operation_id}.")
    return row


def _file(connection: sa.Connection, row: Row, now: dt.datetime) -> tuple[str, bytes]:
    f = report_files.c
    query = sa.select(f.media_type, f.content).where(f.operation == row.number, f.expires_at > now)
    file = connection.execute(query).one_or_none() if row.status == OperationStatus.COMPLETED else None
    if file is None:
        gone = "its file has expired" if row.status == OperationStatus.COMPLETED else "it has brought nothing yet"
        raise InvalidTransition(f"Operation {row.id} is {row.status}; {gone}.")
    return file.media_type, file.content


def _attempts(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[Json]]:
    found: dict[int, list[Json]] = {}
    query = sa.select(attempts).where(attempts.c.operation.in_(numbers)).order_by(attempts.c.id)
    for row in connection.execute(query):
        found.setdefault(row.operation, []).append(
            {
                "number": row.number,
                "started_at": exact(row.started_at),
                "ended_at": _moment(row.ended_at),
                "code": row.code,
                "last_error": row.last_error,
            }
        )
    return found


def _moment(moment: dt.datetime | None) -> str | None:
    return exact(moment) if moment else None


def position(cursor: str) -> int:
    """A cursor that was not ours finds nothing."""
    return int(cursor) if cursor.isdecimal() and len(cursor) < 19 else 0
