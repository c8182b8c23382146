"""The bare thing: `websockets` broadcasting the gateway's bytes to whoever is there; nothing is checked or kept.

    python -m benchmarks.broadcast

Prints {"ready": URL}; a line "RATE SECONDS" on stdin has it send so many messages a second for so long, and is answered
by {"sent": how many}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.server import broadcast, serve

MESSAGE = (
    '{{"event":"agent_status_change","agent_id":"B{number}-{sent}","timestamp":"2025-07-29T10:30:00Z",'
    '"old_status":"offline","new_status":"available","call_id":null,"queue":null}}'
)


async def _run() -> None:
    async with serve(lambda connection: connection.wait_closed(), "127.0.0.1", 0, compression=None) as server:
        host, port = server.sockets[0].getsockname()[:2]
        print(json.dumps({"ready": f"ws://{host}:{port}/"}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            rate, seconds = map(float, line.split())
            began, count = time.monotonic(), int(rate * seconds)
            for number in range(count):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                broadcast(server.connections, MESSAGE.format(number=number, sent=time.monotonic_ns()))
            print(json.dumps({"sent": count, "seconds": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    asyncio.run(_run())
