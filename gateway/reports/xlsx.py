"""XLSX with formulas, each beside the value it comes to; written row by row, so that memory stays flat."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from argus_wfm.gateway.reports.table import Cell, Column, ColumnKind, Row, Table, Totals
from argus_wfm.gateway.reports.text import NARROW, TOTAL, TextOptions, clean, made, shown, totals_label

LONGEST = 32_767  # characters of a cell, by the format
LONGEST_PROPERTY = 255
FIRST_YEAR = 1901  # of dates that every spreadsheet counts alike: their 1900 differ by a day
NUMBERS = {ColumnKind.HOURS: "0.00", ColumnKind.PERCENT: "0.0", ColumnKind.INTEGER: "0", ColumnKind.DATE: "dd.mm.yyyy"}
NUMBERS[ColumnKind.MOMENT] = "dd.mm.yyyy hh:mm"
BRACED = re.compile(r"\{(\w+)\}")
A4, A3, WIDE = 9, 8, 160  # paper, and the characters of a row from which it is the larger one
FOOTER = 100  # characters of what the report is about; 255 are the most, its marks and doubled ampersands among them
HEAD_HEIGHT = 32  # points: two lines
FROZEN = 3  # columns at the most that stay in sight
WRAPPED = 50_000  # rows at the most whose long texts take several lines
LINE_HEIGHT, MOST_LINES = 15, 10  # points; more of a text is seen in the cell alone
Formula = Callable[[int], str]  # of a row, from 1


def write(table: Table, options: TextOptions, out: BinaryIO) -> None:
    """One sheet: title, header, rows, totals."""
    settings = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, settings) as book:
        about = {"title": clean(table.title)[:LONGEST_PROPERTY], "subject": clean(table.period)[:LONGEST_PROPERTY]}
        book.set_properties({**about, "created": _naive(table.made_at, dt.UTC)})
        _Sheet(book, table, options).write()


class _Sheet:
    def __init__(self, book: Any, table: Table, options: TextOptions) -> None:
        self._book, self._table, self._options = book, table, options
        self._sheet = book.add_worksheet("Отчёт")
        head = {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#E7EDF3"}
        self._head, self._narrow_head = book.add_format(head), book.add_format({**head, "align": "center"})
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._formats = [self._format(column) for column in table.columns]
        self._bold = [self._format(column, bold=True, top=1) for column in table.columns]
        self._letters = {column.name: xl_col_to_name(place) for place, column in enumerate(table.columns)}
        self._formulas = [self._formula(column) for column in table.columns]
        texts = ((place, column.width) for place, column in enumerate(table.columns) if column.kind is ColumnKind.TEXT)
        self._wraps = list(texts) if table.count <= WRAPPED else []
        self._line = 0  # the next, from 0

    def write(self) -> None:
        """From the top to the bottom, which is the only order that needs no memory."""
        self._set_up()
        self._heading()
        first, totals = self._line + 1, Totals(self._table.columns)
        for row in self._table.rows:
            totals.add(row)
            self._row(row)
        if self._line >= first:
            self._sheet.autofilter(first - 2, 0, self._line - 1, len(self._table.columns) - 1)
        self._totals(totals, first, self._line)
        for note in self._table.notes:
            self._line += 1
            self._text(self._line, 0, note, None)

    def _set_up(self) -> None:
        columns, sheet = self._table.columns, self._sheet
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
        sheet.set_landscape()
        sheet.set_paper(A3 if sum(column.width for column in columns) > WIDE else A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        about = clean(f"{self._table.title}, {self._table.period}")[:FOOTER].replace("&", "&&")
        sheet.set_footer(f"&L&8{about}&R&8Стр. &P из &N")

    def _heading(self) -> None:
        self._text(0, 0, self._table.title, self._title)
        self._text(1, 0, self._table.period, None)
        self._text(2, 0, made(self._table), None)
        self._line = 4
        self._sheet.set_row(self._line, HEAD_HEIGHT)
        for place, column in enumerate(self._table.columns):
            self._text(self._line, place, column.title, self._narrow_head if column.width < NARROW else self._head)
        texts = 0
        while (
            texts < FROZEN and texts < len(self._table.columns) and self._table.columns[texts].kind is ColumnKind.TEXT
        ):
            texts += 1
        self._sheet.freeze_panes(self._line + 1, texts)
        self._sheet.repeat_rows(self._line)
        self._line += 1

    def _row(self, row: Row) -> None:
        if self._wraps:
            lines = max((_lines(row[place], width) for place, width in self._wraps), default=1)
            if lines > 1:
                self._sheet.set_row(self._line, LINE_HEIGHT * min(lines, MOST_LINES))
        for place, value in enumerate(row):
            formula = self._formulas[place]
            if formula and isinstance(value, (int, float)) and math.isfinite(value) and self._options.include_formulas:
                written = f"={formula(self._line + 1)}"
                self._sheet.write_formula(self._line, place, written, self._formats[place], value)
            else:
                self._cell(self._line, place, value, self._formats[place])
        self._line += 1

    def _totals(self, totals: Totals, first: int, last: int) -> None:
        """`first` and `last` are the rows that are summed up, from 1."""
        label = totals_label(self._table)
        if label is None:
            return
        for place, (column, value) in enumerate(zip(self._table.columns, totals.row(), strict=True)):
            if column.total and self._options.include_formulas and last >= first:
                written = self._sum(column, first, last)
                self._sheet.write_formula(self._line, place, written, self._bold[place], value)
            else:
                self._cell(self._line, place, TOTAL if place == label else value, self._bold[place])
        self._line += 1

    def _sum(self, column: Column, first: int, last: int) -> str:
        def cells(name: str) -> str:
            return f"{self._letters[name]}{first}:{self._letters[name]}{last}"

        total: Any = column.total
        if total.where is None:
            return f"=SUM({cells(column.name)})"
        equals = total.equals.replace('"', '""')
        return f'=SUMIF({cells(total.where)},"{equals}",{cells(column.name)})'

    def _formula(self, column: Column) -> Formula | None:
        """Of a column, for any row."""
        if column.formula is None:
            return None
        pieces = BRACED.split(column.formula)
        pieces[1::2] = [self._letters[name] for name in pieces[1::2]]

        def formula(row: int) -> str:
            return "".join(f"{piece}{row}" if place % 2 else piece for place, piece in enumerate(pieces))

        return formula

    def _cell(self, line: int, place: int, value: Cell, cell_format: Any) -> None:
        match value:
            case None:
                self._sheet.write_blank(line, place, None, cell_format)
            case dt.datetime() if value.year >= FIRST_YEAR:
                self._sheet.write_datetime(line, place, _naive(value, self._table.zone), cell_format)
            case dt.date() if value.year >= FIRST_YEAR:
                self._sheet.write_datetime(line, place, value, cell_format)
            case int() | float() if math.isfinite(value):
                self._sheet.write_number(line, place, value, cell_format)
            case float():  # a number that is none
                self._sheet.write_blank(line, place, None, cell_format)
            case _:
                self._text(line, place, shown(value, ColumnKind.TEXT, self._table.zone), cell_format)

    def _text(self, line: int, place: int, text: str, cell_format: Any) -> None:
        self._sheet.write_string(line, place, fitting(clean(text)), cell_format)

    def _format(self, column: Column, **more: Any) -> Any:
        thin: dict[str, Any] = {"border": 1, "border_color": "#BFBFBF", "valign": "top"}
        if column.kind is ColumnKind.TEXT and self._table.count <= WRAPPED:  # as in _wraps
            thin["text_wrap"] = True
        if column.width < NARROW:
            return self._book.add_format({**thin, "align": "center", **more})
        return self._book.add_format({**thin, "num_format": NUMBERS.get(column.kind, "General"), **more})


def _lines(value: Cell, width: int) -> int:
    """That a text takes in a column, about: lines end at words."""
    if not isinstance(value, str) or (len(value) <= width and "\n" not in value):
        return 1
    return sum(max(1, math.ceil(len(part) * 1.2 / width)) for part in value.split("\n"))


def fitting(text: str) -> str:
    """What a cell can hold, with a mark that says how much was cut off."""
    if len(text) <= LONGEST:
        return text
    mark = f"… [обрезано: всего {len(text)} знаков]"
    return text[: LONGEST - len(mark)] + mark


def _naive(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """A spreadsheet knows no zones."""
    return moment.astimezone(zone).replace(tzinfo=None)
