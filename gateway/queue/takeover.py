"""Keeps this worker's lease, reports that it is alive, and takes over the operations of workers that are dead."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import socket
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from argus_wfm.gateway.queue.leases import Leases, Lock, executor, slot_of
from argus_wfm.gateway.storage.tables import workers

log = logging.getLogger("argus.gateway")
SILENT = dt.timedelta(seconds=30)  # after which a worker is no longer listed


class Takeover:
    """Of one worker. `busy` returns the workers that have runs; `recover` makes the runs of one of them ours."""

    def __init__(self, engine: sa.Engine, busy: Callable[[], Iterable[str]], recover: Callable[[str], object]) -> None:
        self._engine, self._busy, self._recover = engine, busy, recover
        self._leases = Leases(engine)
        self._slot = 0
        self._lock: Lock | None = None

    def begin(self) -> str:
        """Take a lease; returns the worker's id. Raises NoLease."""
        self._slot, self._lock = self._leases.take()
        return executor(self._slot)

    def look(self, running: int) -> None:
        """Renew the lease if it was lost, report `running` operations, and recover the runs of dead workers."""
        if self._lock is None or not self._lock.held():
            if self._lock:
                self._lock.release()
            self._lock = self._leases.lock(self._slot)  # None while another worker checks whether this one is dead
        self._report_alive(running)
        for executor_id in self._busy():
            slot = slot_of(executor_id)
            if slot is None or slot == self._slot:
                continue
            with self._leases.of_the_dead(slot) as dead:
                if dead:
                    log.warning("worker %s is dead; its operations are taken over", executor_id)
                    self._recover(executor_id)

    def end(self) -> None:
        """Sign off and give the lease back."""
        with contextlib.suppress(sa.exc.DBAPIError), self._engine.begin() as connection:
            connection.execute(workers.delete().where(workers.c.id == executor(self._slot)))
        if self._lock:
            self._lock.release()

    def _report_alive(self, running: int) -> None:
        me, now = executor(self._slot), dt.datetime.now(dt.UTC)  # real: processes may have different clocks
        with self._engine.begin() as connection:
            connection.execute(workers.delete().where(workers.c.id == me))
            connection.execute(workers.delete().where(workers.c.seen_at < now - SILENT))
            connection.execute(workers.insert().values(id=me, host=socket.gethostname(), seen_at=now, running=running))
