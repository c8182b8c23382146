"""Starts gateway and mocks as a child process, for `argus conform`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import argus_wfm
from argus_wfm.conformance.errors import LocalError
from argus_wfm.conformance.processes.children import end
from argus_wfm.conformance.target import TargetConfig, by_url
from argus_wfm.conformance.target.client import Policy

PRESENT = "2025-07-29T01:30:00Z"  # the seed's own stamp, at which scenarios on mocks start (A43)
STILL = (
    "up", "--port", "0", "--zup-port", "0", "--oktell-port", "0", "--oktell-speed", "0", "--sites-port", "0",
    "--sites-beat", "0", "--ldap-port", "0",
)  # fmt: skip  # on free ports, where nothing stirs of itself
START_S = 120.0  # a second or two in peace; a busy machine that has compiled nothing yet takes its time


@contextlib.contextmanager
def launched(
    *, seed: int = 1, log: IO[Any] | int = subprocess.DEVNULL, live: TargetConfig | None = None
) -> Iterator[TargetConfig]:
    """`argus up` as a child process on free ports, at the scenarios' present; yields the gateway as a target.

    With `live`, a host of others is read from in 1C's place, and what would change it is answered here. Raises
    LocalError when it does not come up.
    """
    command = [
        sys.executable, "-m", "argus_wfm", *STILL, "--now", PRESENT,
        "--seed", str(seed), "--json", "--until-stdin-ends", *(("--live", json.dumps(live.as_dict())) if live else ()),
    ]  # fmt: skip
    pipe, environment = subprocess.PIPE, child_environment()
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=log, env=environment, text=True, encoding="utf-8"
    ) as child:
        try:
            line = _first_line(child)
            yield from_ready(line or _silence(child))
        finally:
            end(child)


def from_ready(line: str) -> TargetConfig:
    """The target that a ready line of `argus up --json` tells of. Raises LocalError."""
    try:
        told = json.loads(line)
        urls, controls = told["ready"], told["controls"]
    except (ValueError, KeyError) as error:
        raise LocalError(f"Gateway and mocks did not start: {line.strip() or 'they said nothing'}") from error

    config = by_url(urls["gateway"], Policy(ours=True))
    own = replace(config, user_env="", password_env="", ldap_user_env="", ldap_password_env="")  # of development
    return replace(own, name="mocks", controls=controls, ldap=urls.get("ldap", ""))


def child_environment() -> dict[str, str]:
    """Of every child process: nothing in the user's folder is imported; no plugins, proxies or .netrc leak in."""
    kept = {name: value for name, value in os.environ.items() if not _leaks(name)}
    installed = str(Path(argus_wfm.__file__).parents[1])  # also when that folder came from the user's PYTHONPATH
    return {**kept, "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "NETRC": os.devnull, "PYTHONPATH": installed}


def _leaks(name: str) -> bool:
    return name.startswith(("PYTEST_", "COV_CORE")) or name.lower().endswith("_proxy")


def _silence(child: subprocess.Popen[str]) -> str:
    """Why there was no first line."""
    status = child.wait()
    if status == -signal.SIGKILL:
        return f"they said nothing within {START_S:g} s"
    return f"they ended with exit code {status} and said nothing"


def _first_line(child: subprocess.Popen[str]) -> str:
    """What it says first; it is killed when it says nothing for too long, so that reading ends."""
    assert child.stdout is not None
    alarm = threading.Timer(START_S, child.kill)
    alarm.start()
    try:
        return child.stdout.readline()
    finally:
        alarm.cancel()


def end_with_stdin() -> None:
    """Stop this process when its stdin ends: whoever started it is gone, in whatever way."""

    def watch() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread that reads would hold at exit
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
