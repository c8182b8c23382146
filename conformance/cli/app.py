"""The command line. Heavy imports stay inside the commands, so that --help is quick."""

from __future__ import annotations

import json
import os
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from argus_wfm.conformance.cli.audit import audit
from argus_wfm.conformance.cli.export import EXAMPLES as exporting
from argus_wfm.conformance.cli.export import export
from argus_wfm.conformance.cli.queue import queue
from argus_wfm.conformance.cli.servers import COMMANDS, JsonLine, instant
from argus_wfm.conformance.cli.sites import sites
from argus_wfm.conformance.cli.verify import EXAMPLES as verifying
from argus_wfm.conformance.cli.verify import verify

PASSED, COULD_NOT_RUN, INTERRUPTED = 0, 2, 130

app = typer.Typer(
    name="argus",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Mocks and a conformance judge for the integration APIs of Argus WFM.",
    epilog="Exit codes: 0 all passed, 1 findings, 2 could not run, 130 and 143 interrupted.",
)

for starting, examples in COMMANDS:
    app.command(epilog=examples)(starting)
app.command(epilog=exporting)(export)
app.command(epilog=verifying)(verify)
app.add_typer(queue, name="queue")
app.add_typer(audit, name="audit")
app.add_typer(sites, name="sites")


@app.command(epilog="ARGUS_TOKEN_KEY=… argus token   |   argus token --development --subject argus --life 600")
def token(
    audience: Annotated[str, Option(help="The API that it is for.")] = "argus",
    subject: Annotated[str, Option(help="Who presents it.")] = "argus",
    life: Annotated[int, Option(min=1, max=31_536_000, help="Seconds that it is valid.")] = 3600,
    development: Annotated[bool, Option("--development", help="Sign with the key of argus up.")] = False,
    now: Annotated[str, Option(help="Valid from this instant on. Default: real time.")] = "",
) -> None:
    """Print a token for the gateway's APIs, signed with ARGUS_TOKEN_KEY, or with the last of ARGUS_TOKEN_KEYS."""
    from argus_wfm.conformance.errors import LocalError
    from argus_wfm.conformance.launch.tokens import issue_token
    from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY

    secret, folder = os.environ.get("ARGUS_TOKEN_KEY", ""), os.environ.get("ARGUS_TOKEN_KEYS", "")
    if secret and folder and not development:
        raise LocalError("ARGUS_TOKEN_KEY and ARGUS_TOKEN_KEYS are two ways of signing; set one.")
    key = DEVELOPMENT_KEY if development else secret or (Path(folder) if folder else "")
    if not key:
        raise LocalError(
            "Set ARGUS_TOKEN_KEY to the gateway's key, or ARGUS_TOKEN_KEYS to its folder of keys, "
            "or give --development for argus up."
        )
    typer.echo(issue_token(key, audience, subject, life, instant(now)))


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
    only: Annotated[str, Option(help="Contracts to judge: personnel, mce, sso, export, several by a comma.")] = "",
    scenario: Annotated[list[str] | None, Option(help="This scenario alone (repeatable), or none.")] = None,
    failed: Annotated[bool, Option("--failed", help="Only what did not pass in the last report.")] = False,
    tags: Annotated[str, Option(help="Only scenarios with this tag, e.g. @read.")] = "",
    max_time: Annotated[float, Option(min=0, help="Seconds for generated tests; 0 leaves them out.")] = 30,
    seed: Annotated[int, Option(min=0, help="Seed of the generated tests.")] = 1,
    report: Annotated[Path, Option(help="Folder for index.html, report.json, junit.xml and sarif.json.")] = Path(
        "argus-report"
    ),
    baseline: Annotated[
        Path | None, Option(help="Accepted findings (TOML or JSON: fingerprint, code, reason, expires).")
    ] = None,
    write_baseline: Annotated[
        Path | None, Option(help="Write this run's findings here, to be given reasons (TOML).")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print report.json instead of the screen.")] = False,
    workers: Annotated[int, Option(min=1, max=16, help="Processes for scenarios on mocks.")] = 2,
    max_requests: Annotated[
        int | None, Option(min=1, help="Requests that a host of others is sent: 5000, or 300 where it is ailing.")
    ] = None,
    max_failures: Annotated[
        int, Option(min=1, help="Failures (no answer, 5xx) after which it is left alone; 5 in a row do, too.")
    ] = 30,
    max_minutes: Annotated[
        float | None, Option(min=0, help="Minutes until it is sent no more: 10, or 1.5 where it is ailing; 0: no end.")
    ] = None,
) -> None:
    """Judge gateway and mocks, or any host: scenarios, and tests generated from the contract."""
    from argus_wfm.conformance.errors import TargetError
    from argus_wfm.conformance.plan import Plan
    from argus_wfm.conformance.run import run

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
        baseline=baseline,
        write_baseline=write_baseline,
        max_requests=max_requests,
        max_failures=max_failures,
        max_minutes=max_minutes,
    )
    raise typer.Exit(run(plan))


@app.command(epilog="argus target > host.toml   |   argus conform --target host.toml")
def target() -> None:
    """Print a commented profile of a host, to be edited and given to argus conform --target."""
    typer.echo((Path(__file__).parent / "target.example.toml").read_text(encoding="utf-8"), nl=False)


@app.command(epilog="argus faults   |   argus mock zup --fault status,status=503,operation=getNormHours,times=5")
def faults(as_json: JsonLine = False) -> None:
    """List what can go wrong with a mock, and how to say it."""
    from argus_wfm.conformance.cli.tables import faults_table
    from argus_wfm.conformance.launch.mocks import explained_faults

    kinds, common, examples = explained_faults()
    if not as_json:
        faults_table(kinds, common, examples)
        return
    listed = {
        name: {"strikes": strikes, "does": does, "members": dict(members)} for name, strikes, does, members in kinds
    }
    told = {"faults": listed, "common": {name: [default, means] for name, default, means in common}}
    typer.echo(json.dumps({**told, "examples": examples}, ensure_ascii=False))


@app.command(epilog="argus explain RENAMED_MEMBER   |   argus explain")
def explain(code: Annotated[str, typer.Argument(help="A finding's code; all when left out.")] = "") -> None:
    """Say what a finding's code means, what to look at, and an example; without a code, list them all."""
    from argus_wfm.conformance.errors import TargetError
    from argus_wfm.conformance.model.codes import CODES, SEVERITIES, nearest

    name = code.upper().replace("-", "_")
    if not name:
        for each, about in CODES.items():
            typer.echo(f"{each:26} {about.severity:8} {about.means}")
        typer.echo("\n" + "\n".join(f"{level:8} {words}" for level, words in SEVERITIES.items()))
    elif name not in CODES:
        close = ", ".join(nearest(code))
        raise TargetError(
            f"There is no code {code}{f'; did you mean {close}?' if close else '.'} argus explain lists all."
        )
    else:
        about = CODES[name]
        typer.echo(f"{name}  {about.severity}: {SEVERITIES[about.severity]}\n")
        kind = f"\n           a kind of {about.kind}" if about.kind else ""
        typer.echo(f"means      {about.means}{kind}\nlook at    {about.look}\nexample    {about.example}")


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
    """Run the command line, sys.argv's unless given; any failure is one line on stderr and exit code 2.

    A fault of argus is none of the host's: 1 says that something was judged.
    """
    from argus_wfm.conformance.errors import one_line

    try:
        return app(arguments, standalone_mode=False) or PASSED
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("argus: interrupted", err=True)
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("ARGUS_DEBUG"):
            traceback.print_exc()
        typer.echo(f"argus: {one_line(error)}", err=True)
        return COULD_NOT_RUN
