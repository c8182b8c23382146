"""Starts the gateway in this process, alone or with the mocks, for `argus up` and its like."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from argus_wfm.conformance.errors import LocalError
from argus_wfm.conformance.launch.mocks import mocks
from argus_wfm.conformance.launch.servers import HOST, LaunchOptions, Server
from argus_wfm.conformance.target.profile import DEVELOPMENT, DEVELOPMENT_KEY
from argus_wfm.openapi import load
from argus_wfm.openapi.server import address, bind, run

if TYPE_CHECKING:
    from argus_wfm.gateway.settings import Settings


def up(options: LaunchOptions) -> list[Server]:
    """Gateway and every mock, joined, with controls. Raises PortTaken, LocalError."""
    from argus_wfm.gateway.app import build
    from argus_wfm.gateway.clock import Clock
    from argus_wfm.gateway.settings import ExplicitSettings

    database = _migrated(options.database_url or _kept_until_exit())
    gateway_socket = bind(HOST, options.gateway_port)
    url = address(gateway_socket)
    try:
        mock, *others = mocks(replace(options, gateway_url=url))
    except Exception:
        gateway_socket.close()
        raise
    user, password = DEVELOPMENT
    secret = SecretStr(password)
    directory = next(other for other in others if other.name == "LDAP")
    settings = ExplicitSettings(
        zup_url=mock.url + load("personnel").base_path,
        zup_user=user,
        zup_password=secret,
        user=user,
        password=secret,
        database_url=database,
        token_key=SecretStr(DEVELOPMENT_KEY),
        ldap_url=directory.url,
        ldap_user=directory.credentials["bind_dn"],
        ldap_password=SecretStr(directory.credentials["bind_password"]),
        ldap_base=directory.credentials["base"],
        worker_concurrency=1,  # one after the other, so that their order can be watched
        stop_grace_s=1,
    )
    app = build(settings, clock=Clock(options.now), with_controls=options.controls)
    return [Server("gateway", url, app, gateway_socket, options.controls_at(url)), mock, *others]


def _kept_until_exit() -> str:
    """A database of this process alone."""
    folder = tempfile.TemporaryDirectory(prefix="argus-data-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return f"sqlite:///{Path(folder.name) / 'argus.sqlite3'}"


def gateway() -> Server:
    """The gateway alone, by its settings, without controls. Raises LocalError for settings, PortTaken."""
    from argus_wfm.gateway.app import build

    settings = _read()
    _migrated(settings.database_url)
    bound = bind(settings.host, settings.port)
    try:
        with _told():
            return Server("gateway", address(bound), build(settings), bound)
    except LocalError:
        bound.close()
        raise


def worker(on_ready: Callable[[], None]) -> None:
    """Work on the queue, without a web server, until SIGINT or SIGTERM. Raises LocalError."""
    from argus_wfm.gateway.clock import Clock
    from argus_wfm.gateway.components import Components, working
    from argus_wfm.gateway.queue.leases import NoLease
    from argus_wfm.gateway.storage.database import DatabaseError

    settings = _read()
    if not settings.worker_concurrency:
        raise LocalError("ARGUS_WORKER_CONCURRENCY is 0: this worker would do nothing. Set it to 1 or more.")
    with _told():
        parts = Components(settings, Clock())
    try:
        with working(parts):
            asyncio.run(_signalled(on_ready))
    except (DatabaseError, NoLease) as error:
        raise LocalError(str(error)) from error


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Settings that only turn out to be wrong when they are used: keys, the directory, the database."""
    from argus_wfm.gateway.identity.keys import KeysError
    from argus_wfm.gateway.reports.signature import SignatureError
    from argus_wfm.gateway.sites.registry import SitesError
    from argus_wfm.gateway.storage.database import DatabaseError
    from argus_wfm.gateway.upstream.ldap_login import DirectoryError

    try:
        yield
    except SitesError as error:
        raise LocalError(f"ARGUS_SITES: {error}.") from error
    except KeysError as error:
        raise LocalError(f"ARGUS_TOKEN_KEYS: {error}.") from error
    except (DatabaseError, DirectoryError, SignatureError) as error:
        raise LocalError(str(error)) from error


async def _signalled(on_ready: Callable[[], None]) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopped.set)
    on_ready()
    await stopped.wait()


def _read() -> Settings:
    from argus_wfm.gateway.settings import SettingsError, read

    try:
        settings = read()
    except SettingsError as error:
        raise LocalError(str(error)) from error
    if settings.token_key and settings.token_key.get_secret_value() == DEVELOPMENT_KEY:
        raise LocalError(
            "ARGUS_TOKEN_KEY is the key of argus up, which everybody knows: set one of your own, "
            "or ARGUS_TOKEN_KEYS to a folder of private keys."
        )
    log_to_stderr(settings.log_level)
    return settings


def _migrated(url: str) -> str:
    """A database that can be used; it is tried before anything is served, so that a wrong one is told in one line."""
    from argus_wfm.gateway.storage.database import DatabaseError, connect, default_url, migrate

    try:
        engine = connect(url or default_url())
        migrate(engine)
        engine.dispose()
    except DatabaseError as error:
        raise LocalError(str(error)) from error
    return url


def log_to_stderr(level: str) -> None:
    """The JSON log of the servers in this process."""
    from argus_wfm.gateway.logs import configure

    configure(level)


def serve(servers: Sequence[Server], on_ready: Callable[[], None]) -> None:
    """Run until SIGINT or SIGTERM."""
    asyncio.run(run([(server.app, server.bound) for server in servers], on_ready))
