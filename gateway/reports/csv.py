"""CSV in two dialects (A21): for Russian Excel and Power BI, and raw for a warehouse."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from typing import BinaryIO

from argus_wfm.gateway.reports.table import Cell, Table
from argus_wfm.gateway.reports.text import TextOptions, clean

WAREHOUSE = "dwh"
RISKY = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is calculated by a spreadsheet


def write(table: Table, options: TextOptions, out: BinaryIO) -> None:
    """One header line, then the rows; totals are left to who reads it."""
    raw = options.external_system == WAREHOUSE
    text = io.TextIOWrapper(out, "utf-8" if raw else "utf-8-sig", newline="")
    writer = csv.writer(text, delimiter="," if raw else ";", lineterminator="\r\n")
    cell = _raw if raw else _for_excel
    writer.writerow([cell(column.title, table.zone) for column in table.columns])
    writer.writerows([cell(value, table.zone) for value in row] for row in table.rows)
    text.flush()
    text.detach()


def _raw(value: Cell, _zone: dt.tzinfo) -> str:
    match value:
        case None:
            return ""
        case dt.datetime():
            return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case dt.date():
            return value.isoformat()
        case float():
            return f"{value:.15g}" if math.isfinite(value) else ""
        case str():
            return clean(value)
    return str(value)


def _for_excel(value: Cell, zone: dt.tzinfo) -> str:
    match value:
        case None:
            return ""
        case dt.datetime():
            return value.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S")
        case dt.date():
            return value.strftime("%d.%m.%Y")
        case float():
            return f"{value:.15g}".replace(".", ",") if math.isfinite(value) else ""
        case str():
            return clean(f"'{value}" if value.startswith(RISKY) else value)
    return str(value)
