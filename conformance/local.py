"""Starts gateway and mocks: in this process for `argus up` and its like, as a child process for `argus conform`.

The one module of the judge that sees what it judges.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import SecretStr
from starlette.types import ASGIApp

from conformance.child import end
from conformance.target import DEVELOPMENT, Address, by_url
from openapi import load
from openapi.server import address, bind, run

if TYPE_CHECKING:
    from mocks.faults import Fault

HOST = "127.0.0.1"
GATEWAY_PORT, ZUP_PORT = 8090, 8091
PRESENT = "2025-07-29T01:30:00Z"  # the seed's own stamp, at which scenarios on mocks start (A43)
START_S = 30.0


class LocalError(Exception):
    """Gateway or mocks could not be started; the message is one line."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `up`, `mock` and `serve` are told; ports of 0 take free ones, `now` None is real time."""

    gateway_port: int = GATEWAY_PORT
    zup_port: int = ZUP_PORT
    now: dt.datetime | None = None
    seed: int = 1
    agents: int = 513
    calendar: Path | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Party:
    """One server: its name, where callers find it, and what answers on which socket.

    `controls` is where /_control is, also while nobody can get through at `url`; empty for a party without any.
    """

    name: str
    url: str
    app: ASGIApp
    bound: socket.socket
    controls: str = ""


def up(options: Options) -> list[Party]:
    """Gateway and mock 1C, joined, with controls. Raises PortTaken, LocalError."""
    from gateway.app import build
    from gateway.clock import Clock
    from gateway.settings import Given

    gateway_socket = bind(HOST, options.gateway_port)
    try:
        mock = zup(options)
    except Exception:
        gateway_socket.close()
        raise
    user, password = DEVELOPMENT
    secret = SecretStr(password)
    settings = Given(
        zup_url=mock.url + load("personnel").base_path, zup_user=user, zup_password=secret, user=user, password=secret
    )
    app = build(settings, clock=Clock(options.now), with_controls=True)
    url = address(gateway_socket)
    return [Party("gateway", url, app, gateway_socket, url), mock]


def zup(options: Options) -> Party:
    """The mock 1C alone, with controls and a relay. Raises PortTaken, LocalError for a wrong calendar or fault."""
    from mocks.calendar import Calendar
    from mocks.clock import Clock
    from mocks.relay import Relay
    from mocks.zup import zup as build

    operations = frozenset(load("personnel").operations)
    try:
        calendar = Calendar.from_file(options.calendar) if options.calendar else Calendar()
    except ValueError as error:
        raise LocalError(str(error)) from error
    faults = [_fault(text, operations) for text in options.faults]
    public, bound = bind(HOST, options.zup_port), bind(HOST, 0)
    url = address(public)
    user, password = DEVELOPMENT
    app = build(
        user=user,
        password=password,
        seed=options.seed,
        agents=options.agents,
        clock=Clock(options.now),
        calendar=calendar,
        with_controls=True,
        relay=Relay(public, bound.getsockname()[:2]),
        faults=faults,
    )
    return Party("1C ZUP", url, app, bound, address(bound))


def _fault(text: str, operations: frozenset[str]) -> Fault:
    from mocks.faults import FaultError, from_text

    try:
        return from_text(text, operations)
    except FaultError as error:
        raise LocalError(f"--fault {text}: {error}. argus faults explains them.") from error


def explained_faults() -> tuple[list[tuple[str, str, list[tuple[str, str]]]], list[tuple[str, str, str]], list[str]]:
    """(kinds with their members, members that all have, examples), for `argus faults`."""
    from mocks.faults import EXAMPLES, catalogue, common

    return list(catalogue()), common(), list(EXAMPLES)


def gateway() -> Party:
    """The gateway alone, by its settings, without controls. Raises LocalError for settings, PortTaken."""
    from gateway.app import build
    from gateway.logs import configure
    from gateway.settings import SettingsError, read

    try:
        settings = read()
    except SettingsError as error:
        raise LocalError(str(error)) from error
    configure(settings.log_level)
    bound = bind(settings.host, settings.port)
    return Party("gateway", address(bound), build(settings), bound)


def log_to_stderr(level: str) -> None:
    """The JSON log of the servers in this process."""
    from gateway.logs import configure

    configure(level)


def serve(parties: Sequence[Party], on_ready: Callable[[], None]) -> None:
    """Run until SIGINT or SIGTERM."""
    asyncio.run(run([(party.app, party.bound) for party in parties], on_ready))


def end_with_stdin() -> None:
    """Stop this process when its stdin ends: whoever started it is gone, in whatever way."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def launched(*, seed: int = 1, log: IO[Any] | int = subprocess.DEVNULL) -> Iterator[Address]:
    """`argus up` as a child process on free ports, at the scenarios' present; yields the gateway as a target.

    Raises LocalError when it does not come up.
    """
    command = [
        sys.executable, "-m", "conformance", "up", "--port", "0", "--zup-port", "0",
        "--now", PRESENT, "--seed", str(seed), "--json", "--until-stdin-ends",
    ]  # fmt: skip
    pipe, environment = subprocess.PIPE, child_environment()
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=log, env=environment, text=True, encoding="utf-8"
    ) as child:
        try:
            yield from_ready(_first_line(child))
        finally:
            end(child)


def from_ready(line: str) -> Address:
    """The target that a ready line of `argus up --json` tells of. Raises LocalError."""
    try:
        told = json.loads(line)
        urls, controls = told["ready"], told["controls"]
    except (ValueError, KeyError) as error:
        raise LocalError(f"Gateway and mocks did not start: {line.strip() or 'no output; see the log'}") from error
    from dataclasses import replace

    from conformance.client import Policy

    address = by_url(urls["gateway"], Policy(ours=True))
    return replace(address, name="mocks", user_env="", password_env="", controls=controls)


def child_environment() -> dict[str, str]:
    """Of every child process: nothing in the user's folder is imported; no plugins, proxies or .netrc leak in."""
    kept = {name: value for name, value in os.environ.items() if not _leaks(name)}
    return {**kept, "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "NETRC": os.devnull, **_development_path()}


def _leaks(name: str) -> bool:
    return name.startswith(("PYTEST_", "COV_CORE")) or name.lower().endswith("_proxy")


def _development_path() -> dict[str, str]:
    """Where this package was imported from, for children of a checkout that is not installed."""
    return {"PYTHONPATH": str(Path(__file__).parent.parent)}


def _first_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    timer = _Alarm(child, START_S)
    with timer:
        return child.stdout.readline()


class _Alarm:
    """Kills a child that says nothing for too long, so that reading its output ends."""

    def __init__(self, child: subprocess.Popen[str], seconds: float) -> None:
        self._timer = threading.Timer(seconds, child.kill)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
