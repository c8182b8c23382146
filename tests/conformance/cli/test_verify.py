"""`argus verify` on the command line: words, exit codes, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from argus_wfm.conformance.cli.app import main
from argus_wfm.gateway.reports.signature import Signer, _development
from argus_wfm.gateway.reports.text import TextOptions
from tests.support.report_tables import table, written


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signed with the development certificate."""
    file = tmp_path_factory.mktemp("reports") / "отчёт.pdf"
    file.write_bytes(written("pdf", table(), TextOptions(signer=Signer.development())))
    return file


def changed(report: Path, folder: Path) -> Path:
    body = bytearray(report.read_bytes())
    body[body.index(b"stream") + 40] ^= 1
    file = folder / "changed.pdf"
    file.write_bytes(body)
    return file


def test_a_signed_report_holds(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(report)]) == 0
    said = capsys.readouterr().out
    assert "Argus: разработка / development" in said
    assert "yes, nothing was changed since" in said
    assert "a certificate for development" in said


def test_a_changed_one_does_not(report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(changed(report, tmp_path))]) == 1
    assert "NO: the file was changed after it was signed" in capsys.readouterr().out
    assert main(["verify", str(changed(report, tmp_path)), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["signatures"][0]["intact"]) == (False, False)


def test_json_says_it_all(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(report), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (one,) = told["signatures"]
    assert (told["file"], told["holds"], told["problem"]) == (str(report), True, None)
    assert one["signed_at"].endswith("+00:00")
    assert {name: one[name] for name in ("intact", "trusted", "development", "problem")} == {
        "intact": True,
        "trusted": False,
        "development": True,
        "problem": None,
    }


def test_with_authorities_only_those_they_vouch_for_pass(
    report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trusted, others, none = (tmp_path / name for name in ("trusted.pem", "others.pem", "none.pem"))
    trusted.write_bytes(_pem(Signer.development()))
    others.write_bytes(_pem(_development.__wrapped__()))
    none.write_bytes(b"")
    assert main(["verify", str(report), "--trust", str(trusted)]) == 0
    assert main(["verify", str(report), "--trust", str(others)]) == 1
    assert main(["verify", str(report), "--trust", str(none)]) == 2
    assert "holds no certificates in PEM" in capsys.readouterr().err


def _pem(signer: Signer) -> bytes:
    return x509.load_der_x509_certificate(signer._certificate).public_bytes(Encoding.PEM)


@pytest.mark.parametrize("form", ["xlsx", "docx", "csv", "pdf"])
def test_what_is_not_signed_is_told_so(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"report.{form}"
    file.write_bytes(written(form, table()))
    assert main(["verify", str(file)]) == 1
    assert "there is no signature in it" in capsys.readouterr().out


def test_half_a_report_is_not_what_was_signed(report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "half.pdf"
    file.write_bytes(report.read_bytes()[:5000])
    assert main(["verify", str(file)]) == 1
    assert "it does not open as a PDF" in capsys.readouterr().out


def test_no_file_could_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "nothing.pdf")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["verify", str(tmp_path)]) == 2
