"""`argus queue`: operations, dead letters and personnel syncs of a running gateway."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.cli.gateway_client import GatewayClient, checked_id, operation
from argus_wfm.conformance.cli.options import (
    LOCAL_URL,
    AsJson,
    Id,
    Limit,
    OfKind,
    OperationKind,
    OperationStatus,
    Output,
    Since,
    Until,
    Url,
    instant,
)
from argus_wfm.conformance.cli.progress import COMPLETED, done, eta, until_over
from argus_wfm.conformance.cli.queue_views import print_json, say_more, show_operation, show_queue
from argus_wfm.conformance.errors import RemoteError
from argus_wfm.json_type import Json

FAILED = 1
WITHOUT_PAYLOAD = (OperationKind.SYNC,)
Wait = Annotated[bool, Option("--wait", help="Until it is over; exit code 1 unless it is completed.")]

queue = typer.Typer(
    name="queue",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Operations of a running gateway: what is queued, retried or given up.",
    epilog="Exit codes: 0 done, 1 what was waited for failed, 2 could not.",
)


@queue.command(epilog="argus queue status   |   argus queue status --url https://argus.example --json")
def status(url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Count the operations; say what is due, and who works."""
    _show_queue(GatewayClient(url).get("/queue"), as_json)


@queue.command(
    "list", epilog="argus queue list   |   argus queue list --status waiting --kind schedule_upload --limit 200"
)
def list_(
    of_status: Annotated[OperationStatus | None, Option("--status", help="In this state alone.")] = None,
    kind: OfKind = None,
    since: Since = "",
    limit: Limit = 50,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """List operations, the newest first."""
    page = (
        GatewayClient(url)
        .pages("/operations", limit, status=of_status, kind=kind, since=instant("--since", since))
        .whole()
    )
    if as_json:
        output.machine(page)
        return

    headings = ("id", "kind", "status", "retries", "progress", "submitted", "due", "finished", "reason")
    members = ("submitted_at", "due_at", "finished_at", "reason")
    lines = [
        [one["id"], one["kind"], one["status"], one["attempt"], done(one["progress"]), *map(one.get, members)]
        for one in page["items"]
    ]
    output.rows(headings, lines, empty="There is no such operation.")
    say_more(page)


@queue.command(epilog="argus queue show op-4e1bcae924e537dd")
def show(operation_id: Id, url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Show one operation: its attempts, why it waits or was given up, and what it brought."""
    _show(GatewayClient(url).get(operation(operation_id)), as_json)


@queue.command(
    epilog="argus queue submit personnel_sync --wait   |   argus queue submit schedule_upload --file august.json"
)
def submit(
    kind: Annotated[
        OperationKind, typer.Argument(metavar="KIND", help=f"One of {', '.join(OperationKind)}.", show_default=False)
    ],
    file: Annotated[str, Option(help="JSON of what to do; - reads stdin. personnel_sync needs none.")] = "",
    key: Annotated[str | None, Option(help="Idempotency-Key: the same key and payload are one operation.")] = None,
    wait: Wait = False,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Queue an operation, and with --wait see it through."""
    if not file and kind not in WITHOUT_PAYLOAD:
        raise RemoteError(
            f"{kind} needs --file payload.json, or --file - for stdin; /api/integration/ui/ has examples."
        )
    remote = GatewayClient(url)
    submitted = remote.post(f"/operations/{kind}", _payload(file), key=key)
    if not wait:
        _show(submitted, as_json)
        return
    _see_through(remote, submitted["id"], as_json)


@queue.command(epilog="argus queue wait op-4e1bcae924e537dd && echo done")
def wait(operation_id: Id, url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Wait until an operation is over; exit code 1 unless it is completed."""
    _see_through(GatewayClient(url), operation_id, as_json)


@queue.command(epilog="argus queue result op-4e1bcae924e537dd --output staff.csv")
def result(operation_id: Id, path: Output = None, url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Print or save what an operation brought: JSON of its rows, or its file."""
    media_type, content = GatewayClient(url).read(f"{operation(operation_id)}/result")
    if path:
        try:
            path.write_bytes(content)
        except OSError as error:
            raise RemoteError(f"Cannot write {path}: {error.strerror}.") from error
        told = {"file": str(path), "media_type": media_type, "bytes": len(content)}
        output.machine(told) if as_json else output.text(f"{path}: {len(content)} bytes of {media_type}")
    elif media_type == "application/json":
        output.machine(json.loads(content)) if as_json else print_json(json.loads(content))
    elif as_json:
        raise RemoteError(f"The result is a file ({media_type}), no JSON; give --output FILE.")
    elif sys.stdout.isatty():
        output.text(content.decode("utf-8-sig", "replace"))
    else:
        sys.stdout.buffer.write(content)


@queue.command(epilog="argus queue cancel op-4e1bcae924e537dd")
def cancel(operation_id: Id, url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Cancel an operation; one that runs stops before its next batch."""
    _show(GatewayClient(url).post(f"{operation(operation_id)}/cancel"), as_json)


@queue.command("retry-now", epilog="argus queue retry-now op-4e1bcae924e537dd")
def retry_now(operation_id: Id, url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Let an operation wait no longer; its count of retries goes on."""
    _show(GatewayClient(url).post(f"{operation(operation_id)}/retry-now"), as_json)


@queue.command(epilog="argus queue dead   |   argus queue dead --kind schedule_upload --since 2025-07-29")
def dead(
    kind: OfKind = None,
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """List dead letters: operations that were given up, and why."""
    between = {"since": instant("--since", since), "until": instant("--until", until)}
    page = GatewayClient(url).pages("/dead-letters", limit, kind=kind, **between).whole()
    if as_json:
        output.machine(page)
        return
    lines = []
    for one in page["items"]:
        error = one["error"] or {}
        last_error = error.get("details", {}).get("last_error")
        head = (one["id"], one["kind"], one["finished_at"], len(one["attempts"]))
        lines.append([*head, error.get("code"), last_error, one["reason"]])
    headings = ("id", "kind", "given up", "attempts", "code", "last error", "reason")
    output.rows(headings, lines, empty="There are no dead letters.")
    say_more(page)


@queue.command(
    epilog="argus queue redrive op-4e1bcae924e537dd   |   argus queue redrive --kind schedule_upload --dry-run   |   "
    "argus queue redrive --all"
)
def redrive(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Of dead letters.", show_default=False)] = None,
    kind: OfKind = None,
    since: Since = "",
    until: Until = "",
    all_: Annotated[bool, Option("--all", help="Every dead letter.")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Only count them.")] = False,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Try dead letters again, each with a fresh count of attempts; exit code 1 when an ID is none."""
    chosen = sorted({checked_id(one) for one in ids or ()})
    given = {"ids": chosen, "kind": kind, "since": instant("--since", since), "until": instant("--until", until)}
    body = {name: value for name, value in given.items() if value}
    if not body and not all_:
        raise RemoteError("Say which: IDs, --kind, --since, --until, or --all.")
    remote = GatewayClient(url)
    if list(body) == ["ids"] and len(chosen) == 1 and not dry_run:
        _show(remote.post(f"/dead-letters/{chosen[0]}/redrive"), as_json)
        return
    told = remote.post("/dead-letters/redrive", {**body, "dry_run": dry_run})
    output.machine(told) if as_json else print(told["count"] if dry_run else f"redriven  {told['count']}")
    if list(body) == ["ids"] and told["count"] < len(chosen) and not dry_run:
        typer.echo(f"argus: {len(chosen) - told['count']} of {len(chosen)} are no dead letters", err=True)
        raise typer.Exit(FAILED)


@queue.command(epilog="argus queue pause && argus queue status")
def pause(url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Start nothing more; what runs goes on, submissions wait."""
    _show_queue(GatewayClient(url).post("/queue/pause"), as_json)


@queue.command(epilog="argus queue resume")
def resume(url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """Go on after a pause."""
    _show_queue(GatewayClient(url).post("/queue/resume"), as_json)


@queue.command(epilog="argus queue syncs   |   argus queue syncs --limit 5 --json")
def syncs(limit: Limit = 20, url: Url = LOCAL_URL, as_json: AsJson = False) -> None:
    """List personnel syncs, the newest first: what changed, how far they are, and how long they will take."""
    page = GatewayClient(url).pages("/sync-runs", limit).whole()
    if as_json:
        output.machine(page)
        return
    counts = ("created", "updated", "deactivated", "unchanged", "rejected")
    lines = [
        [
            *map(one.get, ("operation_id", "status", "day", "started_at", "finished_at", "total", *counts)),
            done(one["progress"]),
            eta(one["progress"]),
        ]
        for one in page["items"]
    ]
    headings = ("id", "status", "day", "started", "finished", "in 1C", *counts, "progress", "left")
    output.rows(headings, lines, empty="There has been no personnel sync.")
    say_more(page)


@queue.command(epilog="argus queue schedule   |   argus queue schedule --since 2025-07-01 --count 12")
def schedule(
    since: Since = "",
    count: Annotated[int, Option(min=1, max=100, help="How many.")] = 5,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Show when the personnel sync runs by itself, and when it has last."""
    told = GatewayClient(url).get("/schedule", since=instant("--since", since), count=count)
    if as_json:
        output.machine(told)
        return
    latest = told["latest"] or {}
    output.facts(
        [("schedule", told["schedule"]), ("latest", latest.get("at", "")), ("operation", latest.get("operation_id"))]
    )
    print()
    lines = [[run["at"], run["local_time"]] for run in told["runs"]]
    output.rows(("next, UTC", told["zone"]), lines, empty="It is off: the sync runs when somebody submits it.")


def _show(one: Json, as_json: bool) -> None:
    output.machine(one) if as_json else show_operation(one)


def _show_queue(told: Json, as_json: bool) -> None:
    output.machine(told) if as_json else show_queue(told)


def _see_through(remote: GatewayClient, operation_id: str, as_json: bool) -> None:
    over = until_over(remote, operation_id)
    _show(over, as_json)
    if over["status"] != COMPLETED:
        raise typer.Exit(FAILED)


def _payload(file: str) -> Json:
    """Raises RemoteError for what is no JSON."""
    if not file:
        return {}
    name = "stdin" if file == "-" else file
    try:
        return json.loads(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise RemoteError(f"{name}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise RemoteError(f"{name} is not JSON: {error}.") from error
