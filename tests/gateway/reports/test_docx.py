"""DOCX, opened with python-docx: a table from the template, with nothing unfilled."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest

from argus_wfm.gateway.reports.docx import FOLDER
from tests.support.report_tables import COLUMNS, HELD, HOSTILE, LONG, UNHOLDABLE, sheet, table, texts, written


def opened(body: bytes) -> Any:
    return docx.Document(io.BytesIO(body))


def rows(body: bytes) -> list[list[str]]:
    (only,) = opened(body).tables
    return [[cell.text for cell in row.cells] for row in only.rows]


def test_rows_stand_in_the_templates_table_between_heading_and_signatures() -> None:
    body = written("docx", table())
    lines = rows(body)
    assert lines[0] == [column.title for column in COLUMNS]
    assert lines[1] == ["Иванов Иван", "29.02.2020", "01.08.2025 00:30", "160", "168,25", "8,25", "1204", "105,2"]
    assert lines[3] == ["Иванов Иван", "", "", "40", "41,1", "1,1", "0", "102,8"]
    assert lines[4] == ["Итого", "", "", "360", "221,85", "9,35", "1211", ""]
    assert len(lines) == 5
    words = [paragraph.text for paragraph in opened(body).paragraphs]
    assert words[:4] == ["Баланс & норма", "июль 2025 г.", "Сформирован 01.08.2025 09:00 (MSK)", "Данные 1С ЗУП."]
    assert [line.split(" _")[0] for line in words[-2:]] == ["Руководитель подразделения", "Ответственное лицо"]


def test_headings_are_repeated_and_a_row_stays_on_one_page() -> None:
    (only,) = opened(written("docx", sheet(2))).tables
    assert only.rows[0]._tr.trPr.xpath("w:tblHeader")
    assert all(row._tr.trPr.xpath("w:cantSplit") for row in only.rows)


def test_a_wide_report_is_on_wide_paper_and_its_columns_fill_it() -> None:
    sizes = []
    for what in (table(), sheet(2)):
        made = opened(written("docx", what))
        section = made.sections[0]
        room = section.page_width - section.left_margin - section.right_margin
        assert abs(sum(column.width for column in made.tables[0].columns) - room) < room / 100
        assert section.page_width > section.page_height
        sizes.append(section.page_width.mm)
    assert [round(one) for one in sizes] == [297, 420]


def test_numbers_stand_to_the_right_and_days_in_the_middle() -> None:
    _, first, *_ = opened(written("docx", sheet(1))).tables[0].rows
    sides = [cell.paragraphs[0].alignment for cell in first.cells]
    assert [str(side) for side in sides[:4] + sides[-1:]] == ["None", "None", "None", "CENTER (1)", "RIGHT (2)"]


def test_hostile_texts_are_texts_as_they_were() -> None:
    lines = rows(written("docx", texts((*HOSTILE, UNHOLDABLE, LONG))))
    assert [line[0] for line in lines[1:-1]] == [*HOSTILE, HELD, LONG]


def test_titles_and_notes_are_texts_as_well() -> None:
    fields = "{{ rows }} {%p if x %} <w:br/> & \x00"
    body = written("docx", table(title=fields, period=fields, note=fields))
    said = [paragraph.text for paragraph in opened(body).paragraphs]
    assert said.count(fields.replace("\x00", "\ufffd")) == 3


def test_without_rows_and_without_notes_nothing_is_unfilled() -> None:
    body = written("docx", table((), count=0, note=""))
    words = [paragraph.text for paragraph in opened(body).paragraphs] + [cell for line in rows(body) for cell in line]
    assert not [word for word in words if "{" in word]
    assert len(rows(body)) == 2


@pytest.mark.parametrize("name", ["report.docx", "wide.docx"])
def test_templates_are_documents_that_a_person_can_edit(name: str) -> None:
    words = "\n".join(paragraph.text for paragraph in docx.Document(str(FOLDER / name)).paragraphs)
    assert "{{ title }}" in words
    assert "Руководитель подразделения" in words
