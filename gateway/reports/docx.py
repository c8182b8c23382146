"""DOCX from templates that a person can edit in Word: gateway/reports/templates (its README says how)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from argus_wfm.gateway.reports.table import Column, Row, Table, Totals
from argus_wfm.gateway.reports.text import NARROW, NUMERIC, TOTAL, TextOptions, clean, made, shown, totals_label

FOLDER = Path(__file__).parent / "templates"
TWIP = 635  # English Metric Units, in which python-docx counts; the table counts in twips
NAMES = ("p", "pPr", "jc", "val")
BEHIND = ("textDirection", "textAlignment", "textboxTightWrap", "outlineLvl", "divId", "cnfStyle", "rPr", "sectPr")
LONGEST = 255  # characters of a property
WIDE = 160  # characters of a row, from which the larger paper is taken


def write(table: Table, _options: TextOptions, out: BinaryIO) -> None:
    """Text is put in as text: markup and braces in it stay what they are."""
    from docxtpl import DocxTemplate

    wide = sum(column.width for column in table.columns) > WIDE
    template = DocxTemplate(FOLDER / ("wide.docx" if wide else "report.docx"))
    totals = Totals(table.columns)
    context = {
        "title": clean(table.title),
        "period": clean(table.period),
        "made": made(table),
        "heads": [clean(column.title) for column in table.columns],
        "rows": _rows(table, totals),
        "totals": _Last(table, totals),
        "notes": [clean(note) for note in table.notes],
    }
    template.render(context, autoescape=True)
    _fit(template.docx, table.columns)
    stamp = table.made_at.replace(tzinfo=None)
    core: Any = template.docx.core_properties
    core.title, core.subject = clean(table.title)[:LONGEST], clean(table.period)[:LONGEST]
    core.created, core.modified = stamp, stamp
    template.save(out)


def _rows(table: Table, totals: Totals) -> Iterator[list[str]]:
    for row in table.rows:
        totals.add(row)
        yield _texts(table, row)


def _texts(table: Table, row: Row) -> list[str]:
    return [shown(value, column.kind, table.zone) for value, column in zip(row, table.columns, strict=True)]


def _fit(document: Any, columns: Sequence[Column]) -> None:
    """Columns as wide as they are to be, numbers to the right, where the template makes them all alike."""
    from docx.oxml.ns import qn

    section, room_for = document.sections[0], sum(column.width for column in columns)
    room = (section.page_width - section.left_margin - section.right_margin) / TWIP
    scaled = [str(int(column.width * room / room_for)) for column in columns]
    sides = [_side(column) for column in columns]
    names = {name: qn(f"w:{name}") for name in (*NAMES, *BEHIND)}
    cell_tag, width_path, width_name = qn("w:tc"), f"{qn('w:tcPr')}/{qn('w:tcW')}", qn("w:w")
    for table in document.element.body.iter(qn("w:tbl")):
        if len(table.tblGrid.gridCol_lst) != len(columns):
            continue
        for column, width in zip(table.tblGrid.gridCol_lst, scaled, strict=True):
            column.set(width_name, width)
        for row in table.iterchildren(qn("w:tr")):
            for cell, width, side in zip(row.iterchildren(cell_tag), scaled, sides, strict=False):
                cell.find(width_path).set(width_name, width)
                if side is not None:
                    _turn(cell, side, names)


def _side(column: Column) -> str | None:
    """Where its texts stand; None is where the template has them."""
    if column.width < NARROW:
        return "center"
    return "right" if column.kind in NUMERIC else None


def _turn(cell: Any, side: str, names: Mapping[str, str]) -> None:
    """Its paragraphs; who edits the template has the last word. By hand, as python-docx takes twice the whole time."""
    for paragraph in cell.iterchildren(names["p"]):
        properties = paragraph.find(names["pPr"])
        if properties is None:
            properties = paragraph.get_or_add_pPr()
        if properties.find(names["jc"]) is None:
            places = (place for place, child in enumerate(properties) if child.tag in names.values())
            turned = properties.makeelement(names["jc"], {names["val"]: side})
            properties.insert(next(places, len(properties)), turned)


class _Last:
    """The line of totals, known when the template comes to it: after the rows."""

    def __init__(self, table: Table, totals: Totals) -> None:
        self._table, self._totals = table, totals

    def __iter__(self) -> Iterator[str]:
        label = totals_label(self._table)
        if label is None:
            return iter([""] * len(self._table.columns))
        texts = _texts(self._table, self._totals.row())
        return iter([TOTAL if place == label else text for place, text in enumerate(texts)])
