"""What the gateway costs: GET of 513 agents and POST getNormHours, validated both ways, beside bare Starlette + orjson.

    python -m benchmarks.overhead [--requests 300] [--rounds 5] [--json]

Every server is a process of its own on 127.0.0.1; one client with one kept connection asks them in turn, round by
round, so that what else the machine does falls on all alike. Ratios are of medians over all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

AGENTS = "/services/personnel/agents/2025-07-01/2025-07-31"
NORM = "/services/personnel/getNormHours"
REQUEST = {
    "employee_id": "EMP001",
    "period_start": "2025-08-01",
    "period_end": "2025-08-31",
    "weekly_norm": 40,
    "employment_rate": 1.0,
}
HEADERS = {
    "Authorization": "Basic " + b64encode(b"argus:argus-dev").decode(),
    "Content-Type": "application/json",
    "Accept": "application/json",
}
Ask = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured way of answering, with its median in milliseconds and its ratio to the baseline of its table."""

    operation: str
    server: str
    median_ms: float
    p95_ms: float
    ratio: float


class Connection:
    """One kept connection to one server."""

    def __init__(self, url: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def get(self, *, fresh: bool = False) -> bytes:
        return self._send("GET", AGENTS, None, {"Cache-Control": "no-cache"} if fresh else {})

    def norm(self) -> bytes:
        return self._send("POST", NORM, json.dumps(REQUEST).encode(), {})

    def _send(self, method: str, path: str, body: bytes | None, more: dict[str, str]) -> bytes:
        self._http.request(method, path, body, {**HEADERS, **more})
        reply = self._http.getresponse()
        data = reply.read()
        if reply.status != 200:
            raise SystemExit(f"{method} {path}: {reply.status} {data[:200]!r}")
        return data


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300, help="requests a server, operation and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--serve-bare", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve_bare:
        _serve_bare(asked.serve_bare)
        return
    rows = measure(asked.requests, asked.rounds)
    conditions = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "requests": asked.requests * asked.rounds,
        "agents": 513,
    }
    if asked.as_json:
        print(json.dumps({"conditions": conditions, "rows": [_as_dict(row) for row in rows]}))
    else:
        print(_markdown(rows, conditions))


def measure(requests: int, rounds: int) -> list[Row]:
    """All servers at once, asked in turn."""
    with contextlib.ExitStack() as stack:
        gateway, zup = stack.enter_context(_argus())
        replies = {"agents": json.loads(Connection(gateway).get()), "norm": json.loads(Connection(gateway).norm())}
        bare = Connection(stack.enter_context(_bare(replies)))
        ours, mock = Connection(gateway), Connection(zup)
        asks: dict[str, dict[str, Ask]] = {
            "GET 513 agents": {
                "Starlette + orjson, nothing checked": bare.get,
                "gateway, from the cache": ours.get,
                "gateway, through to the mock 1C": lambda: ours.get(fresh=True),
                "mock 1C alone": mock.get,
            },
            "POST getNormHours": {
                "Starlette + orjson, nothing checked": bare.norm,
                "gateway, through to the mock 1C": ours.norm,
                "mock 1C alone": mock.norm,
            },
        }
        return [row for operation, servers in asks.items() for row in _table(operation, servers, requests, rounds)]


def _table(operation: str, servers: dict[str, Ask], requests: int, rounds: int) -> list[Row]:
    times: dict[str, list[float]] = {server: [] for server in servers}
    for ask in servers.values():
        for _ in range(20):
            ask()
    for _ in range(rounds):
        for server, ask in servers.items():
            times[server] += [_timed(ask) for _ in range(requests)]
    medians = {server: statistics.median(taken) for server, taken in times.items()}
    baseline = next(iter(medians.values()))
    return [
        Row(operation, server, medians[server], statistics.quantiles(taken, n=20)[-1], medians[server] / baseline)
        for server, taken in times.items()
    ]


def _timed(ask: Ask) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


@contextlib.contextmanager
def _argus() -> Iterator[tuple[str, str]]:
    command = ["conformance", "up", "--port", "0", "--zup-port", "0", "--now", "2025-07-29T01:30:00Z", "--json"]
    with _child(["-m", *command]) as line:
        gateway, zup = json.loads(line)["ready"].values()
        yield gateway, zup


@contextlib.contextmanager
def _bare(replies: object) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "replies.json"
        file.write_text(json.dumps(replies, ensure_ascii=False), encoding="utf-8")
        with _child(["-m", "benchmarks.overhead", "--serve-bare", str(file)]) as line:
            yield line.strip()


@contextlib.contextmanager
def _child(arguments: list[str]) -> Iterator[str]:
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline()
        finally:
            child.terminate()


def _serve_bare(file: Path) -> None:
    from benchmarks.bare import from_file
    from openapi.server import address, bind, run

    bound = bind("127.0.0.1", 0)
    asyncio.run(run([(from_file(file), bound)], lambda: print(address(bound), flush=True)))


def _as_dict(row: Row) -> dict[str, object]:
    times = {"median_ms": round(row.median_ms, 3), "p95_ms": round(row.p95_ms, 3)}
    return {"operation": row.operation, "server": row.server, **times, "ratio": round(row.ratio, 2)}


def _markdown(rows: list[Row], conditions: dict[str, object]) -> str:
    lines = ["| operation | answered by | median, ms | 95 %, ms | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (row.operation, row.server, f"{row.median_ms:.2f}", f"{row.p95_ms:.2f}", f"{row.ratio:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    said = f"Python {conditions['python']} on {conditions['machine']}, {conditions['requests']} requests a line"
    return "\n".join([*lines, "", f"{said}, one client, one kept connection."])


if __name__ == "__main__":
    main()
