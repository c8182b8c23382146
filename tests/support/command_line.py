"""The command line in processes of its own: one command, a server until the test ends, a conformance run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.http_client import PASSWORD, USER

ARGUS = [sys.executable, "-m", "argus_wfm"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")}


def argus(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end; no ARGUS_* setting of the developer's reaches it."""
    where = {**CLEAN, **environment}
    return subprocess.run(
        [*ARGUS, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=where,
        check=False,
        timeout=120,
    )


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[dict[str, str]]:
    """A server command; yields the addresses of its ready line, and checks that SIGTERM ends it well."""
    with started(*arguments) as told:
        yield told["ready"]


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[Any]:
    """The same; yields all of its ready line."""
    with subprocess.Popen(
        [*ARGUS, *arguments, "--json"], stdout=subprocess.PIPE, text=True, encoding="utf-8", env=CLEAN
    ) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())
        finally:
            child.send_signal(signal.SIGTERM)
            assert child.wait(15) == 0


def conform(url: str, folder: Path, *options: str) -> tuple[int, str, Any]:
    """(exit code, screen, report) of one run of the command line."""
    environment = {**os.environ, "ARGUS_TARGET_USER": USER, "ARGUS_TARGET_PASSWORD": PASSWORD}
    host = () if "--target" in options else ("--base-url", url)
    command = [*ARGUS, "conform", *host, "--report", str(folder), *options]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, timeout=180
    )
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout, json.loads((folder / "report.json").read_text(encoding="utf-8"))
