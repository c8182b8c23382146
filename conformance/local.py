"""Starts gateway and mocks: in this process for `argus up` and its like, as a child process for `argus conform`.

The one module of the judge that sees what it judges.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import SecretStr

from conformance.child import end
from conformance.parties import Options, Party
from conformance.target import DEVELOPMENT, DEVELOPMENT_KEY, Address, by_url
from openapi import load
from openapi.server import address, bind, run

if TYPE_CHECKING:
    from gateway.settings import Settings
    from mocks.faults import Fault

HOST = "127.0.0.1"
PRESENT = "2025-07-29T01:30:00Z"  # the seed's own stamp, at which scenarios on mocks start (A43)
START_S = 30.0


class LocalError(Exception):
    """Gateway or mocks could not be started; the message is one line."""


def up(options: Options) -> list[Party]:
    """Gateway and mock 1C, joined, with controls. Raises PortTaken, LocalError."""
    from gateway.app import build
    from gateway.clock import Clock
    from gateway.settings import Given

    database = _migrated(options.database_url or _kept_until_exit())
    gateway_socket = bind(HOST, options.gateway_port)
    try:
        mock = zup(options)
    except Exception:
        gateway_socket.close()
        raise
    user, password = DEVELOPMENT
    secret = SecretStr(password)
    settings = Given(
        zup_url=mock.url + load("personnel").base_path,
        zup_user=user,
        zup_password=secret,
        user=user,
        password=secret,
        database_url=database,
        token_key=SecretStr(DEVELOPMENT_KEY),
        worker_concurrency=1,  # one after the other, so that their order can be watched
        stop_grace_s=1,
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


def _kept_until_exit() -> str:
    """A database of this process alone."""
    folder = tempfile.TemporaryDirectory(prefix="argus-data-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return f"sqlite:///{Path(folder.name) / 'argus.sqlite3'}"


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

    settings = _read()
    _migrated(settings.database_url)
    bound = bind(settings.host, settings.port)
    return Party("gateway", address(bound), build(settings), bound)


def worker(on_ready: Callable[[], None]) -> None:
    """Work on the queue, without a web server, until SIGINT or SIGTERM. Raises LocalError."""
    from gateway.app import Parts, working
    from gateway.clock import Clock
    from gateway.database import DatabaseError
    from gateway.work.slots import NoSlot

    settings = _read()
    if not settings.worker_concurrency:
        raise LocalError("ARGUS_WORKER_CONCURRENCY is 0: this worker would do nothing. Set it to 1 or more.")
    try:
        with working(Parts(settings, Clock())):
            asyncio.run(_signalled(on_ready))
    except (DatabaseError, NoSlot) as error:
        raise LocalError(str(error)) from error


async def _signalled(on_ready: Callable[[], None]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopped.set)
    on_ready()
    await stopped.wait()


def issue_token(key: str, audience: str, subject: str, life_s: int, now: dt.datetime | None = None) -> str:
    """A token for one API, valid from `now` on. Raises LocalError for a key that is too short."""
    from gateway.auth import Tokens

    try:
        return Tokens(key.encode(), lambda: now or dt.datetime.now(dt.UTC)).issue(subject, audience, life_s)
    except ValueError as error:
        raise LocalError(f"ARGUS_TOKEN_KEY: {error}.") from error


def _read() -> Settings:
    from gateway.settings import SettingsError, read

    try:
        settings = read()
    except SettingsError as error:
        raise LocalError(str(error)) from error
    log_to_stderr(settings.log_level)
    return settings


def _migrated(url: str) -> str:
    """A database that can be used; it is tried before anything is served, so that a wrong one is told in one line."""
    from gateway.database import DatabaseError, connect, default_url, migrate

    try:
        engine = connect(url or default_url())
        migrate(engine)
        engine.dispose()
    except DatabaseError as error:
        raise LocalError(str(error)) from error
    return url


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
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread that reads would hold at exit
            pass
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
    here = str(Path(__file__).parent.parent)  # for children of a checkout that is not installed
    return {**kept, "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "NETRC": os.devnull, "PYTHONPATH": here}


def _leaks(name: str) -> bool:
    return name.startswith(("PYTEST_", "COV_CORE")) or name.lower().endswith("_proxy")


def _first_line(child: subprocess.Popen[str]) -> str:
    """What it says first; it is killed when it says nothing for too long, so that reading ends."""
    assert child.stdout is not None
    alarm = threading.Timer(START_S, child.kill)
    alarm.start()
    try:
        return child.stdout.readline()
    finally:
        alarm.cancel()
