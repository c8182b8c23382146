"""Reports that deviate in one way, in what is answered or in what the files hold: the judge names it."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from argus_wfm.conformance.model.codes import CODES
from argus_wfm.features.steps.report_export import filename
from argus_wfm.json_type import Json
from tests.support.command_line import conform
from tests.support.export_host import (
    HEADS,
    MCE,
    ROWS,
    TAG,
    ExportHost,
    Fails,
    Refused,
    Untagged,
    ours,
    served,
    with_values,
)
from tests.support.scenario_player import Played, play_on

RPT = [f"RPT-{number:02d}" for number in range(1, 10)]


def played(scenario: str, host: ExportHost) -> Played:
    with served(host) as url:
        return play_on(scenario, ours(url))


@pytest.mark.parametrize("scenario", RPT)
def test_right_host_passes(scenario: str) -> None:
    one = played(scenario, ExportHost())
    assert (one.verdict, one.reason, one.findings) == ("pass", "", [])


class Packed(ExportHost):
    """As a proxy makes an ETag weak that packs what it passes on (RFC 9110, 8.8.1)."""

    def headers(self, format_: str) -> dict[str, str]:
        return {**super().headers(format_), "ETag": f"W/{TAG}"}


def test_a_weak_etag_is_the_same_file() -> None:
    one = played("RPT-06", Packed())
    assert (one.verdict, one.findings) == ("pass", [])


def test_files_may_say_when_they_were_made() -> None:
    assert played("RPT-03", SaysWhen()).verdict == "pass"


class RunsAtOnce(ExportHost):
    def accepted(self, task: str) -> Json:
        return {**super().accepted(task), "status": "running"}


class Html(ExportHost):
    def content(self, body: Json) -> bytes:
        return b"<html>Sign in</html>"


class Unnamed(ExportHost):
    def name(self, format_: str) -> str:
        return "attachment"


class Octets(ExportHost):
    def media_type(self, format_: str) -> str:
        return "application/octet-stream"


class WithoutFormulas(ExportHost):
    def balance(self, number: int, row: list[Json], formulas: bool) -> Json:
        return row[2] - row[3]


class FormulasAnyway(ExportHost):
    def balance(self, number: int, row: list[Json], formulas: bool) -> Json:
        return f"=C{number}-D{number}"


class WithoutValues(ExportHost):
    def values(self) -> dict[str, float]:
        return {}


class OtherValues(ExportHost):
    def balance(self, number: int, row: list[Json], formulas: bool) -> Json:
        return super().balance(number, row, formulas) if formulas else row[2] - row[3] + 1


class SaysWhen(ExportHost):
    """Each file a minute later than the one before."""

    def xlsx(self, body: Json) -> bytes:
        self.minute = getattr(self, "minute", 0) + 1
        book = openpyxl.load_workbook(io.BytesIO(super().xlsx(body)))
        sheet: Any = book.active
        sheet["H1"] = f"Сформировано 29.07.2025 в 10:{self.minute:02}:07"
        out = io.BytesIO()
        book.save(out)
        return out.getvalue() if not body["include_formulas"] else with_values(out.getvalue(), self.values())


class Unfilled(ExportHost):
    def heading(self) -> str:
        return "Табель за {{ period }}"


class EmptyTable(ExportHost):
    def lines(self) -> list[list[Json]]:
        return []


class Unsigned(ExportHost):
    def sign(self, document: bytes) -> bytes:
        return document


class ChangedAfterwards(ExportHost):
    def sign(self, document: bytes) -> bytes:
        signed = bytearray(super().sign(document))
        signed[20] ^= 1
        return bytes(signed)


class AddedAfterwards(ExportHost):
    def sign(self, document: bytes) -> bytes:
        return super().sign(document) + b"\n% more\n"


class NoPdf(ExportHost):
    def pdf(self, body: Json) -> bytes:
        return b"PK"


class WithoutBom(ExportHost):
    def bom(self) -> bytes:
        return b""


class Commas(ExportHost):
    def delimiter(self) -> str:
        return ","


class Ragged(ExportHost):
    def csv(self, body: Json) -> bytes:
        return super().csv(body) + b"\r\n00125;\xd0\xaf"


class HeaderTwice(ExportHost):
    def csv(self, body: Json) -> bytes:
        return super().csv(body) + "\r\n{}".format(";".join(HEADS[:4])).encode()


class Windows1251(ExportHost):
    def csv(self, body: Json) -> bytes:
        return self.bom() + "Имя;Я".encode("windows-1251")


class TakesXls(ExportHost):
    def check(self, body: Json) -> None:
        if body["format"] != "xls":
            super().check(body)


class TakesAnyReport(ExportHost):
    def check(self, body: Json) -> None:
        super().check({**body, "report_id": "monthly_attendance"})


class AnyToken(ExportHost):
    def admit(self, token: str) -> None:
        if token != MCE:
            super().admit(token)


class AnyTask(ExportHost):
    def task(self, task: str) -> Json:
        if task not in self.tasks:
            raise Refused(404, "NOT_FOUND")
        return self.tasks[task]


class OtherSize(ExportHost):
    async def told(self, task: str) -> Json:
        told = await super().told(task)
        return {**told, "size": told["size"] + 1}


class OtherTag(ExportHost):
    async def told(self, task: str) -> Json:
        return {**await super().told(task), "etag": '"2"'}


class EndsBefore(ExportHost):
    def finished(self) -> str:
        return "2025-01-01T00:00:00.5Z"


class Empty(ExportHost):
    def content(self, body: Json) -> bytes:
        return b""


class DoneInOtherWords(ExportHost):
    def ended(self, body: Json) -> str:
        return "done"


DEVIATIONS: list[tuple[type[ExportHost], str, str]] = [
    (RunsAtOnce, "RPT-01", "VALUE"),
    (Fails, "RPT-02", "VALUE"),
    (DoneInOtherWords, "RPT-06", "ENUM_VALUE"),
    (OtherSize, "RPT-06", "VALUE"),
    (OtherTag, "RPT-06", "VALUE"),
    (Empty, "RPT-06", "FILE_CONTENT"),
    (Html, "RPT-02", "FILE_UNREADABLE"),
    (Html, "RPT-04", "FILE_UNREADABLE"),
    (Unnamed, "RPT-02", "HEADER"),
    (Octets, "RPT-05", "MEDIA_TYPE"),
    (WithoutFormulas, "RPT-02", "FILE_NO_FORMULA"),
    (WithoutValues, "RPT-02", "FILE_NO_VALUE"),
    (FormulasAnyway, "RPT-03", "FILE_FORMULA"),
    (OtherValues, "RPT-03", "FILE_VALUES"),
    (Unfilled, "RPT-04", "FILE_UNFILLED"),
    (EmptyTable, "RPT-04", "FILE_CONTENT"),
    (Unsigned, "RPT-05", "FILE_UNSIGNED"),
    (ChangedAfterwards, "RPT-05", "FILE_SIGNATURE"),
    (AddedAfterwards, "RPT-05", "FILE_SIGNATURE"),
    (NoPdf, "RPT-05", "FILE_UNREADABLE"),
    (WithoutBom, "RPT-06", "FILE_CSV"),
    (Commas, "RPT-06", "FILE_CSV"),
    (Ragged, "RPT-06", "FILE_CSV"),
    (HeaderTwice, "RPT-06", "FILE_CSV"),
    (Windows1251, "RPT-06", "CHARSET"),
    (TakesXls, "RPT-07", "REQUEST_ACCEPTED"),
    (TakesAnyReport, "RPT-07", "REQUEST_ACCEPTED"),
    (AnyToken, "RPT-08", "REQUEST_ACCEPTED"),
    (AnyTask, "RPT-09", "ERROR_CODE"),
]


@pytest.mark.parametrize(("make", "scenario", "code"), DEVIATIONS, ids=lambda one: getattr(one, "__name__", str(one)))
def test_deviation_is_named(make: type[ExportHost], scenario: str, code: str) -> None:
    one = played(scenario, make())
    assert one.verdict == "fail", one.reason
    assert code in one.codes, one.findings
    assert not one.reason.startswith(("KeyError", "TypeError"))


def test_every_code_of_files_has_a_deviation() -> None:
    assert {code for code in CODES if code.startswith("FILE_")} <= {code for *_, code in DEVIATIONS}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=\"a.csv\"; filename*=UTF-8''%D0%A2.csv", "Т.csv"),
        ('attachment; filename="a b.csv"', "a b.csv"),
        ("attachment", ""),
        ("", ""),
    ],
)
def test_the_name_of_a_file(disposition: str, name: str) -> None:
    assert filename(disposition) == name


@pytest.mark.slow
def test_argus_conform_names_it_on_a_host_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARGUS_TARGET_REPORTS_TOKEN", "token-for-reports")
    with served(WithoutValues()) as url:
        exit_code, screen, report = conform(url, tmp_path, "--only", "export", "--allow-writes", "--max-time", "0")
    verdicts = {row["id"]: row["verdict"] for row in report["scenarios"]}
    assert exit_code == 1
    assert {id_ for id_, verdict in verdicts.items() if verdict == "fail"} == {"RPT-02", "RPT-03"}
    assert re.search(r"FILE_NO_VALUE downloadExport body", screen)
    assert len(ROWS) == 2


@pytest.mark.parametrize(
    ("host", "code", "where"),
    [(Untagged, "HEADER", "header ETag"), (EndsBefore, "ORDER", "/finished_at")],
)
def test_deviation_is_a_finding_of_an_exchange(host: type[ExportHost], code: str, where: str) -> None:
    found = played("RPT-06", host()).findings
    assert [(one.code, one.where) for one in found] == [(code, where)]
