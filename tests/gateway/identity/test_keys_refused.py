"""One line of `argus serve` and `argus worker` for keys, or a directory, that they cannot take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa

from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY
from tests.support.http_client import BASE, NOWHERE, TOKEN_KEY
from tests.support.keys import MAKERS, pem, public_pem


class TestOneLine:
    """`argus serve` with keys that it cannot take."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        given = {"ZUP_URL": NOWHERE + BASE, "ZUP_USER": "u", "ZUP_PASSWORD": "p", "USER": "u", "PASSWORD": "p"}
        database = f"sqlite:///{tmp_path / 'argus.sqlite3'}"
        for name, value in {**given, "PORT": "0", "DATABASE_URL": database, "TOKEN_KEYS": str(tmp_path)}.items():
            monkeypatch.setenv(f"ARGUS_{name}", value)

    def said(self, capsys: pytest.CaptureFixture[str], command: str = "serve") -> str:
        assert main([command]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("argus: ")
        assert told.err.count("\n") == 1, told.err
        return told.err

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (lambda: pem(rsa.generate_private_key(65537, 1024)), "none of P-256, Ed25519 and RSA"),
            (lambda: pem(ec.generate_private_key(ec.SECP384R1())), "none of P-256, Ed25519 and RSA"),
            (lambda: pem(ec.generate_private_key(ec.SECP256K1())), "none of P-256, Ed25519 and RSA"),
            (lambda: pem(ed448.Ed448PrivateKey.generate()), "none of P-256, Ed25519 and RSA"),
            (lambda: pem(dsa.generate_private_key(1024)), "none of P-256, Ed25519 and RSA"),
            (lambda: pem(MAKERS["EdDSA"](), b"secret"), "no private key in PEM without a passphrase"),
            (lambda: public_pem(MAKERS["EdDSA"]()), "no private key in PEM without a passphrase"),
            (lambda: b"", "no private key in PEM without a passphrase"),
            (lambda: b"-----BEGIN PRIVATE KEY-----\n\xff\n-----END PRIVATE KEY-----", "no private key in PEM"),
        ],
    )
    def test_of_a_key(
        self, content: Callable[[], bytes], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "1.pem").write_bytes(pem(MAKERS["EdDSA"]()))
        (tmp_path / "2.pem").write_bytes(content())
        line = self.said(capsys)
        assert "ARGUS_TOKEN_KEYS: 2.pem" in line
        assert reason in line

    def test_of_a_folder(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "holds no key" in self.said(capsys)
        (tmp_path / "1.pem").mkdir()
        line = self.said(capsys, "worker")
        assert "1.pem" in line
        assert "Is a directory" in line
        monkeypatch.setenv("ARGUS_TOKEN_KEYS", str(tmp_path / "nowhere"))
        assert "nowhere holds no key" in self.said(capsys)

    def test_of_two_ways_of_signing(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ARGUS_TOKEN_KEY", TOKEN_KEY)
        assert "ARGUS_TOKEN_KEY and ARGUS_TOKEN_KEYS are two ways of signing; set one" in self.said(capsys)

    @pytest.mark.parametrize("command", ["serve", "worker"])
    def test_of_the_key_of_development(
        self, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("ARGUS_TOKEN_KEYS")
        monkeypatch.setenv("ARGUS_TOKEN_KEY", DEVELOPMENT_KEY)
        line = self.said(capsys, command)
        assert "ARGUS_TOKEN_KEY is the key of argus up" in line
        assert DEVELOPMENT_KEY not in line

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("LDAP_URL", "ldap://127.0.0.1:x", "ARGUS_LDAP_URL is no address of a directory"),
            ("LDAP_URL", "http://127.0.0.1", "ARGUS_LDAP_URL: "),
            ("LDAP_CA_FILE", "/nowhere.pem", "ARGUS_LDAP_CA_FILE /nowhere.pem holds no certificates"),
            ("LDAP_CA_FILE", __file__, "holds no certificates"),
        ],
    )
    def test_of_the_directory(
        self,
        name: str,
        value: str,
        reason: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / "1.pem").write_bytes(pem(MAKERS["EdDSA"]()))
        monkeypatch.setenv("ARGUS_LDAP_URL", "ldap://127.0.0.1:1")
        monkeypatch.setenv(f"ARGUS_{name}", value)
        assert reason in self.said(capsys)
