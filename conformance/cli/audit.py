"""`argus audit`: the audit trail of a running gateway."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.cli.gateway_client import GatewayClient, checked_id
from argus_wfm.conformance.cli.options import LARGEST, LOCAL_URL, AsJson, Direction, Limit, Since, Until, Url, instant
from argus_wfm.conformance.cli.queue_views import print_json, say_more
from argus_wfm.conformance.errors import RemoteError
from argus_wfm.json_type import Json

HEADINGS = (
    "time",
    "direction",
    "system",
    "principal",
    "operation",
    "status",
    "error",
    "ms",
    "retries",
    "request id",
)  # fmt: skip
LONGEST = 64  # characters of a request id
RANKS = {"inbound": 0, "outbound": 1, "queue": 2}

audit = typer.Typer(
    name="audit",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The audit trail of a running gateway: every call in and out, and what became of the queue's operations.",
    epilog="Exit codes: 0 done, 2 could not.",
)


@audit.command(
    epilog="argus audit search --failed --since 2025-07-29   |   argus audit search --direction outbound --limit 200   "
    "|   argus audit search --operation-ref op-4e1bcae924e537dd"
)
def search(
    since: Since = "",
    until: Until = "",
    direction: Annotated[Direction | None, Option(help="Calls in, calls out, or ends of operations.")] = None,
    principal: Annotated[str | None, Option(help="Of this user or system.")] = None,
    operation: Annotated[str | None, Option(help="An operationId (getAgents) or a kind (personnel_sync).")] = None,
    request_id: Annotated[str | None, Option(help="Every hop of one request.")] = None,
    operation_ref: Annotated[str | None, Option(help="Every hop of one operation of the queue, by its id.")] = None,
    failed: Annotated[bool | None, Option("--failed/--ok", help="Only failures, or only successes.")] = None,
    limit: Limit = 50,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Search the audit trail, the newest first."""
    pages = GatewayClient(url).pages(
        "/audit",
        limit,
        since=instant("--since", since),
        until=instant("--until", until),
        direction=direction,
        principal=principal,
        operation=operation,
        request_id=request_id,
        operation_ref=operation_ref and checked_id(operation_ref),
        failed=failed,
    )
    page = pages.whole()
    if as_json:
        output.machine(page)
        return
    output.rows(HEADINGS, map(_line, page["items"]), empty="There is no such record.")
    say_more(page)


@audit.command(epilog="argus audit show e6f3c5626edb49d2ba0eaadb0cde5c29   |   argus audit show REQUEST_ID --json")
def show(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST_ID", help="X-Request-Id, as the reply had it.")],
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Show every hop of one request in order of time, with payloads and errors."""
    if not 0 < len(request_id) <= LONGEST:
        raise RemoteError(f"A request id has 1 to {LONGEST} characters; argus audit search shows them.")
    page = GatewayClient(url).pages("/audit", LARGEST, request_id=request_id).whole()
    hops = sorted(page["items"], key=_order)
    if not hops:
        raise RemoteError(f"There is no record of request {request_id}; argus audit search lists requests.")
    if as_json:
        output.machine({**page, "items": hops})
        return
    for number, hop in enumerate(hops):
        if number:
            print()
        _show(hop)


def _line(record: Json) -> list[Json]:
    members = ("requested_at", "direction", "system", "principal", "operation", "status")
    last = ("duration_ms", "retries", "request_id")
    return [*map(record.get, members), (record["error"] or {}).get("code"), *map(record.get, last)]


def _order(record: Json) -> tuple[str, int, int]:
    """By time, whose records have whole seconds: calls in are before what they brought about."""
    moment = record["responded_at" if record["direction"] == "queue" else "requested_at"]
    return moment, RANKS.get(record["direction"], len(RANKS)), record["id"]


def _show(hop: Json) -> None:
    called = " ".join(filter(None, (hop["method"], hop["path"])))
    output.facts(
        [
            ("time", f"{hop['requested_at']} … {hop['responded_at']}, {hop['duration_ms']:g} ms"),
            ("direction", f"{hop['direction']}: {hop['system']}"),
            ("operation", hop["operation"]),
            ("call", called or None),
            ("principal", hop["principal"]),
            ("status", hop["status"]),
            ("retries", hop["retries"]),
            ("of", hop["operation_ref"]),
            ("warning", hop["warning"]),
        ]
    )
    if error := hop["error"]:
        output.facts([("error", f"{error['code']}: {error['message']}"), ("field", error.get("field"))])
        output.facts([("last error", error.get("last_error"))])
    if hop["payload"] is not None:
        output.text("payload")
        print_json(hop["payload"])
