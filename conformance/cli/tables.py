"""Tables that the command line prints: the servers it started, the faults it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rich.table import Table

from argus_wfm.conformance.report.terminal import console, safe

FAULTY = {"replies": "of 1C ZUP, which answers requests", "messages": "of Oktell, which sends messages"}


def servers_table(
    rows: Sequence[tuple[str, str, str]],
    credentials: tuple[str, str] | None,
    now: str,
    others: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> None:
    """What `argus up`, `mock` and `serve` run: (name, address to show, URL of its controls or ""); credentials.

    `others` are those of parties that have their own.
    """
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("party", "contract (Swagger UI is at …/ui/) or stream", *(("controls",) if rows[0][2] else ())):
        table.add_column(heading, no_wrap=True)
    for name, url, controls in rows:
        table.add_row(name, url, *((f"{controls}/_control/state",) if controls else ()))
    out.print(table)
    if credentials:
        user, password = credentials
        out.print(f"credentials  {user} / {password}  (Basic, development only)")
        for url in [url.removesuffix("/services/personnel") for name, url, _ in rows if name == "gateway"]:
            out.print(f"operations   {url}/api/integration/ui/  (argus queue, argus audit; argus token --development)")
            out.print(f"MCE          {url}/services/mce/ui/, {url}/ws/agent-status  (… --development --audience mce)")
    for name, own in others.items():
        for member, value in own.items():
            out.print(f"{name:12} {member.replace('_', ' ')}: {value}")
    out.print(f"clock        {now}")


def faults_table(
    kinds: Sequence[tuple[str, str, str, Sequence[tuple[str, str]]]],
    common: Sequence[tuple[str, str, str]],
    examples: Sequence[str],
) -> None:
    """What `argus faults` lists: (name, strikes "replies" or "messages", what it does, members) for each kind."""
    out, headed = console(), list[str]()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("fault", "takes", "what happens"):
        table.add_column(heading, no_wrap=heading == "fault")
    for name, strikes, does, members in kinds:
        if strikes not in headed:
            headed.append(strikes)
            table.add_row("", "", f"[bold]{FAULTY[strikes]}[/]")
        table.add_row(f"[bold]{name}[/]", safe(", ".join(_member(*member) for member in members)), safe(does))
    for name, default, means in common:
        table.add_row("", safe(_member(name, default)), safe(means), style="dim")
    out.print(table)
    out.print("\n[bold]argus mock --fault …[/], or the same as JSON to [bold]POST /_control/faults[/]; for example")
    for example in examples:
        out.print(f"  {safe(example)}")
    out.print('  {"fault": "status", "status": 503, "times": 5}')
    out.print("GET lists what is on and how often it struck, DELETE lifts all, DELETE …/faults/ID one.")


def _member(name: str, default: str) -> str:
    return name if default in ("required", "none", "") else f"{name}={default}"
