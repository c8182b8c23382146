"""Rows and facts of a gateway's on the screen: tables on a terminal, plain lines of the same columns elsewhere."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from argus_wfm.json_type import Json

if TYPE_CHECKING:
    from rich.console import Console

NONE = "–"
GAP = "  "
FRACTION = re.compile(r"(?<=T\d\d:\d\d:\d\d)\.\d+(?=Z$)")  # of an instant's second
WHOLE = ("id", "time", "kind", "status", "request id")  # columns that are not broken
STYLES = {
    "dead_letter": "bold red",
    "cancelled": "yellow",
    "waiting": "yellow",
    "running": "cyan",
    "completed": "green",
}


def machine(document: Json) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, ensure_ascii=False), flush=True)


def rows(headings: Sequence[str], lines: Iterable[Sequence[Json]], *, empty: str) -> None:
    """A table, or `empty` where there is nothing to show."""
    from argus_wfm.conformance.report.terminal import console

    out = console()
    cells = [[FRACTION.sub("", cell(value)) for value in line] for line in lines]
    if not cells:
        out.print(empty)
    elif out.is_terminal:
        _table(out, headings, cells)
    else:
        _plain([list(headings), *cells])


def facts(pairs: Iterable[tuple[str, Json]]) -> None:
    """A name and a value a line; values that are None are left out."""
    from argus_wfm.conformance.report.terminal import console, safe

    out = console()
    for name, value in pairs:
        if value is not None:
            out.print(f"[bold]{name:16}[/]{_styled(cell(value)) if isinstance(value, str) else safe(cell(value))}")


def text(words: str) -> None:
    """Lines that came from the gateway."""
    from argus_wfm.conformance.report.terminal import console, safe

    console().print(safe(words))


def note(words: str) -> None:
    """One line of ours, on stderr, so that what comes out stays rows."""
    print(words, file=sys.stderr)


def cell(value: Json) -> str:
    """One line; readable Cyrillic."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return " ".join(str(value).split())


def _table(out: Console, headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in WHOLE)
    for line in cells:
        table.add_row(*(_styled(word) for word in line))
    out.print(table)


def _styled(word: str) -> str:
    from argus_wfm.conformance.report.terminal import safe

    return f"[{STYLES[word]}]{word}[/]" if word in STYLES else safe(word)


def _plain(cells: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len

    from argus_wfm.conformance.report.terminal import CONTROL

    clean = [[CONTROL.sub("\N{REPLACEMENT CHARACTER}", word) for word in line] for line in cells]
    widths = [max(map(cell_len, column)) for column in zip(*clean, strict=True)]
    for line in clean:
        padded = (word + " " * (width - cell_len(word)) for word, width in zip(line, widths, strict=True))
        sys.stdout.write(GAP.join(padded).rstrip() + "\n")
    sys.stdout.flush()
