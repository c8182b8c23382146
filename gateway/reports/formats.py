"""The formats of reports, with what each can hold. What writes them is imported when it is first asked to.

Their libraries take half a second to import, which no start of a gateway has to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from argus_wfm.gateway.reports.table import Table
from argus_wfm.gateway.reports.text import TextOptions

OOXML = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """`most_rows` is what it is made for: more is refused before work starts."""

    name: str
    media_type: str
    most_rows: int
    write: Callable[[Table, TextOptions, BinaryIO], None]

    @property
    def suffix(self) -> str:
        return self.name


def _xlsx(table: Table, options: TextOptions, out: BinaryIO) -> None:
    from argus_wfm.gateway.reports import xlsx

    xlsx.write(table, options, out)


def _docx(table: Table, options: TextOptions, out: BinaryIO) -> None:
    from argus_wfm.gateway.reports import docx

    docx.write(table, options, out)


def _pdf(table: Table, options: TextOptions, out: BinaryIO) -> None:
    from argus_wfm.gateway.reports import pdf

    pdf.write(table, options, out)


def _csv(table: Table, options: TextOptions, out: BinaryIO) -> None:
    from argus_wfm.gateway.reports import csv

    csv.write(table, options, out)


FORMATS: Mapping[str, ReportFormat] = {
    one.name: one
    for one in (
        ReportFormat("xlsx", f"{OOXML}.spreadsheetml.sheet", 1_000_000, _xlsx),
        ReportFormat("docx", f"{OOXML}.wordprocessingml.document", 5_000, _docx),
        ReportFormat("pdf", "application/pdf", 50_000, _pdf),
        ReportFormat("csv", "text/csv", 1_000_000, _csv),
    )
}
