"""What a renderer is told beside the table, and how every format writes a value as text."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argus_wfm.gateway.reports.table import Cell, ColumnKind, Table

if TYPE_CHECKING:
    from argus_wfm.gateway.reports.signature import Signer

UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, section 2.2
PLACES = {ColumnKind.INTEGER: 0, ColumnKind.PERCENT: 1, ColumnKind.HOURS: 2}  # after the comma, at the most
NUMERIC = (ColumnKind.INTEGER, ColumnKind.HOURS, ColumnKind.PERCENT)  # whose cells stand to the right
NARROW = 6  # characters of a column, below which its cells are in the middle: days of a month
TOTAL = "Итого"


@dataclass(frozen=True, slots=True)
class TextOptions:
    """As they were asked for (A20, A21); `signer` signs what can be signed."""

    include_formulas: bool = True
    external_system: str | None = None
    signer: Signer | None = None


def clean(text: str) -> str:
    """Without what no document can hold: each such character is a visible U+FFFD."""
    return UNWRITABLE.sub("\ufffd", text)


def shown(value: Cell, kind: ColumnKind, zone: dt.tzinfo) -> str:
    """A value as a person reads it in Russian: decimal commas, ДД.ММ.ГГГГ, the zone's time."""
    match value:
        case None:
            return ""
        case dt.datetime():
            return value.astimezone(zone).strftime("%d.%m.%Y %H:%M")
        case dt.date():
            return value.strftime("%d.%m.%Y")
        case str():
            return clean(value)
    if not math.isfinite(value):
        return ""
    return f"{round(value, PLACES.get(kind, 6)):.12g}".replace(".", ",")


def made(table: Table) -> str:
    """When, in a line."""
    stamp = table.made_at.astimezone(table.zone)
    return f"Сформирован {stamp:%d.%m.%Y %H:%M} ({stamp.tzname()})"


def totals_label(table: Table) -> int | None:
    """The column that says that a line is the totals': the first that has none; None where nothing is summed up."""
    if not any(column.total for column in table.columns):
        return None
    return next((place for place, column in enumerate(table.columns) if column.kind is ColumnKind.TEXT), None)
