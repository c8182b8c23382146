"""The agent status stream: how late changes reach many subscribers, and how many a second it can tell them of.

    python -m benchmarks.stream [--subscribers 1000] [--rate 20] [--seconds 30] [--step 5] [--json]

Processes of their own on 127.0.0.1: one `argus serve` on SQLite, the subscribers (benchmarks.listeners, one of them
more that never reads), and this one, which posts events over HTTP. A message is late by the time from before its POST
to its arrival. Then the rate is raised by a quarter, `step` seconds each, until some subscriber does not get every
message in order within two seconds; `websockets` alone, broadcasting the same bytes to the same subscribers (no HTTP,
no database), is raised in the same way, and is what the ceiling is a share of.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from argus_wfm.json_type import Json
from benchmarks.queue import running, token

POSTING = 8  # connections
LATE_MS = 2000.0  # the contract's promise
SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class BroadcastRow:
    """One line: how many were told at which rate, and how late it was; `whole` is everything to everybody, in order."""

    server: str
    subscribers: int
    rate: float
    messages: int
    whole: bool
    p50_ms: float
    p99_ms: float
    ratio: float
    memory_mb: str


class Listeners:
    """The process of subscribers."""

    def __init__(self, url: str, count: int, stalled: int) -> None:
        command = [sys.executable, "-m", "benchmarks.listeners", url, str(count), "--stalled", str(stalled)]
        variables, pipe = {**os.environ, "BENCHMARK_TOKEN": token("mce")}, subprocess.PIPE
        self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", env=variables)
        self._answer()

    def tell(self) -> Json:
        """What came since the last time, once nothing more comes."""
        time.sleep(SETTLE_S)
        return _asked(self._child, "")

    def _answer(self) -> Json:
        assert self._child.stdout is not None
        return json.loads(self._child.stdout.readline())

    def end(self) -> None:
        """No more."""
        self._child.terminate()
        self._child.wait()


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20, help="changes a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--step", type=float, default=5, help="seconds at each rate on the way to the ceiling; 0: none")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    measured = measure(asked.subscribers, asked.rate, asked.seconds, asked.step)
    print(shown(measured, as_json=asked.as_json))


def measure(subscribers: int, rate: float, seconds: float, step: float) -> list[BroadcastRow]:
    """The gateway at `rate`, then its ceiling and that of websockets alone."""
    with _bare(subscribers) as bare, _gateway(subscribers) as gateway:
        steady = [bare(rate, seconds), gateway(rate, seconds)]
        ceilings = [_ceiling(send, rate, step) for send in (bare, gateway)] if step else []
    return [*_against_first(steady, "p50_ms"), *_against_first(ceilings, "rate")]


def _ceiling(send: Callable[[float, float], BroadcastRow], rate: float, step: float) -> BroadcastRow:
    """The last rate at which all was whole."""
    best = send(rate, step)
    for number in itertools.count(1):
        told = send(rate * 1.25**number, step)
        if not told.whole:
            return best
        best = told
    raise AssertionError


def _against_first(rows: list[BroadcastRow], member: str) -> list[BroadcastRow]:
    from dataclasses import replace

    first = getattr(rows[0], member) if rows else 0.0
    return [replace(row, ratio=round(getattr(row, member) / first, 2) if first else 0.0) for row in rows]


@contextlib.contextmanager
def _gateway(subscribers: int) -> Iterator[Callable[[float, float], BroadcastRow]]:
    settings = {"ARGUS_STREAM_SOCKETS": str(subscribers + 10), "ARGUS_WORKER_CONCURRENCY": "0"}
    with running("sqlite", agents=1, **settings) as gateway:
        listeners = Listeners(gateway.url.replace("http", "ws") + "/ws/agent-status", subscribers, stalled=1)
        numbers = itertools.count()

        def send(rate: float, seconds: float) -> BroadcastRow:
            before = _resident_mb(gateway.pid)
            posted, took = _post(gateway.url, numbers, rate, seconds)
            memory = f"{before:.0f} → {_resident_mb(gateway.pid):.0f}"
            return _told("gateway", subscribers, posted, took, rate, listeners.tell(), memory)

        try:
            yield send
        finally:
            listeners.end()


@contextlib.contextmanager
def _bare(subscribers: int) -> Iterator[Callable[[float, float], BroadcastRow]]:
    command, pipe = [sys.executable, "-m", "benchmarks.broadcast"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as child:
        assert child.stdout is not None
        listeners = Listeners(json.loads(child.stdout.readline())["ready"], subscribers, stalled=0)

        def send(rate: float, seconds: float) -> BroadcastRow:
            before = _resident_mb(child.pid)
            sent = _asked(child, f"{rate} {seconds}")
            memory = f"{before:.0f} → {_resident_mb(child.pid):.0f}"
            told = listeners.tell()
            return _told("websockets alone", subscribers, sent["sent"], sent["seconds"], rate, told, memory)

        try:
            yield send
        finally:
            listeners.end()
            child.terminate()


def _told(server: str, subscribers: int, sent: int, took: float, rate: float, told: Json, memory: str) -> BroadcastRow:
    kept_up = sent / took > 0.9 * rate
    whole = told["least"] == sent and told["alike"] and told["p99_ms"] < LATE_MS and kept_up
    reached = round(sent / took, 1)
    return BroadcastRow(
        server, subscribers, reached, sent, whole, round(told["p50_ms"], 1), round(told["p99_ms"], 1), 0.0, memory
    )


def _post(url: str, numbers: Iterator[int], rate: float, seconds: float) -> tuple[int, float]:
    """Logins of agents that nobody knows yet, evenly spread over some connections; how many, and in how long."""
    count, began, lock = int(rate * seconds), time.monotonic(), threading.Lock()
    turns = iter(range(count))

    def work() -> None:
        client = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        headers = {"Authorization": f"Bearer {token('mce')}", "Content-Type": "application/json"}
        while True:
            with lock:
                turn, number = next(turns, None), next(numbers)
            if turn is None:
                return
            time.sleep(max(0.0, began + turn / rate - time.monotonic()))
            event = {"event_id": f"E{number}", "event": "login", "agent_id": f"B{number}-{time.monotonic_ns()}"}
            client.request("POST", "/services/mce/events", json.dumps(event), headers)
            reply = client.getresponse()
            if reply.status != 200:
                raise SystemExit(f"{reply.status} {reply.read()!r}")
            reply.read()

    threads = [threading.Thread(target=work) for _ in range(POSTING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count, time.monotonic() - began


def _asked(child: subprocess.Popen[str], line: str) -> Json:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{line}\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())


def _resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else 0.0


def shown(measured: list[BroadcastRow], *, as_json: bool) -> str:
    """All rows, and where they were measured."""
    where = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    if as_json:
        return json.dumps({"conditions": where, "rows": [asdict(row) for row in measured]})
    lines = [
        "| server | subscribers | changes a second | messages | whole | median, ms | 99 %, ms | ratio | memory, MB |",
        f"|{'---|' * 9}",
    ]
    for row in measured:
        whole = "yes" if row.whole else "no"
        cells = (row.server, row.subscribers, row.rate, row.messages, whole, row.p50_ms, row.p99_ms, f"{row.ratio:.2f}")
        lines.append(f"| {' | '.join(map(str, cells))} | {row.memory_mb} |")
    return "\n".join([*lines, "", f"Python {where['python']} on {where['machine']}, {where['cores']} cores."])


if __name__ == "__main__":
    main()
