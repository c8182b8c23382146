"""A reverse proxy on 127.0.0.1 that spoils what passes it: requests, replies, and frames of the agent status stream.

It speaks HTTP by h11 alone, so that a spoiler decides on the letter case of headers, on the framing of bodies and on
whether a connection is kept. What is under /_control is not passed on: whoever calls sees a host that is not ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import struct
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h11

from argus_wfm.openapi.errors import ValidationFailed, render
from argus_wfm.openapi.server import bind
from tests.mutants.exchange import Reply, Request

LARGEST = 64 * 1024
TEXT, BINARY, CLOSE = 1, 2, 8
HIDDEN = "/_control"


@dataclass(frozen=True)
class Frame:
    """Of a WebSocket, from the host to a subscriber."""

    opcode: int
    payload: bytes
    late_s: float = 0.0

    def encoded(self) -> bytes:
        size = len(self.payload)
        if size < 126:
            return bytes((0x80 | self.opcode, size)) + self.payload
        return bytes((0x80 | self.opcode, 126)) + struct.pack("!H", size) + self.payload


@dataclass
class Socket:
    """One subscription: the request that opened it, and its number among all."""

    request: Request
    number: int
    kept: dict[str, Any] = field(default_factory=dict)  # whatever a spoiler wants to remember of it


@dataclass
class Spoiler:
    """What a deviating host does otherwise: it may change a request or answer it, change a reply, replace a frame."""

    request: Callable[[Request], Reply | None] = lambda _: None
    reply: Callable[[Request, Reply], None] = lambda *_: None
    frame: Callable[[Socket, Frame], list[Frame]] = lambda _, frame: [frame]
    opened: Callable[[Socket], list[Frame]] = lambda _: []
    slow_s: float = 0.0
    keep_alive: bool = True


class Proxy:
    """Serves from a thread of its own while it is entered; `url` is where."""

    def __init__(self, host: str, spoiler: Spoiler) -> None:
        self._spoiler = spoiler
        self._upstream = urllib.parse.urlsplit(host)
        self._bound = bind("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._bound.getsockname()[1]}"
        self._sockets = 0
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.defects: list[BaseException] = []  # of the proxy or its spoiler, never of who is judged

    def __enter__(self) -> Proxy:
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._stopped = asyncio.Event()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._bound)
        await self._stopped.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer_all(Wire(h11.Connection(h11.SERVER), reader, writer))
        except h11.RemoteProtocolError as error:
            writer.write(_refusal(error))  # as the host would, which has never seen it
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass  # the caller went away, or is stopped
        except Exception as error:
            self.defects.append(error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer_all(self, caller: Wire) -> None:
        while True:
            request = await _request(caller)
            if request is None:
                return
            request.host = self._upstream.geturl()
            if (request.header("Upgrade") or "").lower() == "websocket":
                await self._subscribe(caller, request)
                return
            reply = await self._reply(request)
            if not self._spoiler.keep_alive:
                reply.put("Connection", "close")
            await _send(caller, request, reply)
            if caller.http.our_state is not h11.DONE or caller.http.their_state is not h11.DONE:
                return
            caller.http.start_next_cycle()

    async def _reply(self, request: Request) -> Reply:
        if request.path.startswith(HIDDEN):
            return Reply([("Content-Type", "text/plain")], b"", 404)
        own = self._spoiler.request(request)
        async with self._host() as host:
            if own is None:
                own = await _forwarded(host, request)
                assert own is not None
        await asyncio.to_thread(self._spoiler.reply, request, own)
        await asyncio.sleep(self._spoiler.slow_s)
        return own

    async def _subscribe(self, caller: Wire, request: Request) -> None:
        """An upgrade: refused, it is a reply as any other; accepted, frames go on until either side ends it."""
        request.drop("Sec-WebSocket-Extensions")  # frames are to be read here
        reply = self._spoiler.request(request)
        async with self._host() as host:
            reply = reply or await _forwarded(host, request)
            if reply is not None:
                await asyncio.to_thread(self._spoiler.reply, request, reply)
                await _send(caller, request, reply)
                return
            switch = h11.InformationalResponse(status_code=101, headers=host.switched)
            caller.writer.write(caller.http.send(switch) or b"")
            socket, self._sockets = Socket(request, self._sockets), self._sockets + 1
            there = asyncio.ensure_future(_copied(caller.reader, host.writer, caller.http.trailing_data[0]))
            back = asyncio.ensure_future(self._told(socket, host, caller.writer))
            try:
                await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (there, back):
                    task.cancel()
                await asyncio.gather(there, back, return_exceptions=True)

    async def _told(self, socket: Socket, host: Wire, writer: asyncio.StreamWriter) -> None:
        for frame in self._spoiler.opened(socket):
            writer.write(frame.encoded())
        rest = host.http.trailing_data[0]
        while True:
            frame, rest = await _frame(host.reader, rest)
            spoiled = self._spoiler.frame(socket, frame) if frame.opcode in (TEXT, BINARY) else [frame]
            for one in spoiled:
                await asyncio.sleep(one.late_s)
                writer.write(one.encoded())
            await writer.drain()

    @contextlib.asynccontextmanager
    async def _host(self) -> Any:
        reader, writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        try:
            yield Wire(h11.Connection(h11.CLIENT), reader, writer)
        finally:
            writer.close()


@dataclass
class Wire:
    """One connection, and what h11 knows of it."""

    http: h11.Connection
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    switched: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def event(self) -> Any:
        while True:
            event = self.http.next_event()
            if event is h11.NEED_DATA:
                if self.http.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self.writer.write(self.http.send(go_on) or b"")
                self.http.receive_data(await self.reader.read(LARGEST))
                continue
            return event

    async def body(self) -> bytes:
        pieces = []
        while True:
            event = await self.event()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(pieces)

    def send(self, *events: h11.Event) -> None:
        for event in events:
            self.writer.write(self.http.send(event) or b"")


async def _request(caller: Wire) -> Request | None:
    event = await caller.event()
    if not isinstance(event, h11.Request):
        return None
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers.raw_items()]
    return Request(headers, await caller.body(), event.method.decode(), event.target.decode("latin-1"))


async def _forwarded(host: Wire, request: Request) -> Reply | None:
    """The host's reply; None for a switch of protocols, whose headers are then in `switched`."""
    if request.header("Transfer-Encoding") is None and (request.body or request.header("Content-Length")):
        request.put("Content-Length", str(len(request.body)))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    head = h11.Request(method=request.method, target=request.target.encode("latin-1"), headers=headers)
    host.send(head, *([h11.Data(data=request.body)] if request.body else []), h11.EndOfMessage())
    await host.writer.drain()
    event = await host.event()
    while isinstance(event, h11.InformationalResponse):
        if event.status_code == 101:
            host.switched = event.headers.raw_items()
            return None
        event = await host.event()
    received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers.raw_items()]
    return Reply(received, await host.body(), event.status_code)


async def _send(caller: Wire, request: Request, reply: Reply) -> None:
    bare = request.method == "HEAD" or reply.status in (204, 304)
    reply.drop("Transfer-Encoding")
    if reply.chunked:
        reply.drop("Content-Length")
        reply.put("Transfer-Encoding", "chunked")
    elif not bare:
        name = next((key for key, _ in reply.headers if key.lower() == "content-length"), "Content-Length")
        reply.put(name, str(len(reply.body)))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    pieces = [] if bare or not reply.body else [h11.Data(data=reply.body)]
    caller.send(h11.Response(status_code=reply.status, headers=headers), *pieces, h11.EndOfMessage())
    await caller.writer.drain()


def _refusal(error: h11.RemoteProtocolError) -> bytes:
    body = render(ValidationFailed(f"This is not an HTTP/1.1 request: {error}"), dt.datetime.now(dt.UTC))
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
    writer.write(first)
    while piece := await reader.read(LARGEST):
        writer.write(piece)
        await writer.drain()


async def _frame(reader: asyncio.StreamReader, rest: bytes) -> tuple[Frame, bytes]:
    """The next frame, which the host does not mask or split, and what has been read behind it."""

    async def enough(size: int) -> None:
        nonlocal rest
        while len(rest) < size:
            piece = await reader.read(LARGEST)
            if not piece:
                raise asyncio.IncompleteReadError(rest, size)
            rest += piece

    await enough(2)
    opcode, size, begin = rest[0] & 0x0F, rest[1] & 0x7F, 2
    if size >= 126:
        begin = 4 if size == 126 else 10
        await enough(begin)
        size = int.from_bytes(rest[2:begin], "big")
    await enough(begin + size)
    return Frame(opcode, rest[begin : begin + size]), rest[begin + size :]
