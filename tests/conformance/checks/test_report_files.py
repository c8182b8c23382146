"""Files that are no files, or would fill the disk, are departures and nothing else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from argus_wfm.conformance.checks import report_files
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import by_url
from tests.support.export_host import ExportHost, served


def opened(read: Callable[[Any], Any], body: bytes) -> Any:
    """What a reader of files makes of these bytes, or the code of its departure."""
    with served(ExportHost()) as url:
        exchange = Target(by_url(url, Policy(ours=True))).personnel.ask("GET", "/")
    exchange.body = body
    try:
        return read(exchange)
    except Departure as departure:
        return departure.finding.code


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def test_files_that_are_no_files_are_departures_and_nothing_else() -> None:
    broken = archive(**{"[Content_Types].xml": b"<x", "xl/workbook.xml": b"<x", "word/document.xml": b"<x"})
    for body in (b"", b"PK", b"PK\x03\x04" + b"\0" * 50, archive(a=b"b"), broken):
        assert opened(report_files.workbook, body) == "FILE_UNREADABLE"
        assert opened(report_files.document, body) == "FILE_UNREADABLE"


def test_an_archive_that_would_fill_the_disk_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_files, "LARGEST", 1_000_000)
    bomb = archive(**{"[Content_Types].xml": b"", "xl/workbook.xml": b"\0" * 2_000_000})
    assert opened(report_files.workbook, bomb) == "FILE_UNREADABLE"


def test_text_that_looks_like_a_formula_is_none() -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet["A1"] = "=cmd"
    sheet["A1"].data_type = "s"
    out = io.BytesIO()
    book.save(out)
    (one,) = opened(report_files.workbook, out.getvalue())
    assert (one.formulas, one.values) == ({}, {(1, 1): "=cmd"})
