"""Starts gateway and mocks in this process, for `argus up` and its like.

The one module of the judge that sees what it judges.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import datetime as dt
import functools
import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from conformance.parties import Options, Party
from conformance.target import DEVELOPMENT, DEVELOPMENT_KEY
from openapi import load
from openapi.server import address, bind, run

if TYPE_CHECKING:
    from conformance.exchange import Exchange
    from gateway.settings import Settings
    from mocks.faults import Fault, Struck
    from mocks.forwarding import Ask
    from mocks.language import Explained

HOST = "127.0.0.1"
TOKEN_LIFE_S = 3600


class LocalError(Exception):
    """Gateway or mocks could not be started; the message is one line."""


def up(options: Options) -> list[Party]:
    """Gateway and every mock, joined, with controls. Raises PortTaken, LocalError."""
    from gateway.app import build
    from gateway.clock import Clock
    from gateway.settings import Given

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
    settings = Given(
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
    return [Party("gateway", url, app, gateway_socket, _if(options, url)), mock, *others]


def mocks(options: Options) -> list[Party]:
    """Every mock; each of the faults goes to whom it is one of. Raises PortTaken, LocalError."""
    from mocks.language import operation, struck
    from mocks.ldap import OPERATIONS
    from mocks.site import OPERATIONS as SITE_OPERATIONS

    of_messages = tuple(text for text in options.faults if struck(text) == "messages")
    of_ldap = tuple(text for text in options.faults if operation(text) in OPERATIONS)
    others = tuple(text for text in options.faults if text not in of_messages + of_ldap)
    of_sites = tuple(text for text in of_messages if operation(text) in SITE_OPERATIONS)
    of_oktell = tuple(text for text in of_messages if text not in of_sites)
    started: list[Party] = []
    try:
        for start, faults in ((zup, others), (oktell, of_oktell), (sites, of_sites), (ldap, of_ldap)):
            started.append(start(replace(options, faults=faults)))
    except Exception:
        for party in started:
            party.bound.close()
        raise
    return started


def ldap(options: Options) -> Party:
    """The mock directory alone, with controls and a relay. Raises PortTaken, LocalError for a wrong fault."""
    from mocks.breakage import KINDS
    from mocks.clock import Clock
    from mocks.ldap import CREDENTIALS, OPERATIONS
    from mocks.ldap import ldap as build

    faults = [_fault(text, OPERATIONS, only=KINDS) for text in options.faults]
    public, bound = bind(HOST, options.ldap_port), bind(HOST, 0)
    ldaps = None if options.ldaps_port is None else bind(HOST, options.ldaps_port)
    url, controls = address(public).replace("http", "ldap", 1), address(bound)
    clock = Clock(options.now)
    app = build(
        public,
        ldaps,
        seed=options.seed,
        agents=options.agents,
        clock=clock,
        with_controls=options.controls,
        faults=faults,
    )
    told = CREDENTIALS | ({"authority": f"{controls}/_control/certificate"} if options.controls else {})
    told |= {"ldaps": address(ldaps).replace("http", "ldaps", 1)} if ldaps else {}
    return Party("LDAP", url, app, bound, _if(options, controls), f"{url}/{told['base']}", told)


def oktell(options: Options) -> Party:
    """The mock Oktell alone, with controls. Raises PortTaken, LocalError for a wrong fault or no token."""
    from mocks.clock import Clock
    from mocks.oktell import OPERATIONS
    from mocks.oktell import oktell as build
    from openapi.stream import load_stream

    faults = [_fault(text, OPERATIONS, "messages") for text in options.faults]
    clock = Clock(options.now)
    token = _token_for(options.gateway_url, clock.now) if options.gateway_url else ""
    bound = bind(HOST, options.oktell_port)
    url = address(bound)
    app = build(
        seed=options.seed,
        agents=min(options.agents, options.oktell_agents),
        clock=clock,
        speed=options.oktell_speed,
        gateway=options.gateway_url,
        token=token,
        accepts=_accepts(clock.now),
        with_controls=options.controls,
        faults=faults,
    )
    return Party("Oktell", url, app, bound, _if(options, url), url.replace("http", "ws", 1) + load_stream().address)


def sites(options: Options) -> Party:
    """The mock sites alone, all in one, with controls. Raises PortTaken, LocalError for a wrong fault or no token."""
    from mocks.clock import Clock
    from mocks.site import KINDS, OPERATIONS
    from mocks.site import sites as build

    faults = [_fault(text, OPERATIONS, "messages", KINDS) for text in options.faults]
    clock = Clock(options.now)
    token = _operations_token(options.gateway_url, "sites", clock.now)
    bound = bind(HOST, options.sites_port)
    url = address(bound)
    app = build(
        gateway=options.gateway_url,
        token=token,
        seed=options.seed,
        agents=options.agents,
        clock=clock,
        beat_s=options.sites_beat_s,
        with_controls=options.controls,
        faults=faults,
    )
    return Party("sites", url, app, bound, _if(options, url), f"{url}/_control/state" if options.controls else url)


def _operations_token(gateway_url: str, subject: str, now: Callable[[], dt.datetime]) -> str | Callable[[], str]:
    """For those who call the gateway's own operations; none without a gateway. Raises LocalError."""
    return _token_for(gateway_url, now, "argus", subject, "ARGUS_OPERATIONS_TOKEN") if gateway_url else ""


def _token_for(
    gateway_url: str,
    now: Callable[[], dt.datetime],
    audience: str = "mce",
    subject: str = "oktell",
    variable: str = "ARGUS_TOKEN",
) -> str | Callable[[], str]:
    """What the variable holds, or on this machine one signed by the development key. Raises LocalError."""
    host = urlsplit(gateway_url)
    if host.scheme not in ("http", "https") or not host.hostname:
        raise LocalError(f"--gateway {gateway_url} is no address; write it as http://127.0.0.1:8090.")
    if token := os.environ.get(variable, "").strip():
        return token
    if host.hostname not in (HOST, "localhost", "::1"):
        raise LocalError(f"Set {variable} to a token that the gateway takes: argus token --audience {audience}.")
    return lambda: issue_token(DEVELOPMENT_KEY, audience, subject, TOKEN_LIFE_S, now())


def _accepts(now: Callable[[], dt.datetime]) -> Callable[[str], bool]:
    """Whether a token is one of development for mce."""
    from gateway.auth import Tokens
    from gateway.keys import Keys
    from openapi.errors import ApiError

    tokens = Tokens(Keys.shared(DEVELOPMENT_KEY.encode()), now)

    def accepts(token: str) -> bool:
        try:
            return bool(tokens.verify(token, "mce"))
        except ApiError:
            return False

    return accepts


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
    clock = Clock(options.now)
    token = _operations_token(options.gateway_url, "zup", clock.now)
    public, bound = bind(HOST, options.zup_port), bind(HOST, 0)
    url = address(public)
    user, password = DEVELOPMENT
    app = build(
        user=user,
        password=password,
        seed=options.seed,
        agents=options.agents,
        clock=clock,
        calendar=calendar,
        gateway=options.gateway_url,
        token=token,
        with_controls=options.controls,
        relay=Relay(public, bound.getsockname()[:2]),
        faults=faults,
        ask=_live(options.live) if options.live else None,
    )
    return Party("1C ZUP", url, app, bound, _if(options, address(bound)))


def _if(options: Options, url: str) -> str:
    """Where controls are, if there are any."""
    return url if options.controls else ""


def _live(text: str) -> Ask:
    """How a host of others is asked: as the judge does, through its gate. What it is not asked has no answer."""
    from conformance.drift import judge
    from conformance.findings import CouldNotTest, Departure, HeldBack
    from conformance.target import Address, Target
    from mocks.forwarding import NoAnswer, Reply

    target = Target(Address.from_dict(json.loads(text)))
    target.gate.by = "gateway-on-live"

    def departs(exchange: Exchange) -> str:
        errors = (finding for finding in judge(exchange) if finding.severity == "error")
        return next((f"{finding.where}: {finding.message}" for finding in errors), "")

    def ask(method: str, path: str, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            exchange = target.personnel.ask(method, path, data=body or None, headers=headers)
        except Departure as error:
            raise NoAnswer(f"{error.finding.operation} of the host: {error.finding.message}") from error
        except (CouldNotTest, HeldBack) as error:
            raise NoAnswer(str(error)) from error
        media_type = exchange.headers.get("content-type", "")
        return Reply(exchange.status, media_type, exchange.body, functools.cache(lambda: departs(exchange)))

    return ask


def _kept_until_exit() -> str:
    """A database of this process alone."""
    folder = tempfile.TemporaryDirectory(prefix="argus-data-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return f"sqlite:///{Path(folder.name) / 'argus.sqlite3'}"


def _fault(
    text: str, operations: frozenset[str], strikes: Struck = "replies", only: frozenset[str] | None = None
) -> Fault:
    from mocks.language import FaultError, from_text

    try:
        return from_text(text, operations, strikes, only)
    except FaultError as error:
        raise LocalError(f"--fault {text}: {error}. argus faults explains them.") from error


def explained_faults() -> tuple[list[Explained], list[tuple[str, str, str]], list[str]]:
    """(kinds with their members, members that all have, examples), for `argus faults`."""
    from mocks.language import EXAMPLES, catalogue, common

    return list(catalogue()), common(), [text for texts in EXAMPLES.values() for text in texts]


def gateway() -> Party:
    """The gateway alone, by its settings, without controls. Raises LocalError for settings, PortTaken."""
    from gateway.app import build

    settings = _read()
    _migrated(settings.database_url)
    bound = bind(settings.host, settings.port)
    try:
        with _told():
            return Party("gateway", address(bound), build(settings), bound)
    except LocalError:
        bound.close()
        raise


def worker(on_ready: Callable[[], None]) -> None:
    """Work on the queue, without a web server, until SIGINT or SIGTERM. Raises LocalError."""
    from gateway.clock import Clock
    from gateway.database import DatabaseError
    from gateway.parts import Parts, working
    from gateway.work.slots import NoSlot

    settings = _read()
    if not settings.worker_concurrency:
        raise LocalError("ARGUS_WORKER_CONCURRENCY is 0: this worker would do nothing. Set it to 1 or more.")
    with _told():
        parts = Parts(settings, Clock())
    try:
        with working(parts):
            asyncio.run(_signalled(on_ready))
    except (DatabaseError, NoSlot) as error:
        raise LocalError(str(error)) from error


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Settings that only turn out to be wrong when they are used: keys, the directory, the database."""
    from gateway.database import DatabaseError
    from gateway.keys import KeysError
    from gateway.reports.signature import SignatureError
    from gateway.sites import SitesError
    from gateway.upstream.login import DirectoryError

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


def issue_token(key: str | Path, audience: str, subject: str, life_s: int, now: dt.datetime | None = None) -> str:
    """A token for one API, valid from `now` on; `key` is a secret or a folder of keys. Raises LocalError."""
    from gateway.auth import Tokens
    from gateway.keys import Keys, KeysError

    try:
        keys = Keys.of_folder(key) if isinstance(key, Path) else Keys.shared(key.encode())
    except KeysError as error:
        raise LocalError(f"ARGUS_TOKEN_KEY{'S' if isinstance(key, Path) else ''}: {error}.") from error
    return Tokens(keys, lambda: now or dt.datetime.now(dt.UTC)).issue(subject, audience, life_s)


def _read() -> Settings:
    from gateway.settings import SettingsError, read

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
