"""Which worker is alive: each holds the lock of its slot for as long as its process lives, however it ends.

The slot is dbos's executor id, stable over restarts. Whoever gets the lock of a slot that still has unfinished runs
knows that their worker is dead. Locks are PostgreSQL's advisory ones, or files beside the SQLite database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import filelock
import sqlalchemy as sa

from argus_wfm.gateway.storage.database import is_sqlite

SLOTS = 64
PREFIX = "worker-"
LOCKS = 0x61726775  # the first half of our advisory locks' keys


class NoLease(Exception):
    """There are as many workers as there may be."""


class Lock(Protocol):
    """Of one slot, held by this process."""

    def held(self) -> bool:
        """Whether it still is; a lost connection to PostgreSQL loses it."""

    def release(self) -> None:
        """Let others have it."""


class Leases:
    """The slots of one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def take(self) -> tuple[int, Lock]:
        """The first slot that nobody holds. Raises NoLease."""
        for slot in range(SLOTS):
            if lock := self.lock(slot):
                return slot, lock
        raise NoLease(f"{SLOTS} workers run on this database already; stop one of them.")

    def lock(self, slot: int) -> Lock | None:
        """None when somebody alive holds it."""
        if is_sqlite(self._engine):
            return _FileLock.of(f"{self._engine.url.database}.{PREFIX}{slot}.lock")
        return _AdvisoryLock.of(self._engine, slot)

    @contextmanager
    def of_the_dead(self, slot: int) -> Iterator[bool]:
        """Whether the slot's worker is dead; nobody else takes its place meanwhile."""
        lock = self.lock(slot)
        try:
            yield lock is not None
        finally:
            if lock:
                lock.release()


class _FileLock:
    def __init__(self, lock: filelock.BaseFileLock) -> None:
        self._lock = lock

    @classmethod
    def of(cls, path: str) -> _FileLock | None:
        lock = filelock.FileLock(path, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            return None
        return cls(lock)

    def held(self) -> bool:
        return True

    def release(self) -> None:
        self._lock.release()


class _AdvisoryLock:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @classmethod
    def of(cls, engine: sa.Engine, slot: int) -> _AdvisoryLock | None:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(LOCKS, slot))):
            connection.detach()  # the pool never hands it to anybody else
            return cls(connection)
        connection.close()
        return None

    def held(self) -> bool:
        try:
            self._connection.scalar(sa.select(1))
        except sa.exc.DBAPIError:
            return False
        return True

    def release(self) -> None:
        self._connection.close()


def executor(slot: int) -> str:
    """dbos's name of a slot."""
    return f"{PREFIX}{slot}"


def slot_of(executor_id: str) -> int | None:
    """The reverse of executor(); None for a name of somebody else's."""
    number = executor_id.removeprefix(PREFIX)
    return int(number) if executor_id.startswith(PREFIX) and number.isdecimal() else None
