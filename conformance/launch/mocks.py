"""The outside world on this machine: the mocks, each as a party of its own, for `argus up` and `argus mock`."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from argus_wfm.conformance.errors import LocalError
from argus_wfm.conformance.launch.servers import HOST, LaunchOptions, Server
from argus_wfm.conformance.launch.tokens import accepting, operations_token, token_for
from argus_wfm.conformance.target.profile import DEVELOPMENT
from argus_wfm.openapi import load
from argus_wfm.openapi.server import address, bind

if TYPE_CHECKING:
    from argus_wfm.conformance.model.exchange import Exchange
    from argus_wfm.mocks.faults.models import Fault, Struck
    from argus_wfm.mocks.faults.parser import Explained
    from argus_wfm.mocks.zup.host import Ask


def mocks(options: LaunchOptions) -> list[Server]:
    """Every mock; each of the faults goes to whom it is one of. Raises PortTaken, LocalError."""
    from argus_wfm.mocks.faults.parser import operation, struck
    from argus_wfm.mocks.ldap.app import OPERATIONS
    from argus_wfm.mocks.sites.sites import OPERATIONS as SITE_OPERATIONS

    of_messages = tuple(text for text in options.faults if struck(text) == "messages")
    of_ldap = tuple(text for text in options.faults if operation(text) in OPERATIONS)
    others = tuple(text for text in options.faults if text not in of_messages + of_ldap)
    of_sites = tuple(text for text in of_messages if operation(text) in SITE_OPERATIONS)
    of_oktell = tuple(text for text in of_messages if text not in of_sites)
    started: list[Server] = []
    try:
        for start, faults in ((zup, others), (oktell, of_oktell), (sites, of_sites), (ldap, of_ldap)):
            started.append(start(replace(options, faults=faults)))
    except Exception:
        for server in started:
            server.bound.close()
        raise
    return started


def zup(options: LaunchOptions) -> Server:
    """The mock 1C alone, with controls and a relay. Raises PortTaken, LocalError for a wrong calendar or fault."""
    from argus_wfm.mocks.clock import Clock
    from argus_wfm.mocks.faults.relay import Relay
    from argus_wfm.mocks.zup.app import zup as build
    from argus_wfm.mocks.zup.calendar import Calendar

    operations = frozenset(load("personnel").operations)
    try:
        calendar = Calendar.from_file(options.calendar) if options.calendar else Calendar()
    except ValueError as error:
        raise LocalError(str(error)) from error
    faults = [_fault(text, operations) for text in options.faults]
    clock = Clock(options.now)
    token = operations_token(options.gateway_url, "zup", clock.now)
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
    return Server("1C ZUP", url, app, bound, options.controls_at(address(bound)))


def _live(text: str) -> Ask:
    """Reads from a third-party host under the judge's safety limits; raises NoAnswer for what is not sent."""
    from argus_wfm.conformance.checks.contract import judge
    from argus_wfm.conformance.errors import CouldNotTest, HeldBack
    from argus_wfm.conformance.model.findings import Departure
    from argus_wfm.conformance.target import Target, TargetConfig
    from argus_wfm.mocks.zup.host import HostResponse, NoAnswer

    target = Target(TargetConfig.from_dict(json.loads(text)))
    target.guard.by = "gateway-on-live"

    def departs(exchange: Exchange) -> str:
        errors = (finding for finding in judge(exchange) if finding.severity == "error")
        return next((f"{finding.where}: {finding.message}" for finding in errors), "")

    def ask(method: str, path: str, body: bytes) -> HostResponse:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            exchange = target.personnel.ask(method, path, data=body or None, headers=headers)
        except Departure as error:
            raise NoAnswer(f"{error.finding.operation} of the host: {error.finding.message}") from error
        except (CouldNotTest, HeldBack) as error:
            raise NoAnswer(str(error)) from error
        media_type = exchange.headers.get("content-type", "")
        return HostResponse(exchange.status, media_type, exchange.body, functools.cache(lambda: departs(exchange)))

    return ask


def ldap(options: LaunchOptions) -> Server:
    """The mock directory alone, with controls and a relay. Raises PortTaken, LocalError for a wrong fault."""
    from argus_wfm.mocks.clock import Clock
    from argus_wfm.mocks.faults.tcp import KINDS
    from argus_wfm.mocks.ldap.app import CREDENTIALS, OPERATIONS
    from argus_wfm.mocks.ldap.app import ldap as build

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
    return Server("LDAP", url, app, bound, options.controls_at(controls), f"{url}/{told['base']}", told)


def oktell(options: LaunchOptions) -> Server:
    """The mock Oktell alone, with controls. Raises PortTaken, LocalError for a wrong fault or no token."""
    from argus_wfm.mocks.clock import Clock
    from argus_wfm.mocks.oktell.app import OPERATIONS
    from argus_wfm.mocks.oktell.app import oktell as build
    from argus_wfm.openapi.stream import load_stream

    faults = [_fault(text, OPERATIONS, "messages") for text in options.faults]
    clock = Clock(options.now)
    token = token_for(options.gateway_url, clock.now) if options.gateway_url else ""
    bound = bind(HOST, options.oktell_port)
    url = address(bound)
    app = build(
        seed=options.seed,
        agents=min(options.agents, options.oktell_agents),
        clock=clock,
        speed=options.oktell_speed,
        gateway=options.gateway_url,
        token=token,
        accepts=accepting(clock.now),
        with_controls=options.controls,
        faults=faults,
    )
    return Server(
        "Oktell", url, app, bound, options.controls_at(url), url.replace("http", "ws", 1) + load_stream().address
    )


def sites(options: LaunchOptions) -> Server:
    """The mock sites alone, all in one, with controls. Raises PortTaken, LocalError for a wrong fault or no token."""
    from argus_wfm.mocks.clock import Clock
    from argus_wfm.mocks.sites.app import sites as build
    from argus_wfm.mocks.sites.sites import KINDS, OPERATIONS

    faults = [_fault(text, OPERATIONS, "messages", KINDS) for text in options.faults]
    clock = Clock(options.now)
    token = operations_token(options.gateway_url, "sites", clock.now)
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
    return Server(
        "sites", url, app, bound, options.controls_at(url), f"{url}/_control/state" if options.controls else url
    )


def _fault(
    text: str, operations: frozenset[str], strikes: Struck = "replies", only: frozenset[str] | None = None
) -> Fault:
    from argus_wfm.mocks.faults.parser import FaultError, from_text

    try:
        return from_text(text, operations, strikes, only)
    except FaultError as error:
        raise LocalError(f"--fault {text}: {error}. argus faults explains them.") from error


def explained_faults() -> tuple[list[Explained], list[tuple[str, str, str]], list[str]]:
    """(kinds with their members, members that all have, examples), for `argus faults`."""
    from argus_wfm.mocks.faults.parser import EXAMPLES, catalogue, common

    return list(catalogue()), common(), [text for texts in EXAMPLES.values() for text in texts]
