"""The command line. Heavy imports stay inside the commands, so that --help is quick."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from conformance.audit_commands import audit
from conformance.queue_commands import queue

if TYPE_CHECKING:
    from conformance.parties import Party

PASSED, COULD_NOT_RUN, INTERRUPTED = 0, 2, 130

app = typer.Typer(
    name="argus",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Mocks and a conformance judge for the integration APIs of Argus WFM.",
    epilog="Exit codes: 0 all passed, 1 findings, 2 could not run.",
)

app.add_typer(queue, name="queue")
app.add_typer(audit, name="audit")

Now = Annotated[str, Option(help="Start the clock at this instant, e.g. 2025-07-29T01:30:00Z. Default: real time.")]
Agents = Annotated[int, Option(min=1, max=200_000, help="People employed in July 2025.")]
Seed = Annotated[int, Option(min=1, help="Another seed, other people.")]
Json = Annotated[bool, Option("--json", help="One JSON line for machines instead of a table.")]
Faults = Annotated[
    list[str] | None, Option("--fault", help="What goes wrong with 1C (repeatable); argus faults explains.")
]
Calendar = Annotated[Path | None, Option(help="JSON file with production calendars of further years.")]


@app.command(epilog="argus up   |   argus up --now 2025-07-29T01:30:00Z   |   argus up --agents 5000 --port 9000")
def up(
    port: Annotated[int, Option(min=0, max=65535, help="Port of the gateway; 0 takes a free one.")] = 8090,
    zup_port: Annotated[int, Option(min=0, max=65535, help="Port of the mock 1C ZUP; 0 takes a free one.")] = 8091,
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
    as_json: Json = False,
    until_stdin_ends: Annotated[bool, Option("--until-stdin-ends", hidden=True)] = False,
) -> None:
    """Start gateway and mocks in one process; prints URLs and development credentials, then "ready"."""
    from conformance import local
    from conformance.parties import Options

    options = Options(port, zup_port, _instant(now), seed, agents, calendar, tuple(fault or ()), database)
    if until_stdin_ends:
        local.end_with_stdin()
    _serve(local.up(options), as_json, clock=_clock(now))


@app.command(epilog="argus mock   |   argus mock zup --agents 2000 --seed 7   |   argus mock zup --fault hang,times=3")
def mock(
    name: Annotated[str, typer.Argument(help="zup, or all.")] = "all",
    port: Annotated[int, Option(min=0, max=65535, help="Port of the mock; 0 takes a free one.")] = 8091,
    now: Now = "",
    agents: Agents = 513,
    seed: Seed = 1,
    calendar: Calendar = None,
    fault: Faults = None,
    as_json: Json = False,
) -> None:
    """Start the mocks alone: 1C ZUP."""
    from conformance import local
    from conformance.parties import Options

    if name not in ("zup", "all"):
        raise local.LocalError(f"There is no mock {name}; there are: zup, all.")
    options = Options(
        zup_port=port, now=_instant(now), seed=seed, agents=agents, calendar=calendar, faults=tuple(fault or ())
    )
    _serve([local.zup(options)], as_json, clock=_clock(now))


@app.command(epilog="ARGUS_ZUP_URL=http://zup.example/hs/personnel ARGUS_ZUP_USER=… ARGUS_ZUP_PASSWORD=… argus serve")
def serve(as_json: Json = False) -> None:
    """Start the gateway alone, with a real 1C ZUP behind it; settings are ARGUS_* or .env."""
    from conformance import local

    _serve([local.gateway()], as_json, credentials=False)


@app.command(epilog="ARGUS_DATABASE_URL=postgresql://argus@db/argus ARGUS_ZUP_URL=… argus worker")
def worker(as_json: Json = False) -> None:
    """Start one more worker on the queue's database, without a web server; settings as for serve."""
    from conformance import local

    local.worker(lambda: print(json.dumps({"ready": {}}) if as_json else "ready", flush=True))


@app.command(epilog="ARGUS_TOKEN_KEY=… argus token   |   argus token --development --subject argus --life 600")
def token(
    audience: Annotated[str, Option(help="The API that it is for.")] = "argus",
    subject: Annotated[str, Option(help="Who presents it.")] = "argus",
    life: Annotated[int, Option(min=1, max=31_536_000, help="Seconds that it is valid.")] = 3600,
    development: Annotated[bool, Option("--development", help="Sign with the key of argus up.")] = False,
    now: Annotated[str, Option(help="Valid from this instant on. Default: real time.")] = "",
) -> None:
    """Print a token for the gateway's APIs, signed with ARGUS_TOKEN_KEY."""
    from conformance import local
    from conformance.target import DEVELOPMENT_KEY

    key = DEVELOPMENT_KEY if development else os.environ.get("ARGUS_TOKEN_KEY", "")
    if not key:
        raise local.LocalError("Set ARGUS_TOKEN_KEY to the gateway's key, or give --development for argus up.")
    typer.echo(local.issue_token(key, audience, subject, life, _instant(now)))


@app.command(
    epilog="argus conform   |   argus conform --scenario PER-04   |   argus conform --base-url https://argus.example"
)
def conform(
    target: Annotated[str, Option(help="mocks (started here), or a profile.toml.")] = "mocks",
    base_url: Annotated[str, Option(help="Judge this host instead; contract paths are added to it.")] = "",
    allow_writes: Annotated[bool, Option("--allow-writes", help="Let operations that change the host run.")] = False,
    allow_auth_failures: Annotated[
        bool, Option("--allow-auth-failures", help="Try wrong passwords for an account that exists.")
    ] = False,
    only: Annotated[str, Option(help="Contracts to judge, e.g. personnel.")] = "",
    scenario: Annotated[list[str] | None, Option(help="This scenario alone (repeatable), or none.")] = None,
    failed: Annotated[bool, Option("--failed", help="Only what did not pass in the last report.")] = False,
    tags: Annotated[str, Option(help="Only scenarios with this tag, e.g. @read.")] = "",
    max_time: Annotated[float, Option(min=0, help="Seconds for generated tests; 0 leaves them out.")] = 30,
    seed: Annotated[int, Option(min=0, help="Seed of the generated tests.")] = 1,
    report: Annotated[Path, Option(help="Folder for index.html, report.json and junit.xml.")] = Path("argus-report"),
    as_json: Annotated[bool, Option("--json", help="Print report.json instead of the screen.")] = False,
    workers: Annotated[int, Option(min=1, max=16, help="Processes for scenarios on mocks.")] = 2,
) -> None:
    """Judge gateway and mocks, or any host: scenarios, and tests generated from the contract."""
    from conformance.run import Plan, run
    from conformance.target import TargetError

    if base_url and target != "mocks":
        raise TargetError("Give --target or --base-url, not both.")
    plan = Plan(
        target=target,
        base_url=base_url,
        allow_writes=allow_writes,
        allow_auth_failures=allow_auth_failures,
        only=tuple(filter(None, only.split(","))),
        scenarios=tuple(scenario or ()),
        failed=failed,
        tag=tags.removeprefix("@"),
        max_time_s=max_time,
        seed=seed,
        report=report,
        as_json=as_json,
        workers=workers,
    )
    raise typer.Exit(run(plan))


@app.command(epilog="argus faults   |   argus mock zup --fault status,status=503,operation=getNormHours,times=5")
def faults(as_json: Json = False) -> None:
    """List what can go wrong with a mock, and how to say it."""
    from conformance import local
    from conformance.screen import faults_table

    kinds, common, examples = local.explained_faults()
    if not as_json:
        faults_table(kinds, common, examples)
        return
    listed = {name: {"does": does, "members": dict(members)} for name, does, members in kinds}
    told = {"faults": listed, "common": {name: [default, means] for name, default, means in common}}
    typer.echo(json.dumps({**told, "examples": examples}, ensure_ascii=False))


@app.command(epilog="argus explain RENAMED_MEMBER   |   argus explain")
def explain(code: Annotated[str, typer.Argument(help="A finding's code; all when left out.")] = "") -> None:
    """Say what a finding's code means."""
    from conformance.findings import CODES
    from conformance.target import TargetError

    if code and code.upper() not in CODES:
        raise TargetError(f"There is no code {code}; argus explain lists them.")
    for name, words in CODES.items():
        if not code or name == code.upper():
            typer.echo(f"{name:20} {words}")


def _show_version(asked: bool) -> None:
    if asked:
        try:
            typer.echo(f"argus {version('argus-wfm')}")
        except PackageNotFoundError:
            typer.echo("argus (not installed)")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[bool, Option("--version", callback=_show_version, is_eager=True, help="Say it.")] = False,
    debug: Annotated[bool, Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    if debug:
        os.environ["ARGUS_DEBUG"] = "1"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line, sys.argv's unless given; expected failures are one line on stderr and exit code 2."""
    from conformance.failures import EXPECTED

    try:
        return app(arguments, standalone_mode=False) or PASSED
    except EXPECTED as error:
        if os.environ.get("ARGUS_DEBUG"):
            raise
        words = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        typer.echo(f"argus: {' '.join(words.split())}", err=True)
        return COULD_NOT_RUN
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("argus: interrupted", err=True)
        return INTERRUPTED


def _instant(text: str) -> dt.datetime | None:
    from conformance.local import LocalError

    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise LocalError(f"--now {text} is no instant; write it as 2025-07-29T01:30:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _key(party: Party) -> str:
    """Of a party in JSON; 1C ZUP is "zup"."""
    return party.name.split()[-1].lower()


def _clock(now: str) -> str:
    return f"runs on from {now}" if now else "real time"


def _serve(parties: list[Party], as_json: bool, *, clock: str = "real time", credentials: bool = True) -> None:
    from conformance import local
    from conformance.target import DEVELOPMENT

    if credentials:  # of development; `argus serve` has a setting
        local.log_to_stderr("WARNING")

    def ready() -> None:
        if as_json:
            urls = {_key(party): party.url for party in parties}
            controls = {_key(party): party.controls for party in parties if party.controls}
            print(json.dumps({"ready": urls, "controls": controls}), flush=True)
            return
        from conformance.screen import parties_table

        parties_table(
            [(party.name, party.url, party.controls) for party in parties], DEVELOPMENT if credentials else None, clock
        )
        print("ready", flush=True)

    local.serve(parties, ready)
    sys.stdout.flush()
