"""A TCP relay before a party: what no server can do to its own connections (reset, half a header, refusal).

It passes bytes on and knows no protocol, except that headers end with an empty line. Whoever answers behind it looks
up a connection by the address it was called from, and says what is to happen to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Callable
from typing import Any, Self

from argus_wfm.openapi.server import BACKLOG

HEAD_END = b"\r\n\r\n"
HALF_HEAD = 20  # bytes: in the middle of the first header's line
NO_LINGER = struct.pack("ii", 1, 0)  # close() then sends RST
Address = tuple[str, int]
Tap = Callable[[int, str, bytes], None]  # (connection, ">" to the party or "<" from it, bytes)


class Relay:
    """Listens on `bound` and passes connections on to `upstream`; a context of the loop that runs it."""

    def __init__(self, bound: socket.socket, upstream: Address, tap: Tap | None = None) -> None:
        self.address: Address = bound.getsockname()[:2]
        self.upstream, self.tap = upstream, tap
        self._bound: socket.socket | None = bound
        self._server: asyncio.Server | None = None
        self.listening = False
        self._changing = asyncio.Lock()
        self._open: set[RelayedConnection] = set()
        self._by_source: dict[Address, RelayedConnection] = {}
        self.numbers = itertools.count(1)  # of connections

    def of(self, source: Address | None) -> RelayedConnection | None:
        """The connection that the party sees as coming from `source`; None for one that came past the relay."""
        return self._by_source.get(source) if source else None

    async def refuse(self, refuse: bool) -> None:
        """Stop listening and drop who is connected, or listen again."""
        async with self._changing:
            if refuse and self._server:
                self._stop_listening()
                self._bound = _deaf(self.address)
            elif not refuse and not self._server:
                await self._listen()

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        if self._bound:
            self._bound.close()

    async def _listen(self) -> None:
        assert self._bound is not None
        loop = asyncio.get_running_loop()
        self.listening = True
        self._server = await loop.create_server(lambda: RelayedConnection(self), sock=self._bound, backlog=BACKLOG)
        self._bound = None  # the server closes it

    def _stop_listening(self) -> None:
        self.listening = False  # for connections that are accepted and not made yet
        if self._server:
            self._server.close()
            self._server = None
        for connection in list(self._open):
            connection.reset()

    def opened(self, connection: RelayedConnection) -> None:
        """Of a connection: a caller is there."""
        self._open.add(connection)

    def joined(self, source: Address, connection: RelayedConnection) -> None:
        """Of a connection: the party sees it as coming from `source`."""
        self._by_source[source] = connection

    def closed(self, source: Address | None, connection: RelayedConnection) -> None:
        """Of a connection: its caller is gone."""
        self._open.discard(connection)
        if source:
            self._by_source.pop(source, None)


class RelayedConnection(asyncio.Protocol):
    """A caller's connection; replies pass through until one of reset(), close(), cut…() or drip() is called."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._number = next(relay.numbers)
        self._caller: Any = None
        self._server: Any = None
        self._source: Address | None = None
        self._joining: asyncio.Task[None] | None = None
        self._shape: _Shape | None = None

    def reset(self) -> None:
        """RST to the caller, at once."""
        with contextlib.suppress(OSError):
            self._caller.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._caller.abort()

    def close(self) -> None:
        """End the caller's connection after what is already on its way."""
        self._caller.close()

    def cut_head(self) -> None:
        """Let only the beginning of the reply's first header through."""
        self._shape = _Shape(self, lambda seen: HALF_HEAD)

    def cut_body(self, kept: int) -> None:
        """Let the head and so many bytes of the body through."""
        self._shape = _Shape(self, lambda seen: _head(seen) + kept if _head(seen) else None)

    def drip(self, interval_s: float, *, head: bool) -> None:
        """Let one byte through each interval: from the body on, or from the very first."""
        self._shape = _Drip(self, lambda seen: 0 if head else _head(seen) or None, interval_s)

    def connection_made(self, transport: Any) -> None:
        self._caller = transport
        if not self._relay.listening:
            self.reset()
            return
        transport.pause_reading()
        self._relay.opened(self)
        self._joining = self._loop.create_task(self._join())  # kept, or it could be collected

    async def _join(self) -> None:
        try:
            self._server, _ = await self._loop.create_connection(lambda: _Party(self), *self._relay.upstream)
        except OSError:
            self.reset()
            return
        if self._caller.is_closing():
            self._server.abort()
            return
        source: Address = self._server.get_extra_info("sockname")[:2]
        self._source = source
        self._relay.joined(source, self)
        self._caller.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._tapped(">", data)
        self._server.write(data)

    def reply(self, data: bytes) -> None:
        """Of the party: bytes for the caller."""
        self._tapped("<", data)
        if self._shape:
            self._shape.take(data)
        else:
            self._caller.write(data)

    def write(self, data: bytes) -> None:
        """Of a shape: these go out as they are."""
        self._caller.write(data)

    def replied(self) -> None:
        """Of the party: nothing more will come."""
        if self._shape:
            self._shape.over()
        else:
            self._caller.close()

    def eof_received(self) -> bool:
        if self._server and not self._server.is_closing():
            self._server.write_eof()
        return True  # a reply may still be on its way

    def connection_lost(self, _error: Exception | None) -> None:
        self._relay.closed(self._source, self)
        if self._shape:
            self._shape.stop()
        if self._server:
            self._server.abort()

    def pause_writing(self) -> None:
        self.flow(self._server, flowing=False)

    def resume_writing(self) -> None:
        self.flow(self._server, flowing=True)

    def caller_flows(self, flowing: bool) -> None:
        """Of the party: it takes bytes again, or cannot take more now."""
        self.flow(self._caller, flowing=flowing)

    def flow(self, transport: Any, *, flowing: bool) -> None:
        """Read on from one side, or not."""
        if transport and not transport.is_closing():
            transport.resume_reading() if flowing else transport.pause_reading()

    def _tapped(self, direction: str, data: bytes) -> None:
        if self._relay.tap:
            self._relay.tap(self._number, direction, data)


class _Party(asyncio.Protocol):
    """The connection to the party that answers."""

    def __init__(self, caller: RelayedConnection) -> None:
        self._caller = caller

    def data_received(self, data: bytes) -> None:
        self._caller.reply(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._caller.replied()

    def pause_writing(self) -> None:
        self._caller.caller_flows(False)

    def resume_writing(self) -> None:
        self._caller.caller_flows(True)


class _Shape:
    """Lets a reply through up to `allowed(all bytes so far)`, None while that is not known, and then ends it."""

    def __init__(self, connection: RelayedConnection, allowed: Callable[[bytes], int | None]) -> None:
        self._connection, self._allowed = connection, allowed
        self._seen, self._sent = b"", 0

    def take(self, data: bytes) -> None:
        """More of the reply has come."""
        self._seen += data
        allowed = self._allowed(self._seen)
        if allowed is None:
            return
        self._connection.write(self._seen[self._sent : allowed])
        self._sent = max(self._sent, min(allowed, len(self._seen)))
        if len(self._seen) >= allowed:
            self.end()

    def end(self) -> None:
        """All that may go out at once has."""
        self._connection.close()

    def over(self) -> None:
        """No more of the reply will come."""
        self._connection.close()

    def stop(self) -> None:
        """The caller has gone."""


class _Drip(_Shape):
    """Goes on from there byte by byte."""

    def __init__(
        self, connection: RelayedConnection, allowed: Callable[[bytes], int | None], interval_s: float
    ) -> None:
        super().__init__(connection, allowed)
        self._interval_s, self._loop = interval_s, asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def end(self) -> None:
        if self._timer is None and self._sent < len(self._seen):
            self._timer = self._loop.call_later(self._interval_s, self._drop)
        elif self._timer is None and self._over:
            self._connection.close()

    def over(self) -> None:
        self._over = True
        self.end()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _drop(self) -> None:
        self._timer = None
        self._connection.write(self._seen[self._sent : self._sent + 1])
        self._sent += 1
        self.end()


def _head(seen: bytes) -> int:
    """Length of the headers with their empty line; 0 while they are not whole."""
    end = seen.find(HEAD_END)
    return end + len(HEAD_END) if end >= 0 else 0


def _deaf(address: Address) -> socket.socket:
    """Bound to the address and not listening: the port stays ours, and connections to it are refused."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(address)
    bound.setblocking(False)
    return bound
