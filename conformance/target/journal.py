"""Journal of the requests sent to a third-party host: one file that all processes of a run append to and read."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from argus_wfm.conformance.target.kill_switch import counts, is_failure
from argus_wfm.json_type import Json

HOST, DIRECTORY = "host", "directory"


@dataclass(slots=True)
class JournalTotals:
    """What the journal holds so far."""

    requests: int = 0
    writes: int = 0
    failures: int = 0
    in_a_row: Counter[str] = field(default_factory=Counter)  # failures, of the host and of its directory
    askers: set[str] = field(default_factory=set)
    sent: dict[str, float] = field(default_factory=dict, compare=False)  # by operation: a time.time(), of the last
    asked: dict[str, str] = field(default_factory=dict, compare=False)  # by pending request: host or directory

    def take(self, entry: dict[str, Json]) -> None:
        """One line more."""
        if "method" in entry:
            self.requests += 1
            self.asked[entry["request"]] = server_of(entry["operation"])
            self.sent[entry["operation"]] = dt.datetime.fromisoformat(entry["at"]).timestamp()
            self.askers.add(entry["by"])
            self.writes += entry["effect"] == "write"
            return
        server = self.asked.pop(entry["request"], HOST)
        if counts(entry):
            failed = is_failure(entry)
            self.failures += failed
            self.in_a_row[server] = self.in_a_row[server] + 1 if failed else 0


@dataclass(slots=True)
class Journal:
    """A file of JSON lines: one when a request is sent, one when its answer is there or it has none."""

    path: Path
    _totals: JournalTotals = field(default_factory=JournalTotals)
    _read: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, entry: dict[str, Json]) -> None:
        """In one write, so that lines of several processes do not mix."""
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        with self._opened() as file:
            file.write(line)

    @contextlib.contextmanager
    def alone(self) -> Iterator[JournalTotals]:
        """What it holds, while nobody else of any process or thread is in here."""
        with self._opened() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield self.totals()

    def totals(self) -> JournalTotals:
        """Of everything that whole lines tell."""
        with self._lock:
            try:
                with self.path.open("rb") as file:
                    file.seek(self._read)
                    new = file.read()
            except FileNotFoundError:
                return self._totals
            whole = new[: new.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in whole.splitlines():
                self._totals.take(json.loads(line))
            return self._totals

    def _opened(self) -> FileIO:
        """For lines at its end, each in one write; for the user alone, since it tells whose data was read."""
        return open(self.path, "ab", buffering=0, opener=lambda path, flags: os.open(path, flags, 0o600))


def server_of(operation: str) -> str:
    """Whose failures these are: a directory that is down does not speak for the host that stands before it."""
    return DIRECTORY if operation == DIRECTORY else HOST


def timestamp(seconds: float) -> str:
    """Of a time.time()."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
