"""What people may do to the queue: cancel, hurry, redrive, pause. Every change is one transaction."""

from __future__ import annotations

import contextlib

import sqlalchemy as sa

from argus_wfm.gateway.errors import InvalidTransition
from argus_wfm.gateway.queue.kinds import OPEN, OperationStatus
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import AGAIN, PAUSED, find, is_paused, lock
from argus_wfm.gateway.storage.tables import operations, switches


class QueueActions:
    """Safe to share between threads and processes."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def cancel(self, operation_id: str) -> None:
        """Raises OperationNotFound, InvalidTransition for one that is over."""
        with self._queue.engine.begin() as connection:
            lock(connection)
            row = find(connection, operation_id)
            if row.status not in OPEN:
                raise InvalidTransition(f"Operation {operation_id} is {row.status}; only open ones can be cancelled.")
            if row.status == OperationStatus.RUNNING:
                told = {"cancelling": True, "reason": "is being cancelled"}
                connection.execute(operations.update().where(operations.c.number == row.number).values(told))
            else:
                self._queue.drop(connection, row, "cancelled")

    def retry_now(self, operation_id: str) -> None:
        """Raises OperationNotFound, InvalidTransition for one that does not wait."""
        with self._queue.engine.begin() as connection:
            lock(connection)
            row = find(connection, operation_id)
            if row.status not in (OperationStatus.WAITING, OperationStatus.QUEUED):
                raise InvalidTransition(f"Operation {operation_id} is {row.status}; only waiting ones can be hurried.")
            connection.execute(
                operations.update().where(operations.c.number == row.number).values(due_at=self._queue.now())
            )
        self._queue.on_due()

    def redrive(self, operation_id: str) -> None:
        """Raises OperationNotFound, InvalidTransition for one that is no dead letter."""
        with self._queue.engine.begin() as connection:
            lock(connection)
            row = find(connection, operation_id)
            if row.status != OperationStatus.DEAD:
                raise InvalidTransition(f"Operation {operation_id} is {row.status}, not a dead letter.")
            connection.execute(self._redriven().where(operations.c.number == row.number))
        self._queue.on_due()

    def redrive_all(self, chosen: sa.ColumnElement[bool], *, dry_run: bool) -> int:
        """How many dead letters the condition takes; they are queued again unless it is a dry run."""
        dead = sa.and_(operations.c.status == OperationStatus.DEAD, chosen)
        with self._queue.engine.begin() as connection:
            if dry_run:
                return connection.scalar(sa.select(sa.func.count()).select_from(operations).where(dead)) or 0
            count = connection.execute(self._redriven().where(dead)).rowcount
        self._queue.on_due()
        return count

    def _redriven(self) -> sa.Update:
        o = operations.c
        return operations.update().values(
            status=OperationStatus.QUEUED,
            failures=0,
            redriven=o.redriven + 1,
            **AGAIN,
            due_at=self._queue.now(),
            finished_at=None,
            reason="redriven",
            error=sa.null(),
        )

    def pause(self) -> None:
        """Nothing more is started, by any process."""
        with (
            contextlib.suppress(sa.exc.IntegrityError),
            self._queue.engine.begin() as connection,
        ):  # it is paused already
            connection.execute(switches.insert().values(name=PAUSED, value="yes"))

    def resume(self) -> None:
        """The reverse of pause()."""
        with self._queue.engine.begin() as connection:
            connection.execute(switches.delete().where(switches.c.name == PAUSED))
        self._queue.on_due()

    def paused(self) -> bool:
        """Whether nothing more is started."""
        with self._queue.engine.connect() as connection:
            return is_paused(connection)
