"""A conformance run as a process that a test interrupts, and a host that stops answering."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.amended_host import Reply, host
from tests.support.command_line import ARGUS, CLEAN
from tests.support.http_client import PASSWORD, USER
from tests.support.polling import until

FEW = 130
SOON_S = 25.0  # less than a question to a host that is silent takes
ENVIRONMENT = {
    **CLEAN,
    "ARGUS_TARGET_USER": USER,
    "ARGUS_TARGET_PASSWORD": PASSWORD,
}


def picked(*ids: str) -> list[str]:
    return [part for scenario_id in ids for part in ("--scenario", scenario_id)]


class Running:
    """`argus conform` as the leader of a session; reports go to `folder`/r."""

    def __init__(self, child: subprocess.Popen[str], folder: Path) -> None:
        self.child, self.folder = child, folder / "r"

    def kill(self, number: int, *, all_of_terminal: bool = False) -> None:
        (os.killpg if all_of_terminal else os.kill)(self.child.pid, number)

    def says(self, words: str) -> None:
        """Wait for a line."""
        assert self.child.stdout is not None
        while words not in (line := self.child.stdout.readline()):
            assert line, f"it ended without saying {words}"

    def ends(self, code: int) -> str:
        """The rest of what it says."""
        screen, told = self.child.communicate(timeout=SOON_S)
        assert (self.child.returncode, told) == (code, ""), screen
        return screen

    @property
    def report(self) -> Any:
        return json.loads((self.folder / "report.json").read_text(encoding="utf-8"))

    @property
    def sent(self) -> list[Any]:
        """By the journal."""
        path = self.folder / "journal.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [entry for line in lines if "method" in (entry := json.loads(line))]

    def processes(self, *, of_terminal: bool = False) -> dict[int, str]:
        """Command lines of all that is left of the session, or of what Ctrl-C reaches of it, by process id."""
        found = {}
        member = 2 if of_terminal else 3  # process group, session
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(fields[member]) == self.child.pid and fields[0] != "Z":
                    found[int(folder.name)] = (folder / "cmdline").read_text(encoding="utf-8", errors="replace")
        return found


@contextlib.contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Running]:
    """All that it started is gone within seconds after it."""
    command = [*ARGUS, "conform", "--report", str(folder / "r"), *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs tests may ignore it
        **pipes,
    ) as child:
        one = Running(child, folder)
        try:
            yield one
            until(one.processes, lambda left: not left, within_s=SOON_S, what="nothing of it is left")
        finally:
            for process in one.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)


class Silent:
    """A host that answers until `asked` is true of a path, and then nothing until the test is over."""

    def __init__(self, asked: Callable[[str], bool]) -> None:
        self._asked, self.silent, self._over = asked, threading.Event(), threading.Event()

    def __call__(self, method: str, path: str, reply: Reply) -> Reply:
        if self.silent.is_set() or self._asked(path):
            self.silent.set()
            self._over.wait(60)
        return reply

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        with host(self, agents=FEW) as url:
            try:
                yield url
            finally:
                self._over.set()
