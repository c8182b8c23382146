"""Foreign judges: tools of npm and of Java, found in the folder ARGUS_JUDGES (of `npm install --prefix`) or on PATH."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support import peers

SECONDS = 240
QUIET = {  # nothing here talks to its maker
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "SPECMATIC_DISABLE_TELEMETRY": "true",
    "NO_COLOR": "1",
    "FORCE_COLOR": "0",
}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def packages() -> Path | None:
    """The folder node_modules that tox installed, if it did."""
    folder = os.environ.get("ARGUS_JUDGES")
    return Path(folder) / "node_modules" if folder else None


def tool(name: str, needs: str = "node") -> str:
    """The path of a tool; without it the test is skipped, or fails where peers are required (support/peers.py)."""
    folder = packages()
    path = f"{folder / '.bin'}{os.pathsep}{os.environ['PATH']}" if folder else None
    found = shutil.which(name, path=path)
    if not found:
        peers.absent(f"{name} is neither in ARGUS_JUDGES nor on PATH; `tox -e peers` installs it")
    if not shutil.which(needs):
        peers.absent(f"{name} needs {needs}, which is not on PATH")
    return found


def environment(**more: str) -> dict[str, str]:
    """Of a child: this process's, with nothing that would send it elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, **QUIET, **more}


def run(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """(exit code, all that it said) of a tool that ends by itself."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**(env or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, COLOUR.sub("", done.stdout)


@contextlib.contextmanager
def serving(command: Sequence[str], ready: str) -> Iterator[list[str]]:
    """A tool that serves until the end of the block; yields what it says, from when it has said `ready`."""
    said: list[str] = []
    heard = threading.Event()

    def listen(child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(COLOUR.sub("", line).rstrip())
            if ready in line:
                heard.set()
        heard.set()  # it has ended

    with subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as child:
        listener = threading.Thread(target=listen, args=(child,), daemon=True)
        listener.start()
        try:
            assert heard.wait(60), said
            assert child.poll() is None, said
            yield said
        finally:
            child.terminate()
            child.wait(15)
            listener.join(15)
