"""CSV in its two dialects, read as their readers do."""

from __future__ import annotations

import csv
import io

import pytest

from argus_wfm.gateway.reports.text import TextOptions
from tests.support.report_tables import HELD, HOSTILE, LONG, PEOPLE, UNHOLDABLE, table, texts, written

EXCEL, WAREHOUSE = TextOptions(), TextOptions(external_system="dwh")


def lines(body: bytes, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


@pytest.mark.parametrize("system", [None, "excel", "power_bi"])
def test_russian_excel_gets_a_bom_semicolons_and_decimal_commas(system: str | None) -> None:
    body = written("csv", table(), TextOptions(external_system=system))
    assert body.startswith(b"\xef\xbb\xbf")
    assert body.count(b"\r\n") == body.count(b"\n") == 4
    header, first, _, third = lines(body, ";")
    assert header[:2] == ["Фамилия, имя, отчество", "Принят"]
    assert first == ["Иванов Иван", "29.02.2020", "01.08.2025 00:30:00", "160", "168,25", "8,25", "1204", "105,2"]
    assert third == ["Иванов Иван", "", "", "40", "41,1", "1,1", "0", "102,8"]


def test_a_warehouse_gets_raw_values() -> None:
    body = written("csv", table(), WAREHOUSE)
    assert not body.startswith(b"\xef\xbb\xbf")
    _, first, *_ = lines(body, ",")
    assert first == ["Иванов Иван", "2020-02-29", "2025-07-31T21:30:00Z", "160", "168.25", "8.25", "1204", "105.2"]


def test_texts_come_whole_and_what_excel_would_calculate_is_quoted() -> None:
    raw = [line[0] for line in lines(written("csv", texts(HOSTILE), WAREHOUSE), ",")]
    assert raw == ["Текст", *HOSTILE]
    shown = [line[0] for line in lines(written("csv", texts(HOSTILE)), ";")][1:]
    assert shown == [f"'{one}" if one[0] in "=+-@" else one for one in HOSTILE]


def test_a_heading_is_guarded_as_well_and_numbers_below_zero_stay_numbers() -> None:
    row = (*PEOPLE[0][:5], -8.25, -1, 0.0)
    _, cells = lines(written("csv", table([row])), ";")
    assert cells[5:7] == ["-8,25", "-1"]


@pytest.mark.parametrize("options", [EXCEL, WAREHOUSE])
def test_what_utf_8_cannot_hold_is_seen_and_a_long_text_is_whole(options: TextOptions) -> None:
    delimiter = "," if options.external_system else ";"
    _, (held,), (long,) = lines(written("csv", texts((UNHOLDABLE, LONG)), options), delimiter)
    assert (held, long) == (HELD, LONG)


@pytest.mark.parametrize("options", [EXCEL, WAREHOUSE])
def test_no_number_is_no_text(options: TextOptions) -> None:
    body = written("csv", table([(*PEOPLE[0][:3], float("nan"), float("inf"), -float("inf"), 0, 0)]), options)
    assert not {b"nan", b"inf"} & set(body.replace(b"\r\n", b";").split(b";"))


def test_the_same_table_is_the_same_bytes_and_none_is_a_header_alone() -> None:
    assert written("csv", table()) == written("csv", table())
    assert len(lines(written("csv", table((), count=0)), ";")) == 1
