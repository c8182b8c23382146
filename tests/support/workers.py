"""Workers in processes of their own: dbos is one per process, and only a process can be killed."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from argus_wfm.conformance.launch.process import child_environment
from argus_wfm.gateway.queue.leases import Leases
from tests.support.clock import NOW
from tests.support.http_client import BASE, PASSWORD, USER

ROOT = Path(__file__).parents[2]
START_S, STOP_S = 90.0, 90.0
LOOK_S = 0.02
OFFSET_S = (NOW - dt.datetime.now(dt.UTC)).total_seconds()  # of the clock that this process and its workers share


def now() -> dt.datetime:
    """By the clock of the workers: it starts about NOW, and goes on while they are started again."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=OFFSET_S)


@dataclass
class Child:
    """One worker; `log` is where its stderr goes."""

    process: subprocess.Popen[str]
    log: Path

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to say goodbye."""
        self.process.kill()
        self.process.wait(STOP_S)

    def stop(self) -> float:
        """SIGTERM; how many seconds the worker took to end, by itself and with status 0."""
        started = time.monotonic()
        self.process.terminate()
        status = self.process.wait(STOP_S)
        assert status == 0, self.said()
        return time.monotonic() - started

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]


@contextlib.contextmanager
def worker(database_url: str, zup_url: str, **settings: Any) -> Iterator[Child]:
    """A worker that is ready; killed afterwards if it still runs."""
    given = {
        "zup_url": zup_url + BASE,
        "zup_user": USER,
        "zup_password": PASSWORD,
        "user": USER,
        "password": PASSWORD,
        "database_url": database_url,
        "worker_concurrency": 4,
        "stop_grace_s": 1,
        "offset_s": OFFSET_S,
        **settings,
    }
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "worker.log"
        with log.open("w", encoding="utf-8") as stderr, _started(given, stderr) as process:
            child = Child(process, log)
            alarm = threading.Timer(START_S, process.kill)  # reading below ends when the process does
            alarm.start()
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n", child.said()
                alarm.cancel()
                yield child
            finally:
                alarm.cancel()
                process.kill()


def _started(given: dict[str, Any], stderr: IO[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.worker_process", json.dumps(given)]
    environment = {**child_environment(), "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=stderr, env=environment, cwd=ROOT, text=True, encoding="utf-8"
    )


def is_free(mine: Leases, slot: int) -> bool:
    lock = mine.lock(slot)
    if lock:
        lock.release()
    return lock is not None
