"""What a downloaded report holds, opened as its readers would open it: no schema can tell that (A20, A21).

Each function opens the body of an exchange, or raises a Departure that says what is wrong with the file. A host may
send anything: archives are measured before they are unpacked.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from xml.etree import ElementTree

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.json_type import Json

Place = tuple[int, int]  # row and column, from 1
T = TypeVar("T")
LARGEST = 512 * 1024 * 1024  # bytes that an archive may unpack to
BOM = b"\xef\xbb\xbf"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TEXTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
UNFILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\$\{[\w.]+\}|\bMERGEFIELD\b")


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """Of a workbook: `values` as a reader shows them that calculates nothing, `formulas` as they are written."""

    name: str
    values: Mapping[Place, Json]
    formulas: Mapping[Place, str]


@dataclass(frozen=True, slots=True)
class Document:
    """Of a word processor: what stands in its text, and how many rows each of its tables has."""

    paragraphs: Sequence[str]
    tables: Sequence[int]


def workbook(exchange: Exchange) -> list[WorkbookSheet]:
    """An XLSX (ECMA-376), opened whole."""
    _archive(exchange, "XLSX", "xl/workbook.xml")
    formulas = _opened(exchange, "XLSX", lambda: _cells(exchange.body, _formula, calculated=False))
    values = _opened(exchange, "XLSX", lambda: _cells(exchange.body, lambda cell: cell.value, calculated=True))
    return [WorkbookSheet(name, values[name], cells) for name, cells in formulas.items()]


def document(exchange: Exchange) -> Document:
    """A DOCX (ECMA-376): its text with headers and footers."""
    archive = _archive(exchange, "DOCX", "word/document.xml")

    def read() -> Document:
        parts = [ElementTree.fromstring(archive.read(name)) for name in archive.namelist() if TEXTS.fullmatch(name)]
        paragraphs = [_text(one) for part in parts for one in part.iter(f"{WORD}p")]
        tables = [sum(1 for _ in one.iter(f"{WORD}tr")) for part in parts for one in part.iter(f"{WORD}tbl")]
        return Document(paragraphs, tables)

    return _opened(exchange, "DOCX", read)


def unfilled(text: str) -> list[str]:
    """Fields of a template that nothing was put into."""
    return UNFILLED.findall(text)


def table(exchange: Exchange, delimiter: str) -> list[list[str]]:
    """A CSV (RFC 4180) in UTF-8, with or without a BOM; lines with nothing in them are kept."""
    try:
        text = exchange.body.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        exchange.departs("CHARSET", Drift.SHAPE, "body", f"The CSV is not UTF-8 at byte {error.start}")
    read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return _opened(exchange, "CSV", lambda: list(read))


def _archive(exchange: Exchange, kind: str, main: str) -> zipfile.ZipFile:
    """An OOXML package that has its main part, and is not made to fill a disk."""
    archive = _opened(exchange, kind, lambda: zipfile.ZipFile(io.BytesIO(exchange.body)))
    names = archive.namelist()
    for name in ("[Content_Types].xml", main):
        if name not in names:
            _unreadable(exchange, kind, f"there is no {name} in it")
    size = sum(info.file_size for info in archive.infolist())
    if size > LARGEST:
        _unreadable(exchange, kind, f"it would unpack to {size} bytes")
    return archive


def _cells(body: bytes, read: Callable[[Any], Json], *, calculated: bool) -> dict[str, dict[Place, Json]]:
    """By sheet, what `read` makes of each cell, None left out."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=calculated)
    return {
        sheet.title: {
            (cell.row, cell.column): value
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None and (value := read(cell)) is not None
        }
        for sheet in book.worksheets
    }


def _formula(cell: Any) -> str | None:
    """What a cell calculates; text that only looks like a formula is none. Some have an object of their own."""
    return str(getattr(cell.value, "text", cell.value)) if cell.data_type == "f" else None


def _text(paragraph: ElementTree.Element) -> str:
    """Of a paragraph, whose runs may cut words and fields into pieces."""
    return "".join(one.text or "" for one in paragraph.iter() if one.tag in (f"{WORD}t", f"{WORD}instrText"))


def _opened(exchange: Exchange, kind: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except Exception as error:  # readers have no tree of errors for files that are not what they say
        _unreadable(exchange, kind, f"{type(error).__name__}: {error}")


def _unreadable(exchange: Exchange, kind: str, why: str) -> NoReturn:
    start = exchange.body[:16]
    words = f"The file does not open as {kind}: {why}"
    exchange.departs("FILE_UNREADABLE", Drift.SHAPE, "body", words, expected=kind, actual=start)
