"""What others feel while a hanging 1C holds 50 requests: health, cached reads, 1C's other operations.

    python -m benchmarks.held [--held 50] [--requests 200] [--rounds 3] [--json]

Gateway and mock 1C are one process on 127.0.0.1 (`argus up`). Each round asks `requests` times of each kind while
nobody is held and again while `held` calls of getNormHours hang in 1C; ratios are to the same kind with nobody held.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.figures import Ask, Row, rows, shown, timed
from benchmarks.parties import HEADERS, NORM, REQUEST, Argus, KeptConnection, argus

FREE, WAIT_S = "nobody held", 10.0


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", type=int, default=50, help="calls that hang in 1C meanwhile")
    parser.add_argument("--requests", type=int, default=200, help="requests a kind and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    measured = measure(asked.held, asked.requests, asked.rounds)
    print(shown(measured, asked.requests * asked.rounds, "one client, one kept connection", as_json=asked.as_json))


def measure(held: int, requests: int, rounds: int) -> list[Row]:
    """Free and held in turn, round by round."""
    with argus() as up:
        client = KeptConnection(up.gateway)
        kinds: dict[str, Ask] = {
            "GET /health": client.health,
            "GET 513 agents, from the cache": client.get,
            "GET agents' status (MCE)": client.statuses,
            "POST getTimetypeInfo, through to 1C": client.sheet,
        }
        occupied = f"{held} held by a hanging 1C"
        times: dict[str, dict[str, list[float]]] = {kind: {FREE: [], occupied: []} for kind in kinds}
        for _ in range(rounds):
            _take(times, kinds, FREE, requests)
            with _holding(up, held):
                _take(times, kinds, occupied, requests)
        return [row for kind, taken in times.items() for row in rows(kind, taken)]


def _take(times: dict[str, dict[str, list[float]]], kinds: dict[str, Ask], column: str, requests: int) -> None:
    for kind, ask in kinds.items():
        ask()
        times[kind][column] += [timed(ask) for _ in range(requests)]


@contextlib.contextmanager
def _holding(up: Argus, held: int) -> Iterator[None]:
    """So many calls that have reached 1C and wait there; afterwards all is as new."""
    gateway, zup = KeptConnection(up.gateway), KeptConnection(up.controls)
    zup.control("POST", "/reset")
    zup.control("POST", "/faults", {"fault": "hang", "operation": "getNormHours"})
    with contextlib.ExitStack() as stack:
        for _ in range(held):
            stack.enter_context(_call(up.gateway))
        until = time.monotonic() + WAIT_S
        while zup.control("GET", "/state")["arrived"].get("getNormHours", 0) < held:
            if time.monotonic() > until:
                raise SystemExit("The calls did not reach 1C.")
            time.sleep(0.01)
        yield
    zup.control("POST", "/reset")
    gateway.control("POST", "/reset")


@contextlib.contextmanager
def _call(url: str) -> Iterator[socket.socket]:
    host = urlsplit(url)
    body = json.dumps(REQUEST).encode()
    headers = "".join(
        f"{name}: {value}\r\n"
        for name, value in {**HEADERS, "Cache-Control": "no-cache", "Content-Length": len(body)}.items()
    )
    with socket.create_connection((str(host.hostname), int(host.port or 0))) as connection:
        connection.sendall(f"POST {NORM} HTTP/1.1\r\nHost: {host.netloc}\r\n{headers}\r\n".encode() + body)
        yield connection


if __name__ == "__main__":
    main()
