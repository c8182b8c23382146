"""What other programs make of reports: LibreOffice calculates and lays out, pdfsig verifies, pdftotext reads."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from argus_wfm.gateway.reports.signature import Signer
from argus_wfm.gateway.reports.text import TextOptions
from tests.support.peers import absent
from tests.support.report_tables import HOSTILE, sheet, table, texts, written

pytestmark = pytest.mark.slow
RECALCULATING = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""  # always; without it LibreOffice shows what the file says


def program(name: str) -> str:
    return shutil.which(name) or absent(f"{name} is not installed")


def office(folder: Path, form: str, *files: Path) -> Path:
    """The files converted, by one LibreOffice with a profile of its own."""
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "registrymodifications.xcu").write_text(RECALCULATING, encoding="utf-8")
    command = [program("soffice"), f"-env:UserInstallation={profile.parent.as_uri()}", "--headless"]
    subprocess.run(
        [*command, "--convert-to", form, "--outdir", str(folder / "made"), *map(str, files)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return folder / "made"


def values(file: Path) -> list[list[Any]]:
    page: Any = openpyxl.load_workbook(file, data_only=True).active
    return [[cell.value for cell in line] for line in page.iter_rows()]


def tampered(body: bytes) -> bytes:
    """Other values beside the formulas."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content, found = re.subn(rb"</f><v>[^<]*</v>", b"</f><v>999</v>", content)
                assert found
            new.writestr(name, content)
    return out.getvalue()


def test_libreoffice_comes_to_the_values_that_stand_beside_the_formulas(tmp_path: Path) -> None:
    bodies = {
        "days": written("xlsx", sheet(12)),
        "people": written("xlsx", table()),
        "texts": written("xlsx", texts(HOSTILE)),
    }
    files = [tmp_path / f"{name}.xlsx" for name in bodies]
    for file, body in zip(files, bodies.values(), strict=True):
        file.write_bytes(body)
    wrong = tmp_path / "wrong.xlsx"
    wrong.write_bytes(tampered(bodies["days"]))
    made = office(tmp_path, "xlsx:Calc MS Excel 2007 XML", *files, wrong)
    for file in files:
        ours, theirs = values(file), values(made / file.name)
        if file.stem != "texts":
            assert theirs == [
                [pytest.approx(one, abs=1e-9) if isinstance(one, float) else one for one in line] for line in ours
            ]
    assert values(made / "wrong.xlsx") == values(made / "days.xlsx")  # so it did calculate
    shown = [line[0] for line in values(made / "texts.xlsx")[5:]]
    assert shown[: len(HOSTILE)] == list(HOSTILE)


def test_libreoffice_lays_out_documents_and_sheets(tmp_path: Path) -> None:
    files = [tmp_path / "text.docx", tmp_path / "days.docx", tmp_path / "print.xlsx"]
    for file, what in zip(files, (texts(HOSTILE[4:6]), sheet(30), sheet(30)), strict=True):
        file.write_bytes(written(file.suffix[1:], what))
    made = office(tmp_path, "pdf", *files)
    text, days, printed = (said(made / f"{file.stem}.pdf") for file in files)
    assert "<b>жирный</b> & " in text
    assert "{{ 7*7 }} {% for x in y %}" in text
    for words in (days, printed):
        assert words.count("Сверх") == words.count("\f") > 1  # on every page
        assert "Итого" in words
    assert "стр. 2 из 2" in days


def said(file: Path) -> str:
    done = subprocess.run(
        [program("pdftotext"), "-layout", str(file), "-"], check=True, capture_output=True, timeout=60
    )
    return done.stdout.decode("utf-8")


def verdict(file: Path) -> str:
    done = subprocess.run([program("pdfsig"), "-nocert", str(file)], capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8")


def test_pdfsig_agrees_that_a_signature_holds_until_a_byte_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(written("pdf", table(), TextOptions(signer=Signer.development())))
    assert "Signature is Valid." in verdict(file)
    assert "Total document signed" in verdict(file)
    changed = bytearray(file.read_bytes())
    changed[changed.index(b"stream") + 40] ^= 1
    file.write_bytes(changed)
    assert "Digest Mismatch" in verdict(file)


def test_pdftotext_reads_cyrillic(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(written("pdf", sheet(3)))
    words = said(file)
    assert "Табель учёта рабочего времени" in words
    assert "Владимирович" in words
