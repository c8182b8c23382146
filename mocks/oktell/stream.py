"""The contact centre's own stream: the seed's seven-key messages over a WebSocket, with no gateway between."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.messages import MessageFaults, Sending
from argus_wfm.openapi.errors import ApiError, Unauthorized, ValidationFailed
from argus_wfm.openapi.stream import load_stream

Accepts = Container[str] | Callable[[str], bool]
MOST_WAITING = 10_000  # messages that a subscriber has not taken yet
MOST_BYTES = 4096  # of what a subscriber sends
TOO_LARGE, TOO_SLOW = 1009, 1013
FILTERS = ("agent_id", "queue")


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message, and the queues of the calls into and out of which it goes."""

    payload: dict[str, Json]
    queues: frozenset[str]


@dataclass(eq=False)
class Subscriber:
    """Who listens, to which agent and queue; None in `waiting` drops the connection."""

    agent_id: str | None
    queue: str | None
    waiting: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    too_slow: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, change: StreamMessage) -> bool:
        """Whether it asked for this."""
        mine = self.agent_id in (None, change.payload["agent_id"])
        return mine and (self.queue is None or self.queue in change.queues)


class Feed:
    """An endpoint for WebSockets. `accepts` says whose token is good, or holds the good ones."""

    def __init__(self, accepts: Accepts, tampering: MessageFaults[StreamMessage], clock: Clock) -> None:
        self._accepts = accepts if callable(accepts) else accepts.__contains__
        self._tampering, self._clock = tampering, clock
        self._subscribers: set[Subscriber] = set()
        self._late: set[asyncio.Task[None]] = set()
        self.sent = 0

    def tell(self, change: StreamMessage) -> None:
        """To every subscriber that wants it; faults strike only what somebody hears."""
        if not any(subscriber.wants(change) for subscriber in self._subscribers):
            return
        for sending in self._tampering.of("", change, change.payload):
            if sending.late_s:
                task = asyncio.get_running_loop().create_task(self._later(sending))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            elif not sending.withheld:
                self._send(sending)

    def reset(self) -> None:
        """Nothing is held back or to come; who listens goes on listening."""
        for task in self._late:
            task.cancel()
        self._tampering.forget()
        self.sent = 0

    def view(self) -> dict[str, Json]:
        """Who listens, and how much they were sent."""
        return {"subscribers": len(self._subscribers), "sent": self.sent}

    async def endpoint(self, websocket: WebSocket) -> None:
        """Until one side ends it; returning without a close frame drops the connection."""
        try:
            subscriber = self._admitted(websocket)
        except ApiError as error:
            await websocket.send_denial_response(_refusal(error, self._clock.now()))
            return
        self._subscribers.add(subscriber)  # before the other end knows that it is connected
        try:
            await websocket.accept()
            await self._serve(websocket, subscriber)
        finally:
            self._subscribers.discard(subscriber)

    def _admitted(self, asked: HTTPConnection) -> Subscriber:
        """Raises Unauthorized, ValidationFailed."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._accepts(token.strip()):
            challenge = {"WWW-Authenticate": 'Bearer realm="argus"'}
            raise Unauthorized("A Bearer token for mce goes with the upgrade request.", headers=challenge)
        query = asked.query_params
        for name, value in query.multi_items():
            if name not in load_stream().query["properties"]:
                raise ValidationFailed(f"query: there is no {name}", field=name)
            if name not in FILTERS and (name, value) != ("extended", "0"):
                raise ValidationFailed(f"query: {name}: this mock has the plain stream alone", field=name)
        return Subscriber(query.get("agent_id"), query.get("queue"))

    async def _serve(self, websocket: WebSocket, subscriber: Subscriber) -> None:
        ways = [self._write(websocket, subscriber), _read(websocket), subscriber.too_slow.wait()]
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            if tasks[2] in done:
                await websocket.close(TOO_SLOW)
            elif tasks[1] in done and tasks[1].result():
                await websocket.close(TOO_LARGE)

    async def _write(self, websocket: WebSocket, subscriber: Subscriber) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while (text := await subscriber.waiting.get()) is not None:
                await websocket.send_text(text.decode())

    async def _later(self, sending: Sending[StreamMessage]) -> None:
        await sending.due(self._clock)
        self._send(sending)

    def _send(self, sending: Sending[StreamMessage]) -> None:
        for subscriber in self._subscribers:
            if subscriber.wants(sending.item):
                try:
                    subscriber.waiting.put_nowait(None if sending.drop else sending.text)
                    self.sent += not sending.drop
                except asyncio.QueueFull:
                    subscriber.too_slow.set()


async def _read(websocket: WebSocket) -> bool:
    """What subscribers send is read and left at that; True for a frame that is too large, False when they go."""
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        if len(message.get("bytes") or (message.get("text") or "").encode()) > MOST_BYTES:
            return True
    return False


def _refusal(error: ApiError, now: dt.datetime) -> JSONResponse:
    return JSONResponse(error.envelope(now), error.status, headers=error.headers)
