"""`argus sites`: what time it is at the sites of a running gateway, and whether what they told adds up."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.cli.gateway_client import GatewayClient
from argus_wfm.conformance.cli.options import LOCAL_URL, AsJson, Url, instant
from argus_wfm.json_type import Json

AMISS = 1

sites = typer.Typer(
    name="sites",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sites of a running gateway: their time, and whether what they told adds up.",
    epilog="Exit codes: 0 in order, 1 something is amiss, 2 could not.",
)
KINDS = {
    "on_two_sites": "on two sites",
    "overlaps": "shifts that overlap",
    "missing": "left out by a site",
    "late": "late",
    "unknown_employees": "of unknown employees",
    "refused": "refused by 1C",
}


@sites.command("list", epilog="argus sites list   |   argus sites list --at 2025-08-01T06:00:00Z")
def list_(
    at: Annotated[str, Option(help="The instant whose local times are shown; now when left out.")] = "",
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """List the sites, and what time it is at each."""
    told = GatewayClient(url).get("/sites", at=instant("--at", at))
    if as_json:
        output.machine(told)
        return
    lines = [
        [one["id"], one["name"], one["zone"], one["local_time"], one["abbreviation"], len(one["departments"])]
        for one in told["items"]
    ]
    output.rows(("id", "name", "zone", "local time", "zone's name", "departments"), lines, empty="There are no sites.")


@sites.command(epilog="argus sites check   |   argus sites check --period 2025-08 --json")
def check(
    period: Annotated[str, Option(help="The month, e.g. 2025-08; the current one when left out.")] = "",
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Check across the sites: counts, overlaps, what is late, missing or of nobody; exit code 1 when something is."""
    told = GatewayClient(url).get("/consistency", period=period or None)
    output.machine(told) if as_json else _show(told)
    if not told["consistent"]:
        raise typer.Exit(AMISS)


def _show(told: Json) -> None:
    counts = told["employees"]
    added = f"{counts['central']} in Central, {counts['sites']} at sites, {counts['unassigned']} of no site"
    output.facts([("period", told["period"]), ("in order", told["consistent"]), ("employees", added)])
    print()
    members = ("id", "employees", "actuals", "repeats", "transferred", "last_received_at")
    headings = ("site", "employees", "shifts", "repeats", "in 1C", "last told")
    output.rows(headings, [[one[name] for name in members] for one in told["sites"]], empty="There are no sites.")
    print()
    lines = [[words, one] for name, words in KINDS.items() for one in told[name]["items"]]
    output.rows(("amiss", "what"), lines, empty="Nothing is amiss.")
    for name, words in KINDS.items():
        if told[name]["count"] > len(told[name]["items"]):
            output.note(f"{words}: {told[name]['count']} in all")
