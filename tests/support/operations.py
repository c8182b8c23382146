"""A clock that tests of the queue move by hand."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.errors import (
    UpstreamTimeout,
)
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.gateway.storage.tables import attempts, operations
from tests.support.clock import NOW


@dataclass
class Time:
    """A clock for tests of delays to the second."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


TIMEOUT = UpstreamTimeout("1C ZUP: no whole answer within 30 s.", attempt=0, last_error="Connection timeout")


SEVEN_S = dt.timedelta(seconds=7)


REPORT = {"report_id": "personnel_list", "format": "csv"}


def submit(queue: Queue, kind: str = "personnel_sync", key: str | None = None, principal: str = "argus") -> str:
    return queue.submit(kind, {}, key=key, principal=principal, request_id="r1")


def begun(queue: Queue, operation_id: str) -> Claimed:
    """What a worker gets for the operation's present turn."""
    (turn,) = [due.turn for due in queue.due(100) if due.id == operation_id]
    claimed = queue.begin(operation_id, turn)
    assert claimed is not None
    return claimed


def tried(engine: sa.Engine) -> list[tuple[int, str | None]]:
    """(number, code) of every attempt, in order; code "open" for one that has not ended."""
    query = sa.select(attempts.c.number, attempts.c.code, attempts.c.ended_at).order_by(attempts.c.id)
    with engine.connect() as connection:
        return [(row.number, row.code if row.ended_at else "open") for row in connection.execute(query)]


def row(engine: sa.Engine, operation_id: str) -> sa.Row[Any]:
    with engine.connect() as connection:
        return connection.execute(sa.select(operations).where(operations.c.id == operation_id)).one()


def status(engine: sa.Engine, operation_id: str) -> str:
    return str(row(engine, operation_id).status)
