"""Rows of the queue as the code holds them, and what every transition needs."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.errors import OperationNotFound
from argus_wfm.gateway.queue.kinds import KINDS, OperationKind, OperationStatus
from argus_wfm.gateway.storage.tables import attempts, operations, switches
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ApiError, instant

PAUSED = "paused"
INTERRUPTED = "INTERRUPTED"
ALONE = 0x616C6F6E  # the first half of an advisory lock's key


@dataclass(frozen=True, slots=True)
class Claimed:
    """An operation that this process runs now; `attempt` counts retries from 0."""

    number: int
    id: str
    kind: OperationKind
    turn: int
    attempt: int
    request_id: str
    principal: str
    submitted_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Due:
    """An operation that dbos is to be asked for."""

    number: int
    id: str
    priority: int
    turn: int


def error_body(
    claimed: Claimed, error: ApiError, *, permanent: bool, last_error: str, now: dt.datetime
) -> dict[str, Json]:
    """The seed's (section 5): SYNC_FAILED after the last attempt, the refusal's own code for a permanent one."""
    details = {"attempt": claimed.attempt, "last_error": last_error, "timestamp": instant(now)}
    if field := error.details.get("field"):
        details["field"] = field
    code = error.code if permanent else "SYNC_FAILED"
    return {"error": True, "code": code, "message": f"{claimed.kind.title} failed", "details": details}


AGAIN: dict[str, Any] = {"turn": operations.c.turn + 1, "enqueued": False}


def open_attempts(number: int) -> sa.ColumnElement[bool]:
    return sa.and_(attempts.c.operation == number, attempts.c.ended_at.is_(None))


def find(connection: sa.Connection, operation_id: str) -> sa.Row[Any]:
    row = connection.execute(
        sa.select(operations).where(operations.c.id == operation_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise OperationNotFound(f"There is no operation {operation_id}.")
    return row


def is_paused(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(switches.c.value).where(switches.c.name == PAUSED)).one_or_none() is not None


def claimed_of(row: sa.Row[Any]) -> Claimed:
    """From a row of operations."""
    kind = KINDS[row.kind]
    return Claimed(row.number, row.id, kind, row.turn, row.failures, row.request_id, row.principal, row.submitted_at)


def another_runs(connection: sa.Connection, row: sa.Row[Any]) -> bool:
    """Whether one of the same kind runs; until the transaction ends no other process begins one."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ALONE, list(KINDS).index(row.kind))))
    o = operations.c
    query = (
        sa.select(o.id).where(o.kind == row.kind, o.status == OperationStatus.RUNNING, o.number != row.number).limit(1)
    )
    return connection.execute(query).one_or_none() is not None


def lock(connection: sa.Connection) -> None:
    """SQLite knows no FOR UPDATE: what is read here is written before anybody else writes."""
    if connection.dialect.name == "sqlite":
        with contextlib.suppress(sa.exc.OperationalError):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
