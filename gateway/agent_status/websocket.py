"""/ws/agent-status (openapi/agent-status.asyncapi.yaml): who may subscribe, to what, and from where it goes on."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from argus_wfm.gateway.agent_status.hub import AGAIN, RESTART, Hub, Subscriber, metrics
from argus_wfm.gateway.agent_status.queries import AgentStatusQueries
from argus_wfm.gateway.errors import TooManyRequests
from argus_wfm.gateway.identity.tokens import Claims
from argus_wfm.json_type import Json
from argus_wfm.openapi import Operation, ServedExchange, Stream
from argus_wfm.openapi.authorization import bearer
from argus_wfm.openapi.errors import ApiError, ValidationFailed, instant
from argus_wfm.openapi.middleware import exchange_of, refuse_upgrade
from argus_wfm.openapi.sockets import outlet
from argus_wfm.openapi.validation import Validator

log = logging.getLogger("argus.gateway.subscription")
T = TypeVar("T")
Snapshot = tuple[int, int, list[Json], list[Json]]  # sequence, version of loads, agents, queues
AT_ONCE = 2  # reads of those who come
SHARED_S = 1.0
PART = 500  # agents of one message
AGAIN_S = "10"
FAILED = 1011


class Subscriptions:
    """ASGI application for upgrades; `admit` gives a token's claims.

    `before_answer` and `on_exchange` are told of each upgrade as serve() tells them of each call.
    """

    def __init__(
        self,
        stream: Stream,
        hub: Hub,
        queries: AgentStatusQueries,
        *,
        now: Callable[[], dt.datetime],
        admit: Callable[[str, str], Claims],
        before_answer: Callable[[ServedExchange], Awaitable[None]],
        on_exchange: Callable[[ServedExchange], None],
        most: int,
    ) -> None:
        self._stream, self._hub, self._queries, self._now, self._admit = stream, hub, queries, now, admit
        self._before_answer, self._on_exchange, self._most = before_answer, on_exchange, most
        self._operation = Operation("agentStatus", "GET", stream.address, "read", "bearer", {"responses": {}})
        self._query = Validator(stream.query)
        self._reading, self._taking = asyncio.Semaphore(AT_ONCE), asyncio.Lock()
        self._taken: tuple[float, int, Snapshot | None] = 0.0, 0, None
        self._open: Counter[bytes] = Counter()  # sockets of a token, by its digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope, self._now())
        exchange.operation, exchange.status = self._operation, 101
        try:
            token = bearer(exchange.headers.get("authorization", ""))
            claims = self._admit(token, self._stream.audience)
            exchange.principal = claims.subject
            query = self._checked(exchange.query)
            holder = self._place(token)
        except ApiError as refusal:
            exchange.failure, exchange.status = refusal, refusal.status
            refusal.headers["X-Request-Id"] = exchange.request_id
            await self._before_answer(exchange)
            self._on_exchange(exchange)
            await refuse_upgrade(scope, receive, send, refusal, self._now())
            return
        self._open[holder] += 1
        try:
            await self._before_answer(exchange)
            self._on_exchange(exchange)
            await self._serve(WebSocket(scope, receive, send), exchange, claims, query)
        finally:
            self._open[holder] -= 1
            if not self._open[holder]:
                del self._open[holder]

    def _checked(self, text: str) -> dict[str, str]:
        """The query, by the stream's contract. Raises ValidationFailed."""
        pairs = parse_qsl(text, keep_blank_values=True)
        query = dict(pairs)
        if len(query) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise ValidationFailed(f"{twice}: stands in the query twice", field=twice)
        self._query.check(query)
        if "since" in query and query.get("extended") != "1":
            raise ValidationFailed("since: only the extended stream can be resumed; add extended=1", field="since")
        return query

    def _place(self, token: str) -> bytes:
        """Whose sockets are counted. Raises TooManyRequests when there are as many as one token may hold."""
        holder = hashlib.sha256(token.encode()).digest()
        if self._open[holder] >= self._most:
            words = f"This token holds {self._most} sockets already; close one, or come with another token."
            raise TooManyRequests(words, headers={"Retry-After": AGAIN_S})
        return holder

    async def _serve(self, socket: WebSocket, exchange: ServedExchange, claims: Claims, query: dict[str, str]) -> None:
        await socket.accept(headers=[(b"x-request-id", exchange.request_id.encode())])
        subscriber = Subscriber(
            outlet(socket.scope),
            claims.expires_at,
            claims.id,
            extended=query.get("extended") == "1",
            agent_id=query.get("agent_id"),
            queue=query.get("queue"),
            after=self._hub.sequence,
        )
        enter = self._hub.arrive if subscriber.extended else self._hub.join
        enter(subscriber)
        joining = asyncio.create_task(self._resume(socket, subscriber, query.get("since")))
        try:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass  # nothing that a subscriber sends means anything
        finally:
            joining.cancel()
            await asyncio.gather(joining, return_exceptions=True)
            self._hub.leave(subscriber)

    async def _resume(self, socket: WebSocket, subscriber: Subscriber, since: str | None) -> None:
        """What was before, at this subscriber's own pace; then it joins, with nothing between."""
        if not subscriber.extended:
            return
        era = self._hub.era
        try:
            await self._begin(socket, subscriber, since)
            while self._is_behind(subscriber) and era == self._hub.era:
                await self._caught_up(socket, subscriber)
            if era == self._hub.era:
                self._hub.join(subscriber)
            else:
                subscriber.outlet.end(RESTART, AGAIN)
        except Exception as error:
            if subscriber.outlet.ended or isinstance(error, WebSocketDisconnect):
                return
            log.error("A subscriber cannot be told what was before: %s", error)
            subscriber.outlet.end(FAILED, "what was before cannot be read")

    async def _begin(self, socket: WebSocket, subscriber: Subscriber, since: str | None) -> None:
        """From the sequence that it knows of, where everything after it is kept; else from a snapshot."""
        if since is not None and await self._read(self._queries.kept_since, int(since)):
            subscriber.after = int(since)
            return
        subscriber.after, subscriber.loads, agents, queues = await self._snapshot(subscriber)
        for message in _snapshot(subscriber.after, agents, queues, self._now()):
            await _send(socket, message)

    async def _snapshot(self, subscriber: Subscriber) -> Snapshot:
        """Of everybody it is taken once for all who come within a second; what was then, they catch up on."""
        if subscriber.agent_id or subscriber.queue:
            return await self._read(self._queries.snapshot, subscriber.agent_id, subscriber.queue)
        async with self._taking:
            taken_at, era, snapshot = self._taken
            now = time.monotonic()
            if snapshot is None or now - taken_at > SHARED_S or era != self._hub.era:
                snapshot = await self._read(self._queries.snapshot, None, None)
                self._taken = now, self._hub.era, snapshot
            return snapshot

    async def _read(self, read: Callable[..., T], *arguments: object) -> T:
        """In a thread; few at a time, so that whoever asks by REST finds one as well."""
        async with self._reading:
            return await asyncio.to_thread(read, *arguments)

    def _is_behind(self, subscriber: Subscriber) -> bool:
        return subscriber.after < self._hub.sequence or subscriber.loads < self._hub.loads

    async def _caught_up(self, socket: WebSocket, subscriber: Subscriber) -> None:
        for change in await self._read(self._queries.after, subscriber.after):
            if subscriber.wants(change):
                await _send(socket, change.sequenced())
            subscriber.after = change.sequence
        if subscriber.loads < self._hub.loads:
            loads, subscriber.loads = await self._read(self._queries.loads_after, subscriber.loads)
            for load in loads:
                if subscriber.wants_load(load["queue"]):
                    await _send(socket, metrics(load, self._now()))


async def _send(socket: WebSocket, message: Json) -> None:
    """Waits while the subscriber is slow."""
    await socket.send_text(orjson.dumps(message).decode())


def _snapshot(sequence: int, agents: list[Json], queues: list[Json], now: dt.datetime) -> Iterator[Json]:
    """In parts, since a client may take no more than a megabyte at once."""
    starts = range(0, len(agents), PART) or [0]
    for part, start in enumerate(starts, 1):
        yield {
            "event": "snapshot",
            "timestamp": instant(now),
            "sequence": sequence,
            "part": part,
            "parts": len(starts),
            "agents": agents[start : start + PART],
            "queues": queues if part == 1 else [],
        }
