"""Submits the personnel sync when its schedule says so: once for all processes, and once after any downtime.

The row in `schedules` says since when the schedule is watched and which instant it has run for; an instant is submitted
under a key of its own, so that two processes that see it due at once queue one operation.
"""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable

import sqlalchemy as sa

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.recurrence import Rule, rule
from argus_wfm.gateway.storage.tables import schedules
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import exact, instant

KIND = "personnel_sync"
PRINCIPAL = "schedule"


class Scheduler:
    """Safe to share between threads and processes; `text` has been checked by the settings."""

    def __init__(self, engine: sa.Engine, queue: Queue, now: Callable[[], dt.datetime], text: str) -> None:
        self._engine, self._queue, self._now, self._text = engine, queue, now, text
        self._rule = rule(text)
        self._next: dt.datetime | None = None  # nothing is to be looked up before it
        self._lock = threading.Lock()

    def look(self) -> None:
        """Submit what is due. Costs nothing until it is."""
        if self._rule is None:
            return
        with self._lock:
            now = self._now()
            if self._next is None or now >= self._next:
                self._submit(self._rule, now)
                self._next = next(self._rule.from_(now + dt.timedelta(microseconds=1)), None)

    def _submit(self, rule: Rule, now: dt.datetime) -> None:
        """Of several instants that nobody was there for, the latest alone."""
        since, due = self._watched(now), rule.latest(now)
        if due is None or due <= since:
            return
        key = f"schedule {instant(due)}"
        operation = self._queue.submit(KIND, {}, key=key, principal=PRINCIPAL, request_id=f"schedule-{instant(due)}")
        s = schedules.c
        newer = sa.and_(s.name == KIND, sa.or_(s.due_at.is_(None), s.due_at < due))
        ran = {"due_at": due, "submitted_at": now, "operation": operation}
        with self._engine.begin() as connection:
            connection.execute(schedules.update().where(newer).values(ran))

    def _watched(self, now: dt.datetime) -> dt.datetime:
        """The instant up to which all is done: the last one that ran, or when a process first looked."""
        s = schedules.c
        query = sa.select(s.seen_at, s.due_at).where(s.name == KIND)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            try:
                with self._engine.begin() as connection:
                    connection.execute(schedules.insert().values(name=KIND, seen_at=now))
            except sa.exc.IntegrityError:  # another process was first
                return self._watched(now)
            return now
        seen: dt.datetime = row.seen_at
        return max(seen, row.due_at or seen)

    def shown(self, since: dt.datetime, count: int) -> Json:
        """As openapi/operations.yaml has it: the next instants from `since` on, and the latest run."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(schedules).where(schedules.c.name == KIND)).one_or_none()
        coming = itertools.islice(self._rule.from_(since), count) if self._rule else ()
        latest = row and row.due_at
        return {
            "kind": KIND,
            "schedule": self._text,
            "zone": MOSCOW.key,
            "runs": [_run(moment) for moment in coming],
            "latest": {**_run(row.due_at), "submitted_at": exact(row.submitted_at), "operation_id": row.operation}
            if row and latest
            else None,
        }


def _run(moment: dt.datetime) -> Json:
    return {"at": instant(moment), "local_time": moment.astimezone(MOSCOW).isoformat(timespec="seconds")}
