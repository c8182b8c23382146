"""Who has given too many wrong passwords is not let in for a while, whatever comes then (design decision 13).

The directory has a lock-out of its own, which stays out of reach of guessers when ours comes first. It is in the
database, so that guessing at another process does not help. Nobody is told that a name is locked.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Callable

import sqlalchemy as sa

from argus_wfm.gateway.storage.database import take_turn
from argus_wfm.gateway.storage.tables import login_failures

TURN = 0x6C6F636B  # the advisory lock of whoever counts
F = login_failures.c


class Lockout:
    """Every method blocks. `failures` in a row within `window` lock a name for as long."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime], *, failures: int, window_s: float) -> None:
        self._engine, self._now = engine, now
        self._most, self._window = failures, dt.timedelta(seconds=window_s)

    def is_locked(self, username: str) -> bool:
        """Whether this name is not let in now."""
        query = sa.select(F.locked_until).where(F.name == _digest(username))
        with self._engine.connect() as connection:
            until: dt.datetime | None = connection.scalar(query)
        return until is not None and until > self._now()

    def failed(self, username: str) -> None:
        """A wrong password for a name, be there such a user or not."""
        now, name = self._now(), _digest(username)
        with self._engine.begin() as connection:
            take_turn(connection, TURN)
            row = connection.execute(sa.select(login_failures).where(F.name == name)).one_or_none()
            goes_on = row is not None and row.first_at + self._window > now
            count = row.failures + 1 if row is not None and goes_on else 1
            values = {
                "failures": count,
                "first_at": row.first_at if row is not None and goes_on else now,
                "locked_until": now + self._window if count >= self._most else None,
            }
            if row is None:
                connection.execute(login_failures.insert().values(name=name, **values))
            else:
                connection.execute(login_failures.update().where(F.name == name).values(**values))

    def succeeded(self, username: str) -> None:
        """The right password: the count begins anew."""
        with self._engine.begin() as connection:
            connection.execute(login_failures.delete().where(F.name == _digest(username)))

    def purge(self) -> None:
        """Forget failures that count no more."""
        with self._engine.begin() as connection:
            connection.execute(login_failures.delete().where(F.first_at <= self._now() - 2 * self._window))


class NameLocks:
    """One login at a time for each name: a guess made while others are under way would be one too many."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._there: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def of(
        self, username: str, patience: Callable[[], contextlib.AbstractAsyncContextManager[None]]
    ) -> AsyncIterator[None]:
        """Raises what `patience` does, which is around the waiting alone."""
        name = _digest(username)
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._there[name] += 1
        try:
            async with patience():
                await lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            self._there[name] -= 1
            if not self._there[name]:
                del self._there[name], self._locks[name]


def _digest(username: str) -> str:
    """One name however it is written: the directory ignores case, and may ignore accents, width and spaces.

    A digest, since what people type here may be their password.
    """
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", username).casefold())
    folded = "".join(one for one in spread if not unicodedata.combining(one) and not one.isspace())
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
