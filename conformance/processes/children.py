"""Child processes of `argus conform`: they get an order as JSON and tell events, one JSON line each, on a pipe."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.json_type import Json

LAST_LINES = 12
STOP_S = 15.0


class Children:
    """Processes of one run, which end together: when one cannot go on, the others need not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._ended = False

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Raises CouldNotRun once the run has ended."""
        with self._lock:
            if self._ended:
                raise CouldNotRun("The run was ended.")
            child = subprocess.Popen(command, **options)
            self._running.append(child)
            return child

    def end(self) -> None:
        """Ask all that still run to stop, and insist after a while; whoever reads their events sees the end of them."""
        with self._lock:
            self._ended = True
            running = [child for child in self._running if child.poll() is None]
        for child in running:
            child.send_signal(signal.SIGTERM)
        if running:
            insisting = threading.Timer(STOP_S, _kill, (running,))
            insisting.daemon = True
            insisting.start()

    @property
    def ended(self) -> bool:
        """Whether they were asked to stop."""
        return self._ended


def events(children: Children, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Json]:
    """Run `python arguments…`, where "{fd}" stands for the pipe's descriptor; yields what it tells until it ends.

    It runs in a folder of its own, so that nothing it leaves behind lands in the user's, and in a process group of its
    own: Ctrl-C on a terminal is for this process to hear, or what is judged would end before whoever judges it. The
    last event is {"event": "exit", "status"}. Raises CouldNotRun, with the end of the log, for a line that is no event.
    """
    reading, writing = os.pipe()
    command = [sys.executable, *(argument.replace("{fd}", str(writing)) for argument in arguments)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="argus-") as folder, log.open("wb") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        options = {"env": dict(environment), "cwd": folder, "process_group": 0}
        try:
            child = children.start(command, pass_fds=(writing,), **streams, **options)
        finally:
            os.close(writing)
        try:
            with open(reading, encoding="utf-8") as lines:
                for line in lines:
                    yield _event(line, log)
            yield {"event": "exit", "status": child.wait()}
        finally:
            end(child)
            with contextlib.suppress(OSError):  # of its group nobody is left
                os.killpg(child.pid, signal.SIGTERM)


def tell(fd: int, event: Json) -> None:
    """One event, whole, from a child."""
    line = memoryview(json.dumps(event, ensure_ascii=False).encode() + b"\n")
    while line:
        line = line[os.write(fd, line) :]


def end_of(log: Path) -> str:
    """The last lines of a child's log, for a message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LAST_LINES:])


def _event(line: str, log: Path) -> Json:
    try:
        return json.loads(line)
    except ValueError as error:
        raise CouldNotRun(f"A child process broke off. {end_of(log)}") from error


def _kill(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.kill()


def end(child: subprocess.Popen[Any]) -> None:
    """A process of ours that is still there: ask it to stop, then insist."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
