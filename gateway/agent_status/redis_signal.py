"""Tells the other processes, through Redis, that something was committed; what it was stands in the database.

Nothing depends on a word that gets lost: whoever hears none looks into the database every second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import redis.asyncio as aredis
from redis.exceptions import RedisError

log = logging.getLogger("argus.gateway.fanout")
CHANNEL = "argus:agent-status"
TIMEOUT_S = 1.0
AGAIN_S = 0.5  # until Redis is tried again
AWAY = (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError)


class RedisSignal:
    """`heard` is called in the loop that runs it, for the word of others and after any time without Redis."""

    def __init__(self, url: str, heard: Callable[[], None]) -> None:
        self._url, self._heard = url, heard
        self._me = secrets.token_hex(8).encode()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owed = asyncio.Event()

    def tell(self) -> None:
        """This process has committed something; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(self._owed.set)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Talk and listen."""
        self._loop = asyncio.get_running_loop()
        talking = aredis.from_url(self._url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        listening = aredis.from_url(self._url, socket_connect_timeout=TIMEOUT_S)
        tasks = [asyncio.create_task(self._talk(talking)), asyncio.create_task(self._listen(listening))]
        try:
            yield
        finally:
            self._loop = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for client in (talking, listening):
                with contextlib.suppress(*AWAY):
                    await client.aclose()

    async def _talk(self, client: Any) -> None:
        """One word for all that was committed since the last."""
        away = False
        while True:
            await self._owed.wait()
            self._owed.clear()
            try:
                await client.publish(CHANNEL, self._me)
                away = False
            except AWAY as error:
                if not away:
                    log.warning("Redis cannot be told of changes; others look every second: %s", error)
                away = True

    async def _listen(self, client: Any) -> None:
        away = False
        while True:
            try:
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    away = False
                    async for message in pubsub.listen():
                        if message["type"] == "subscribe" or message["data"] != self._me:
                            self._heard()
            except AWAY as error:
                if not away:
                    log.warning("Redis does not tell of changes; the database is asked every second: %s", error)
                away = True
            await asyncio.sleep(AGAIN_S)
