"""The durable queue: a table that says what is to be done, and the only ways an operation changes in it.

    submit ─> queued ──begin──> running ──finish──> completed
                 ^                 │ fail: transient and fewer than 4 tries ──> waiting ─(due)─> begin
                 │                 │ fail: permanent, or the fourth ──────────> dead_letter ──redrive──┐
                 │                 │ hold: the breaker is open, no try is used ─> waiting               │
                 └── hand back ────┘                                                                    │
                 └──────────────────────────────────────────────────────────────────────────────────────┘

The table is the truth; dbos only runs what is due (worker.py). `turn` numbers the runs that dbos is asked for, so
that a run of an earlier turn finds that it is not wanted any more. Every change is one transaction.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from argus_wfm.gateway.queue.kinds import KINDS, OPEN, OperationStatus
from argus_wfm.gateway.queue.retries import DELAYS_S, retry_at
from argus_wfm.gateway.queue.rows import (
    AGAIN,
    INTERRUPTED,
    Claimed,
    Due,
    another_runs,
    claimed_of,
    error_body,
    is_paused,
    lock,
    open_attempts,
)
from argus_wfm.gateway.storage.tables import attempts, batches, operations, payloads
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ApiError, ValidationFailed

ALONE_FOR = dt.timedelta(seconds=1)  # until the next look whether the other one is over
OnEnd = Callable[[sa.Connection, Claimed, OperationStatus, Json], None]


class Queue:
    """Safe to share between threads and processes; `now` is aware UTC, `on_due` is told when something may be due.

    `on_end` is called inside of the transaction that ends an operation: what it writes is there if the end is.
    """

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self.engine, self.now = engine, now
        self.on_due: Callable[[], None] = lambda: None
        self.on_end: OnEnd = lambda _connection, _claimed, _status, _error: None

    def submit(self, kind: str, payload: Json, *, key: str | None, principal: str, request_id: str) -> str:
        """The operation's id, the same for the same Idempotency-Key. Raises ValidationFailed for a reused one."""
        body = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
        digest, now = hashlib.sha256(body).hexdigest(), self.now()
        row = {
            "id": f"{KINDS[kind].prefix}{secrets.token_hex(8)}",
            "kind": kind,
            "priority": KINDS[kind].priority,
            "status": OperationStatus.QUEUED,
            "idempotency_key": key,
            "payload_digest": digest,
            "principal": principal,
            "request_id": request_id,
            "submitted_at": now,
            "due_at": now,
        }
        try:
            with self.engine.begin() as connection:
                (number,) = connection.execute(operations.insert().values(row).returning(operations.c.number)).one()
                connection.execute(payloads.insert().values(operation=number, payload=body))
        except sa.exc.IntegrityError:
            return self._earlier(kind, key, principal, digest)
        self.on_due()
        return str(row["id"])

    def _earlier(self, kind: str, key: str | None, principal: str, digest: str) -> str:
        query = sa.select(operations.c.id, operations.c.payload_digest).where(
            operations.c.principal == principal, operations.c.kind == kind, operations.c.idempotency_key == key
        )
        with self.engine.connect() as connection:
            earlier = connection.execute(query).one()
        if earlier.payload_digest != digest:
            raise ValidationFailed(
                f"Idempotency-Key {key} came with another body before; use a new key.", field="Idempotency-Key"
            )
        return str(earlier.id)

    # what the dispatcher asks

    def due(self, limit: int) -> list[Due]:
        """What dbos has not been asked for yet, in order; nothing while the queue is paused."""
        o = operations.c
        query = (
            sa.select(o.number, o.id, o.priority, o.turn)
            .where(o.status.in_((OperationStatus.QUEUED, OperationStatus.WAITING)), o.due_at <= self.now(), ~o.enqueued)
            .order_by(o.priority, o.number)
            .limit(limit)
        )
        with self.engine.connect() as connection:
            if is_paused(connection):
                return []
            return [Due(*row) for row in connection.execute(query)]

    def enqueued(self, due: Iterable[Due]) -> None:
        """dbos has been asked for these."""
        o = operations.c
        with self.engine.begin() as connection:
            for one in due:
                connection.execute(
                    operations.update().where(o.number == one.number, o.turn == one.turn).values(enqueued=True)
                )

    def asked_for(self) -> list[Due]:
        """What dbos has been asked for and is not over."""
        o = operations.c
        query = sa.select(o.number, o.id, o.priority, o.turn).where(o.status.in_(OPEN), o.enqueued)
        with self.engine.connect() as connection:
            return [Due(*row) for row in connection.execute(query)]

    def ask_again(self, operation_id: str, turn: int) -> None:
        """dbos is done with a turn that the table knows no end of: it is due once more."""
        o = operations.c
        mine = sa.and_(o.id == operation_id, o.turn == turn, o.status.in_(OPEN), o.enqueued)
        with self.engine.begin() as connection:
            connection.execute(operations.update().where(mine).values(status=OperationStatus.QUEUED, **AGAIN))
        self.on_due()

    def unstarted(self) -> int:
        """How many are due and not begun; none while the queue is paused."""
        o = operations.c
        is_due = sa.and_(o.status.in_((OperationStatus.QUEUED, OperationStatus.WAITING)), o.due_at <= self.now())
        with self.engine.connect() as connection:
            if is_paused(connection):
                return 0
            return connection.scalar(sa.select(sa.func.count()).select_from(operations).where(is_due)) or 0

    # what a worker does

    def begin(self, operation_id: str, turn: int) -> Claimed | None:
        """Claim a turn; None when it is not wanted any more. One whose worker died goes on as the same attempt."""
        o, now = operations.c, self.now()
        with self.engine.begin() as connection:
            lock(connection)
            row = connection.execute(sa.select(operations).where(o.id == operation_id).with_for_update()).one_or_none()
            if row is None or row.turn != turn or row.status not in OPEN:
                return None
            mine = operations.update().where(o.number == row.number)
            interrupted = {"ended_at": now, "code": INTERRUPTED, "last_error": "its worker died"}
            if row.cancelling:
                connection.execute(attempts.update().where(open_attempts(row.number)).values(interrupted))
                self.drop(connection, row, "cancelled while it ran")
                return None
            if is_paused(connection) and row.status != OperationStatus.RUNNING:
                connection.execute(mine.values(AGAIN))
                return None
            if KINDS[row.kind].alone and another_runs(connection, row):
                again = {**AGAIN, "status": OperationStatus.WAITING, "due_at": now + ALONE_FOR}
                connection.execute(mine.values(**again, reason=f"another {row.kind} runs"))
                return None
            connection.execute(attempts.update().where(open_attempts(row.number)).values(interrupted))
            connection.execute(mine.values(status=OperationStatus.RUNNING, started_at=now, reason=None))
            connection.execute(attempts.insert().values(operation=row.number, number=row.failures, started_at=now))
        return claimed_of(row)

    def finish(self, claimed: Claimed, result: Mapping[str, Json]) -> bool:
        """Completed; False when somebody else has ended it meanwhile."""
        return self._end(claimed, status=OperationStatus.COMPLETED, result=dict(result), error=None, reason=None)

    def fail(self, claimed: Claimed, error: ApiError, *, transient: bool) -> bool:
        """Wait for the next attempt, or become a dead letter after a permanent failure or the last attempt."""
        last_error = str(error.details.get("last_error") or error)
        tried = {"code": error.code, "last_error": last_error}
        if transient and (due := retry_at(self.now(), claimed.attempt)):
            words = f"retry {claimed.attempt + 1} of {len(DELAYS_S)} after: {error}"
            again = {**AGAIN, "due_at": due, "failures": claimed.attempt + 1}
            return self._again(claimed, tried, status=OperationStatus.WAITING, reason=words, **again)
        body = error_body(claimed, error, permanent=not transient, last_error=last_error, now=self.now())
        reason = f"{f'{claimed.attempt + 1} attempts failed' if transient else 'permanent'}: {error}"
        return self._end(claimed, tried, status=OperationStatus.DEAD, error=body, reason=reason)

    def hold(self, claimed: Claimed, wait_s: float, why: str) -> bool:
        """Not a try at all (A09): 1C was not asked. Due again after `wait_s` seconds."""
        due = self.now() + dt.timedelta(seconds=wait_s)
        return self._again(claimed, None, status=OperationStatus.WAITING, reason=why, **{**AGAIN, "due_at": due})

    def hand_back(self, claimed: Claimed) -> bool:
        """This process stops: somebody else is to run it, and no try is used."""
        return self._again(
            claimed, None, status=OperationStatus.QUEUED, reason="handed back by a worker that stopped", **AGAIN
        )

    def cancelled(self, claimed: Claimed) -> bool:
        """It stopped because somebody had asked for that."""
        return self._end(claimed, status=OperationStatus.CANCELLED, reason="cancelled while it ran")

    def drop(self, connection: sa.Connection, row: sa.Row[Any], reason: str) -> None:
        """Cancel what does not run, inside of the caller's transaction."""
        over = {"finished_at": self.now(), "due_at": None, "cancelling": False}
        mine = operations.update().where(operations.c.number == row.number)
        connection.execute(mine.values(status=OperationStatus.CANCELLED, reason=reason, **over, **AGAIN))
        self.on_end(connection, claimed_of(row), OperationStatus.CANCELLED, None)

    def payload(self, number: int) -> Json:
        """As submitted."""
        with self.engine.connect() as connection:
            query = sa.select(payloads.c.payload).where(payloads.c.operation == number)
            return orjson.loads(connection.execute(query).scalar_one())

    def batch_results(self, number: int) -> dict[int, Json]:
        """Of the finished batches, by batch."""
        query = sa.select(batches.c.batch, batches.c.result).where(batches.c.operation == number)
        with self.engine.connect() as connection:
            return {row.batch: row.result for row in connection.execute(query.order_by(batches.c.batch))}

    def finished_batches(self, number: int) -> set[int]:
        """Which of them have a result."""
        with self.engine.connect() as connection:
            return set(connection.scalars(sa.select(batches.c.batch).where(batches.c.operation == number)))

    def batch_result(self, number: int, batch: int) -> Json:
        """Of one that has finished."""
        query = sa.select(batches.c.result).where(batches.c.operation == number, batches.c.batch == batch)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def keep(self, number: int, batch: int, result: Json, done: int) -> None:
        """A finished batch and the progress it brought, together."""
        with self.engine.begin() as connection:
            connection.execute(batches.delete().where(batches.c.operation == number, batches.c.batch == batch))
            connection.execute(batches.insert().values(operation=number, batch=batch, result=result))
            connection.execute(operations.update().where(operations.c.number == number).values(done=done))

    def progress(self, number: int, *, done: int, total: int) -> None:
        """How much there is, and how much of it is done."""
        with self.engine.begin() as connection:
            connection.execute(operations.update().where(operations.c.number == number).values(done=done, total=total))

    def wanted(self, claimed: Claimed) -> bool:
        """Whether nobody has asked to cancel it, and it is still this turn's."""
        o = operations.c
        query = sa.select(o.number).where(o.number == claimed.number, o.turn == claimed.turn, ~o.cancelling)
        with self.engine.connect() as connection:
            return connection.execute(query).one_or_none() is not None

    def _again(self, claimed: Claimed, tried: Mapping[str, Json] | None, **values: Json) -> bool:
        """It is to run once more, unless somebody has asked to cancel it."""
        if self._close(claimed, tried, ~operations.c.cancelling, **values):
            return True
        return self._end(claimed, tried, status=OperationStatus.CANCELLED, reason="cancelled while it ran")

    def _end(self, claimed: Claimed, tried: Mapping[str, Json] | None = None, **values: Json) -> bool:
        over = {"finished_at": self.now(), "due_at": None, "enqueued": False, "cancelling": False}
        return self._close(claimed, tried or {"code": None, "last_error": None}, **{**over, **values})

    def _close(
        self,
        claimed: Claimed,
        tried: Mapping[str, Json] | None,
        condition: sa.ColumnElement[bool] | None = None,
        **values: Json,
    ) -> bool:
        """End the attempt (forget it without `tried`) and change the operation, if it is still this turn's."""
        o, now = operations.c, values.get("finished_at") or self.now()
        with self.engine.begin() as connection:
            changed = connection.execute(
                operations.update()
                .where(o.number == claimed.number, o.turn == claimed.turn, o.status == OperationStatus.RUNNING)
                .where(sa.true() if condition is None else condition)
                .values(values)
            )
            if not changed.rowcount:
                return False
            open_ = open_attempts(claimed.number)
            if tried is None:
                connection.execute(attempts.delete().where(open_))
            else:
                connection.execute(attempts.update().where(open_).values(ended_at=now, **tried))
            if values["status"] not in OPEN:
                self.on_end(connection, claimed, values["status"], values.get("error"))
        self.on_due()
        return True
