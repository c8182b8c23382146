"""argus up, mock, serve and worker: what starts servers here."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

if TYPE_CHECKING:
    from argus_wfm.conformance.launch.servers import Server

Now = Annotated[str, Option(help="Start the clock at this instant, e.g. 2025-07-29T01:30:00Z. Default: real time.")]
Agents = Annotated[int, Option(min=1, max=200_000, help="People employed in July 2025.")]
Seed = Annotated[int, Option(min=1, help="Another seed, other people.")]
JsonLine = Annotated[bool, Option("--json", help="One JSON line for machines instead of a table.")]
Faults = Annotated[
    list[str] | None, Option("--fault", help="What goes wrong with a mock (repeatable); argus faults explains.")
]
OktellPort = Annotated[int, Option(min=0, max=65535, help="Port of the mock Oktell; 0 takes a free one.")]
OktellSpeed = Annotated[
    float, Option(min=0, max=100_000, help="How fast Oktell's day goes: 60 is a minute a second, 0 stands still.")
]
OktellAgents = Annotated[int, Option(min=1, max=20_000, help="People of the cast who work in Oktell.")]
SitesPort = Annotated[int, Option(min=0, max=65535, help="Port of the mock sites; 0 takes a free one.")]
SitesBeat = Annotated[
    float, Option(min=0, max=86_400, help="Seconds between what sites pull, clock and push of themselves; 0 is never.")
]
LdapPort = Annotated[int, Option(min=0, max=65535, help="Port of the mock directory; 0 takes a free one.")]
LdapsPort = Annotated[
    int | None, Option(min=0, max=65535, help="Port of its LDAPS, 0 for a free one; none when left out.")
]
Calendar = Annotated[Path | None, Option(help="JSON file with production calendars of further years.")]


def up(
    port: Annotated[int, Option(min=0, max=65535, help="Port of the gateway; 0 takes a free one.")] = 8090,
    zup_port: Annotated[int, Option(min=0, max=65535, help="Port of the mock 1C ZUP; 0 takes a free one.")] = 8091,
    oktell_port: OktellPort = 8092,
    oktell_speed: OktellSpeed = 1,
    oktell_agents: OktellAgents = 50,
    sites_port: SitesPort = 8093,
    sites_beat: SitesBeat = 900,
    ldap_port: LdapPort = 8389,
    ldaps_port: LdapsPort = None,
    now: Now = "",
    agents: Agents = 513,
    seed: Seed = 1,
    calendar: Calendar = None,
    fault: Faults = None,
    database: Annotated[
        str,
        Option(
            help="Keep operations and employees in this database (sqlite:///file or postgresql://…); "
            "forgotten at the end when left out."
        ),
    ] = "",
    controls: Annotated[
        bool, Option("--controls/--no-controls", help="Without them it is as a host of others: no faults, no clock.")
    ] = True,
    as_json: JsonLine = False,
    live: Annotated[str, Option(hidden=True)] = "",
    until_stdin_ends: Annotated[bool, Option("--until-stdin-ends", hidden=True)] = False,
) -> None:
    """Start gateway and mocks in one process; prints URLs and development credentials, then "ready"."""
    from argus_wfm.conformance.launch import gateway
    from argus_wfm.conformance.launch.servers import LaunchOptions

    options = LaunchOptions(
        gateway_port=port,
        zup_port=zup_port,
        oktell_port=oktell_port,
        oktell_speed=oktell_speed,
        oktell_agents=oktell_agents,
        sites_port=sites_port,
        sites_beat_s=sites_beat,
        ldap_port=ldap_port,
        ldaps_port=ldaps_port,
        now=instant(now),
        seed=seed,
        agents=agents,
        calendar=calendar,
        faults=tuple(fault or ()),
        database_url=database,
        controls=controls,
        live=live,
    )
    if until_stdin_ends:
        from argus_wfm.conformance.launch.process import end_with_stdin

        end_with_stdin()
    _serve(gateway.up(options), as_json, clock=_clock(now))


def mock(
    name: Annotated[str, typer.Argument(help="zup, oktell, sites, ldap, or all.")] = "all",
    port: Annotated[
        int | None, Option(min=0, max=65535, help="Port of the mock, of all that of 1C (8091); 0 takes a free one.")
    ] = None,
    oktell_port: OktellPort = 8092,
    oktell_speed: OktellSpeed = 1,
    oktell_agents: OktellAgents = 50,
    sites_port: SitesPort = 8093,
    sites_beat: SitesBeat = 900,
    ldap_port: LdapPort = 8389,
    ldaps_port: LdapsPort = None,
    gateway: Annotated[
        str,
        Option(
            help="Gateway that Oktell posts to, with the token in ARGUS_TOKEN, and sites and 1C with that in "
            "ARGUS_OPERATIONS_TOKEN; none when left out."
        ),
    ] = "",
    now: Now = "",
    agents: Agents = 513,
    seed: Seed = 1,
    calendar: Calendar = None,
    fault: Faults = None,
    as_json: JsonLine = False,
) -> None:
    """Start the mocks alone: 1C ZUP, Oktell, the sites, the directory."""
    from argus_wfm.conformance.errors import LocalError
    from argus_wfm.conformance.launch import mocks
    from argus_wfm.conformance.launch.servers import ZUP_PORT, LaunchOptions

    starts = {
        "zup": lambda told: [mocks.zup(told)],
        "oktell": lambda told: [mocks.oktell(told)],
        "sites": lambda told: [mocks.sites(told)],
        "ldap": lambda told: [mocks.ldap(told)],
        "all": mocks.mocks,
    }
    if name not in starts:
        raise LocalError(f"There is no mock {name}; there are: {', '.join(starts)}.")
    options = LaunchOptions(
        zup_port=ZUP_PORT if port is None else port,
        oktell_port=oktell_port if port is None or name == "all" else port,
        oktell_speed=oktell_speed,
        oktell_agents=oktell_agents,
        sites_port=sites_port if port is None or name == "all" else port,
        sites_beat_s=sites_beat,
        ldap_port=ldap_port if port is None or name == "all" else port,
        ldaps_port=ldaps_port,
        gateway_url=gateway,
        now=instant(now),
        seed=seed,
        agents=agents,
        calendar=calendar,
        faults=tuple(fault or ()),
    )
    _serve(starts[name](options), as_json, clock=_clock(now))


def serve(as_json: JsonLine = False) -> None:
    """Start the gateway alone, with a real 1C ZUP behind it; settings are ARGUS_* or .env."""
    from argus_wfm.conformance.launch import gateway

    _serve([gateway.gateway()], as_json, credentials=False)


def worker(as_json: JsonLine = False) -> None:
    """Start one more worker on the queue's database, without a web server; settings as for serve."""
    from argus_wfm.conformance.launch import gateway

    gateway.worker(lambda: print(json.dumps({"ready": {}}) if as_json else "ready", flush=True))


def instant(text: str) -> dt.datetime | None:
    """Of --now; None for real time. Raises LocalError."""
    from argus_wfm.conformance.errors import LocalError

    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise LocalError(f"--now {text} is no instant; write it as 2025-07-29T01:30:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _key(server: Server) -> str:
    """Of a party in JSON; 1C ZUP is "zup"."""
    return server.name.split()[-1].lower()


def _clock(now: str) -> str:
    return f"runs on from {now}" if now else "real time"


def _serve(servers: list[Server], as_json: bool, *, clock: str = "real time", credentials: bool = True) -> None:
    from argus_wfm.conformance.launch import gateway
    from argus_wfm.conformance.target.profile import DEVELOPMENT

    if credentials:  # of development; `argus serve` has a setting
        gateway.log_to_stderr("WARNING")

    def ready() -> None:
        if as_json:
            urls = {_key(server): server.url for server in servers}
            controls = {_key(server): server.controls for server in servers if server.controls}
            secrets = {_key(server): server.credentials for server in servers if server.credentials}
            told = {"ready": urls, "controls": controls, **({"credentials": secrets} if secrets else {})}
            print(json.dumps(told), flush=True)
            return
        from argus_wfm.conformance.cli.tables import servers_table

        servers_table(
            [(server.name, server.page or f"{server.url}/services/personnel", server.controls) for server in servers],
            DEVELOPMENT if credentials and not all(server.page for server in servers) else None,
            clock,
            {server.name: server.credentials for server in servers if server.credentials},
        )
        print("ready", flush=True)

    gateway.serve(servers, ready)
    sys.stdout.flush()


COMMANDS = (
    (up, "argus up   |   argus up --now 2025-07-29T01:30:00Z   |   argus up --agents 5000 --port 9000"),
    (
        mock,
        "argus mock   |   argus mock zup --agents 2000 --seed 7   |   argus mock zup --fault hang,times=3   |   "
        "argus mock ldap --fault hang,operation=bind   |   "
        "ARGUS_TOKEN=… argus mock oktell --gateway http://argus.example:8090 --oktell-speed 60",
    ),
    (serve, "ARGUS_ZUP_URL=http://zup.example/hs/personnel ARGUS_ZUP_USER=… ARGUS_ZUP_PASSWORD=… argus serve"),
    (worker, "ARGUS_DATABASE_URL=postgresql://argus@db/argus ARGUS_ZUP_URL=… argus worker"),
)  # with what their help ends with
