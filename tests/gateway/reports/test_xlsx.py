"""XLSX, opened with openpyxl: values, formulas, looks."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from argus_wfm.gateway.reports.text import TextOptions
from tests.support.report_tables import (
    COLUMNS,
    HELD,
    HOSTILE,
    LONG,
    PEOPLE,
    TOTALS,
    UNHOLDABLE,
    sheet,
    table,
    texts,
    written,
)  # fmt: skip

HEADER = 5  # the line of headings, from 1
PLAIN = TextOptions(include_formulas=False)


def opened(body: bytes, *, calculated: bool = True) -> Any:
    return openpyxl.load_workbook(io.BytesIO(body), data_only=calculated).active


def cells(body: bytes, line: int, *, calculated: bool = True) -> list[Any]:
    return [cell.value for cell in opened(body, calculated=calculated)[line]]


def formulas(body: bytes) -> dict[str, str]:
    lines = opened(body, calculated=False).iter_rows()
    return {cell.coordinate: cell.value for line in lines for cell in line if cell.data_type == "f"}


def test_values_stand_below_title_period_and_headings() -> None:
    body = written("xlsx", table())
    page = opened(body)
    assert [page.cell(line, 1).value for line in (1, 2)] == ["Баланс & норма", "июль 2025 г."]
    assert page.cell(3, 1).value == "Сформирован 01.08.2025 09:00 (MSK)"
    assert cells(body, HEADER) == [column.title for column in COLUMNS]
    hired, seen = dt.datetime(2020, 2, 29), dt.datetime(2025, 8, 1, 0, 30)  # Moscow's
    assert cells(body, HEADER + 1) == ["Иванов Иван", hired, seen, *PEOPLE[0][3:]]
    assert cells(body, HEADER + 4) == ["Итого", *TOTALS[1:]]
    assert page.cell(HEADER + 5, 1).value is None
    assert page.cell(HEADER + 6, 1).value == "Данные 1С ЗУП."


def test_formulas_are_of_their_own_row_and_totals_sum_up_the_rows_alone() -> None:
    found = formulas(written("xlsx", table()))
    assert found["F6"] == "=MAX(0,E6-D6)"
    assert found["H8"] == "=IF(D8=0,0,ROUND(E8/D8*100,1))"
    assert found["D9"] == "=SUM(D6:D8)"
    assert found["F9"] == '=SUMIF(A6:A8,"Иванов Иван",F6:F8)'
    assert len(found) == 6 + 4


def test_without_formulas_the_values_are_the_same() -> None:
    with_them, without = written("xlsx", sheet(3)), written("xlsx", sheet(3), PLAIN)
    assert formulas(with_them)
    assert not formulas(without)
    pages = [[[cell.value for cell in line] for line in opened(body).iter_rows()] for body in (with_them, without)]
    assert pages[0] == pages[1]


def test_a_cell_that_is_no_number_gets_no_formula() -> None:
    found = formulas(written("xlsx", sheet(1)))
    assert not [place for place in found if place.endswith("6")]  # the line of codes
    assert found["AI7"] == "=SUM(D7:R7)"
    assert found["AM9"].startswith("=SUMIF(C6:C8,")


def test_it_looks_as_a_sheet_to_print() -> None:
    page = opened(written("xlsx", sheet(2)))
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 8)
    assert (page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight) == (1, 0)
    assert page.print_title_rows == "$5:$5"
    assert page.freeze_panes == "D6"
    assert page.auto_filter.ref == "A5:AN11"
    assert page.oddFooter.right.text == "Стр. &P из &N"
    assert page["AI7"].number_format == "0.00"
    dates = opened(written("xlsx", table()))
    assert [dates["B6"].number_format, dates["C6"].number_format] == ["dd.mm.yyyy", "dd.mm.yyyy hh:mm"]


def test_a_long_name_has_the_height_that_it_needs_and_a_short_one_none() -> None:
    heights = opened(written("xlsx", sheet(5))).row_dimensions
    assert heights[6].height == 45.0
    assert heights[6 + 3 * 4].height in (None, 15.0)


def test_hostile_texts_are_texts_as_they_were() -> None:
    body = written("xlsx", texts((*HOSTILE, UNHOLDABLE)))
    assert not formulas(body)
    page = opened(body)
    shown = [unescape(page.cell(HEADER + 1 + place, 1).value) for place in range(len(HOSTILE) + 1)]
    assert shown == [*HOSTILE, HELD]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert not [name for name in archive.namelist() if "external" in name.lower()]
        assert b"hyperlink" not in archive.read("xl/worksheets/sheet1.xml")


def test_a_text_that_is_too_long_for_a_cell_says_how_much_is_missing() -> None:
    body = written("xlsx", texts((LONG, LONG[:32_767])))
    cut, whole = (opened(body).cell(HEADER + 1 + place, 1).value for place in range(2))
    assert len(cut) == 32_767
    assert cut.endswith("… [обрезано: всего 32774 знаков]")
    assert whole == LONG[:32_767]


def test_titles_are_no_markup_of_the_footer() -> None:
    body = written("xlsx", table(title="А&Б &C &P " * 60))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        footer = re.search(r"<oddFooter>(.*?)</oddFooter>", archive.read("xl/worksheets/sheet1.xml").decode())
    assert footer is not None
    assert "А&amp;&amp;Б &amp;&amp;C" in footer[1]
    assert len(footer[1].replace("&amp;", "&")) <= 255


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_no_number_is_an_empty_cell(number: float) -> None:
    body = written("xlsx", table([(*PEOPLE[0][:3], 160.0, number, number, 1, number)], count=1))
    assert cells(body, HEADER + 1)[3:] == [160.0, None, None, 1, None]


def test_dates_before_a_spreadsheets_first_are_written_out() -> None:
    old = dt.date(1812, 9, 7), dt.datetime(1812, 9, 7, 12, tzinfo=dt.UTC)
    body = written("xlsx", table([("Кутузов", *old, *PEOPLE[0][3:])], count=1))
    assert cells(body, HEADER + 1)[1:3] == ["07.09.1812", "07.09.1812 15:00"]


def test_the_same_table_is_the_same_bytes_and_one_without_rows_opens() -> None:
    assert written("xlsx", table()) == written("xlsx", table())
    body = written("xlsx", table((), count=0))
    assert cells(body, HEADER + 1) == ["Итого", None, None, 0, 0, 0, 0, None]
    assert not formulas(body)
