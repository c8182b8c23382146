"""Many subscribers in one process, as cheap as can be, so that the server is what is measured.

    python -m benchmarks.listeners ws://127.0.0.1:8090/ws/agent-status COUNT [--stalled 1]     token in BENCHMARK_TOKEN

Prints {"ready": COUNT}; then a line on stdin tells what came since the line before: for each "agent_id" of the form
B<number>-<nanoseconds of the monotonic clock when it was sent> how late it was, and whether everybody got the same.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import socket
import statistics
import sys
import time
from array import array
from typing import Any
from urllib.parse import urlsplit

MARK = re.compile(rb'"agent_id":"B(\d+)-(\d+)"')
PING, CLOSE = 0x9, 0x8


class ListenerTotals:
    """What came, all subscribers together."""

    def __init__(self) -> None:
        self.late_ms = array("d")
        self.closed = 0

    def told(self, listeners: list[StreamListener]) -> dict[str, Any]:
        """Since the last time."""
        late = sorted(self.late_ms)
        orders = {(one.count, one.order) for one in listeners}
        told = {
            "least": min(one.count for one in listeners),
            "most": max(one.count for one in listeners),
            "alike": len(orders) == 1,
            "closed": self.closed,
            "p50_ms": statistics.median(late) if late else 0.0,
            "p99_ms": late[int(len(late) * 0.99)] if late else 0.0,
            "most_ms": late[-1] if late else 0.0,
        }
        self.late_ms = array("d")
        for one in listeners:
            one.count = one.order = 0
        return told


class StreamListener(asyncio.Protocol):
    """One subscriber; `order` is a digest of what it got, in the order it came."""

    def __init__(self, request: bytes, tally: ListenerTotals, opened: asyncio.Future[None]) -> None:
        self._request, self._tally, self._opened = request, tally, opened
        self._buffer = b""
        self.count = self.order = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, _error: Exception | None) -> None:
        self._tally.closed += 1
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(self._buffer.decode(errors="replace")))

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._opened.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end or not head.startswith(b"HTTP/1.1 101"):
                self._buffer = head
                return
            self._opened.set_result(None)
        self._buffer = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Take whole frames; what is left of them is returned."""
        start, now = 0, time.monotonic_ns()
        while len(data) >= start + 4:
            length, head = data[start + 1], 2
            if length == 126:
                length, head = int.from_bytes(data[start + 2 : start + 4]), 4
            end = start + head + length
            if len(data) < end:
                break
            self._take(data[start] & 0x0F, data[start + head : end], now)
            start = end
        return data[start:]

    def _take(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == PING:
            self._transport.write(bytes([0x8A, 0x80 | len(payload)]) + bytes(4) + payload)
        elif mark := MARK.search(payload):
            self.count += 1
            self.order = hash((self.order, mark[1]))
            self._tally.late_ms.append((now - int(mark[2])) / 1e6)


def main() -> None:
    """Run until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("--stalled", type=int, default=0, help="more that never read")
    asyncio.run(_listen(parser.parse_args()))


async def _listen(asked: argparse.Namespace) -> None:
    url, tally, loop = urlsplit(asked.url), ListenerTotals(), asyncio.get_running_loop()
    listeners: list[StreamListener] = []
    for _ in range(asked.count):
        opened: asyncio.Future[None] = loop.create_future()
        made = StreamListener(_request(url.netloc, url.path), tally, opened)
        await loop.create_connection(lambda made=made: made, url.hostname, url.port)  # type: ignore[misc]
        await opened
        listeners.append(made)
    where = str(url.hostname), int(url.port or 0)
    stalled = [_stalled(where, _request(url.netloc, url.path)) for _ in range(asked.stalled)]
    print(json.dumps({"ready": len(listeners), "stalled": len(stalled)}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(tally.told(listeners)), flush=True)


def _request(host: str, path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {os.environ.get('BENCHMARK_TOKEN', '')}\r\n\r\n"
    ).encode()


def _stalled(where: tuple[str, int], request: bytes) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(where)
    one.sendall(request)
    return one


if __name__ == "__main__":
    main()
