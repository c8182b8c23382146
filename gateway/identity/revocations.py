"""Tokens that were ended before their time: known to every process of a database within a second."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import threading
from collections.abc import AsyncIterator, Callable

import sqlalchemy as sa

from argus_wfm.gateway.storage.tables import revoked_tokens

log = logging.getLogger("argus.gateway.revocations")
LOOK_S = 1.0


class Revocations:
    """Asked for each call, from memory; the database is what counts."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._now = engine, now
        self._known: frozenset[str] = frozenset()
        self._lock = threading.Lock()  # a look must not forget what is revoked meanwhile

    def __contains__(self, token_id: object) -> bool:
        return token_id in self._known

    def revoke(self, token_id: str, expires_at: dt.datetime) -> None:
        """Blocks; a token may be ended twice."""
        with self._lock:
            with contextlib.suppress(sa.exc.IntegrityError), self._engine.begin() as connection:
                connection.execute(revoked_tokens.insert().values(token_id=token_id, expires_at=expires_at))
            self._known |= {token_id}

    def look(self) -> None:
        """Blocks; what other processes have ended, and no more what has expired anyhow."""
        now = self._now()
        with self._lock, self._engine.connect() as connection:
            rows = connection.scalars(sa.select(revoked_tokens.c.token_id).where(revoked_tokens.c.expires_at > now))
            self._known = frozenset(rows)

    def purge(self) -> None:
        """Blocks; forget those that have expired anyhow."""
        with self._engine.begin() as connection:
            connection.execute(revoked_tokens.delete().where(revoked_tokens.c.expires_at <= self._now()))

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Look every second inside of this context, the first time before it begins."""
        await asyncio.to_thread(self.look)
        looking = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await asyncio.to_thread(self.look)
            except Exception as error:  # the next look may find it
                log.error("Which tokens were revoked cannot be read: %s", error)
