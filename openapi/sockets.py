"""WebSockets that many are told the same on: a frame is made once, and written to each without waiting for any.

An ASGI send() makes a frame for every receiver and waits for the slow ones. Through Outlet, which the scope of every
WebSocket has under extensions, the bytes go straight to the connection; what it cannot take yet is its own backlog.
"""

from __future__ import annotations

import datetime as dt
import socket
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request

from argus_wfm.openapi.errors import ValidationFailed, render

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

EXTENSION = "argus.outlet"
KERNEL_BYTES = 64 * 1024  # of the kernel's own buffer, which else takes megabytes before anybody seems slow
UNREAD_PONGS = 64 * 1024  # bytes of our own buffer
MOST_FRAGMENTS, TOO_BIG = 16, 1009
ENDING_S = 5.0  # that the other side gets to answer a close before it is cut off


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, with an Outlet in the scope."""

    def handle_connect(self, event: Request) -> None:
        """The application begins to run only after this returns."""
        super().handle_connect(event)
        if not self.close_sent:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
            self.scope["extensions"][EXTENSION] = {"outlet": Outlet(self)}

    def data_received(self, data: bytes) -> None:
        """What is no request for an upgrade is refused, and not left waiting."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(_no_upgrade())
            self.transport.close()
            self._cut_off_later()

    def handle_ping(self) -> None:
        """Whoever pings and does not take the pongs is cut off, before they pile up."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > UNREAD_PONGS:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """A message is small; one in crumbs is none that anybody needs."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self.conn.fail(TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        """Whoever answers no ping may read nothing either."""
        super().keepalive_timeout()
        self._cut_off_later()

    def handle_parser_exception(self) -> None:
        """A frame that is too large, or none at all."""
        super().handle_parser_exception()
        self._cut_off_later()

    def handle_close(self, event: Frame) -> None:
        """The other side wants to go, or agrees that we do."""
        super().handle_close(event)
        self._cut_off_later()

    def _cut_off_later(self) -> None:
        """A transport closes only once everything is sent, and the other side may never take it."""
        if self.close_timer is None:
            self.close_timer = self.loop.call_later(ENDING_S, self.transport.abort)

    async def send(self, message: ASGISendEvent) -> None:
        """A refusal that has been sent is an answer; uvicorn would log that there was none."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True


class Outlet:
    """One connection, once it is accepted; for the loop that serves it."""

    def __init__(self, protocol: SocketProtocol) -> None:
        self._protocol = protocol

    @property
    def ended(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._protocol.close_sent or self._protocol.transport.is_closing()

    def write(self, frame: bytes) -> int:
        """Send a frame() unless the connection is ending; returns the bytes that wait to be sent."""
        protocol = self._protocol
        if not protocol.handshake_complete or protocol.close_sent or protocol.transport.is_closing():
            return 0
        protocol.transport.write(frame)
        return protocol.transport.get_write_buffer_size()

    def end(self, code: int, reason: str) -> None:
        """Close with a code, after what waits; whoever does not read even that is cut off."""
        protocol = self._protocol
        if protocol.close_sent or protocol.transport.is_closing():
            return
        protocol.stop_keepalive()
        protocol.conn.send_close(code, reason)
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        protocol.close_timer = protocol.loop.call_later(ENDING_S, protocol.transport.abort)


def outlet(scope: Any) -> Outlet:
    """Of an accepted WebSocket. Raises RuntimeError under a server that is not openapi.server's."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    if extension is None:
        raise RuntimeError("This server cannot tell many at once; serve with openapi.server.")
    found: Outlet = extension["outlet"]
    return found


def frame(text: bytes) -> bytes:
    """A text frame from a server (RFC 6455, 5.2); the same bytes for every receiver."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


def _no_upgrade() -> bytes:
    """The envelope for a request that `websockets` gave up reading: too long, or with a body."""
    error = ValidationFailed("This request for a WebSocket cannot be read; its headers may be too long.")
    body = render(error, dt.datetime.now(dt.UTC))
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body
