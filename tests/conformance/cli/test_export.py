"""`argus export` against a real gateway: files, waiting, JSON, exit codes, and errors of one line."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path

import yaml

from argus_wfm import openapi
from argus_wfm.conformance.cli import export
from argus_wfm.conformance.launch.tokens import issue_token
from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY
from tests.support.gateway_commands import Shell

PRESENT = dt.datetime(2025, 7, 29, 1, 30, tzinfo=dt.UTC)


def test_help_has_examples(argus: Shell) -> None:
    said = argus("export", "--help")
    assert said.code == 0
    for word in ("argus export monthly_attendance", "--url", "--json", "ARGUS_URL"):
        assert word in said.out


def test_choices_are_those_of_the_contract() -> None:
    schemas = yaml.safe_load((Path(openapi.__file__).parent / "common.yaml").read_text("utf-8"))["components"][
        "schemas"
    ]
    assert list(export.FileFormat) == schemas["ReportFormat"]["enum"]
    assert list(export.System) == schemas["ExternalSystem"]["enum"]


def test_without_a_report_they_are_listed_in_readable_cyrillic(argus: Shell) -> None:
    lines = argus("export").lines
    assert lines[0].split() == ["report", "title", "formats"]
    assert "Табель учёта рабочего времени" in lines[1]
    assert len(argus("export", "--json").json["reports"]) == len(lines) - 1


def test_a_report_is_waited_for_and_saved_where_it_was_asked_for(argus: Shell, tmp_path: Path) -> None:
    said = argus("export", "personnel_list", "--period", "2025-07", "--format", "csv", "--for", "dwh", "-o", "all.csv")
    assert said.code == 0, said
    assert said.err.splitlines()[-1].endswith("513 of 513 rows")
    assert said.err.splitlines()[-1].startswith("completed    RPT-")
    assert said.out.startswith("all.csv: Список сотрудников.csv, 513 rows, ")
    header, *people = csv.reader(io.StringIO((tmp_path / "all.csv").read_text("utf-8"), newline=""))
    assert header[0] == "Табельный номер"
    assert len(people) == 513


def test_the_month_and_the_file_s_name_come_of_themselves(argus: Shell, tmp_path: Path) -> None:
    told = argus("export", "norm_balance", "--json").json
    assert (told["status"], told["period"], told["saved_as"]) == ("completed", "2025-07", "norm_balance-2025-07.xlsx")
    file = tmp_path / "norm_balance-2025-07.xlsx"
    assert file.stat().st_size == told["file"]["size"]
    assert b"<f>" in zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")


def test_values_alone_where_no_formulas_are_wanted(argus: Shell, tmp_path: Path) -> None:
    assert argus("export", "norm_balance", "--period", "2025-07", "--no-formulas", "-o", "plain.xlsx").code == 0
    assert b"<f>" not in zipfile.ZipFile(tmp_path / "plain.xlsx").read("xl/worksheets/sheet1.xml")


def test_a_report_that_failed_says_why_and_leaves_no_file(argus: Shell, tmp_path: Path) -> None:
    said = argus("export", "norm_balance", "--period", "2099-01")
    assert said.code == 1
    assert "CALENDAR_MISSING" in said.out
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_one_line(argus: Shell, tmp_path: Path) -> None:
    assert "monthly_attendance" in argus("export", "salaries").refused()
    assert "period" in argus("export", "personnel_list", "--period", "07.2025").refused()
    assert "xls" in argus("export", "personnel_list", "--format", "xls").refused()
    assert "there is no folder" in argus("export", "personnel_list", "-o", "nowhere/all.xlsx").refused()
    (tmp_path / "folder").mkdir()
    assert "Cannot write folder" in argus("export", "personnel_list", "-o", "folder").refused()


def test_a_token_of_another_audience_is_refused_with_what_to_do(argus: Shell) -> None:
    argus.patch.setenv("ARGUS_REPORTS_TOKEN", issue_token(DEVELOPMENT_KEY, "argus", "argus", 3600, PRESENT))
    told = argus("export", "personnel_list", "--period", "2025-07").refused()
    assert "INSUFFICIENT_SCOPE" in told
    assert "argus token --audience reports" in told
    argus.patch.setenv("ARGUS_REPORTS_TOKEN", "нет")
    assert "ARGUS_REPORTS_TOKEN is no token" in argus("export").refused()
