"""PDF, read with pypdf: pages, totals, and a signature that one changed byte breaks."""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
import unicodedata
from typing import Any

import pypdf
import pytest
from pyhanko.pdf_utils.generic import TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from argus_wfm.conformance.checks.pdf_signature import Unreadable, of_pdf
from argus_wfm.gateway.reports.signature import Signer
from argus_wfm.gateway.reports.text import TextOptions
from tests.support.report_tables import HELD, HOSTILE, LONG, UNHOLDABLE, sheet, table, texts, written

SIGNED = TextOptions(signer=Signer.development())


def pages(body: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages]


def bare(text: str) -> str:
    """Without spaces and controls of direction, which a page has no places for, in one form of its letters."""
    return "".join(
        one for one in unicodedata.normalize("NFC", text) if not one.isspace() and unicodedata.category(one) != "Cf"
    )


@functools.cache
def signed() -> bytes:
    return written("pdf", table(), SIGNED)


def test_a_report_has_title_rows_totals_notes_and_lines_to_sign() -> None:
    (page,) = pages(written("pdf", table()))
    for words in ("Баланс & норма", "июль 2025 г.", "Сформирован 01.08.2025 09:00 (MSK)", "Ёлкина Анна", "168,25"):
        assert words in page
    for words in ("Итого", "221,85", "9,35", "Данные 1С ЗУП.", "Руководитель подразделения", "Ответственное лицо"):
        assert words in page
    assert re.search(r"стр\. 1 из\s*1", page)


def test_a_long_one_repeats_its_headings_and_counts_its_pages() -> None:
    many = pages(written("pdf", sheet(60)))
    assert len(many) > 3
    for number, page in enumerate(many, 1):
        assert re.search(rf"стр\. {number} из\s*{len(many)}", page)
        assert "Сверх" in page
    assert sum("Итого" in page for page in many) == 1


def test_it_says_what_it_is_and_when_it_was_made() -> None:
    about = pypdf.PdfReader(io.BytesIO(written("pdf", table()))).metadata
    assert about is not None
    assert (about.title, about.subject) == ("Баланс & норма, июль 2025 г.", "июль 2025 г.")
    assert about.creation_date == dt.datetime(2025, 8, 1, 6, tzinfo=dt.UTC)


def test_hostile_texts_are_on_the_page() -> None:
    (page,) = pages(written("pdf", texts((*HOSTILE, UNHOLDABLE))))
    said = bare(page)
    assert bare("оператор [U+1F469]") in said  # no font of letters has it; it is told, not lost
    assert bare("на линии [U+1F680]") in said
    for text in (*HOSTILE, HELD):
        if "🚀" in text:
            continue
        if "\u202e" not in text:  # which way it goes is the reader's to say
            assert bare(text) in said


def test_a_cell_that_is_longer_than_a_page_goes_on_to_the_next() -> None:
    many = pages(written("pdf", texts((LONG,))))
    assert len(many) > 1
    assert sum(page.count("длинно") for page in many) == LONG.count("длинно")


def test_the_signature_holds_and_says_that_it_is_of_development() -> None:
    (one,) = of_pdf(signed())
    assert (one.intact, one.trusted, one.is_development, one.problem) == (True, False, True, "")
    assert "Сертификат разработки: юридической силы нет" in pages(signed())[0]
    field = pypdf.PdfReader(io.BytesIO(signed())).get_fields()
    assert field is not None
    assert field["Signature"]["/V"]["/Reason"] == "Утверждено"


@pytest.mark.parametrize("part", range(12))
def test_any_changed_byte_of_what_was_signed_breaks_it(part: int) -> None:
    start, end = (int(one) for one in re.findall(rb"/ByteRange \[\s*0 (\d+) (\d+)", signed())[0])
    rest = len(signed()) - end
    place = (start + rest) * (2 * part + 1) // 24
    changed = bytearray(signed())
    changed[place if place < start else end + place - start] ^= 1
    try:
        found = of_pdf(bytes(changed))
    except Unreadable:
        return
    assert not [one for one in found if one.intact]


def test_what_is_added_behind_breaks_it() -> None:
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(signed()))
    writer.root["/Lang"] = TextStringObject("ru")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    (one,) = of_pdf(out.getvalue())
    assert (one.intact, one.problem) == (False, "something was added after it was signed")


def test_unsigned_tables_are_the_same_bytes() -> None:
    assert written("pdf", sheet(2)) == written("pdf", sheet(2))
    assert of_pdf(written("pdf", sheet(2))) == []
