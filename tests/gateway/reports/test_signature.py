"""Certificates that can sign, and words about those that cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from argus_wfm.conformance.checks.pdf_signature import of_pdf
from argus_wfm.gateway.reports.signature import SignatureError, Signer
from argus_wfm.gateway.reports.text import TextOptions
from tests.support.report_tables import table, written

PASSWORD = "пароль"


class Office:
    """A company's authority, and those it vouches for, as PEM files."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, rsa.generate_private_key(65537, 2048)
        self.authority = folder / "authority.pem"
        self._certificate = self._made("ООО «Аргус»", self._key.public_key(), None, 365)
        self.authority.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def employs(self, name: str, password: str | None = None, days: int = 365) -> tuple[Path, Path]:
        """Files of a certificate and its key."""
        key = rsa.generate_private_key(65537, 2048)
        certificate = self._made(name, key.public_key(), self._certificate, days)
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            lock = serialization.BestAvailableEncryption(password.encode())
        form = serialization.PrivateFormat.PKCS8
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, lock))
        return files

    def _made(self, name: str, key: rsa.RSAPublicKey, issuer: x509.Certificate | None, days: int) -> x509.Certificate:
        subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), dt.datetime.now(dt.UTC)
        usage = x509.KeyUsage(True, True, False, False, False, issuer is None, issuer is None, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=400))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(usage, critical=True)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_configured_certificate_signs_and_its_authority_vouches_for_it(company: Office, password: str | None) -> None:
    signer = Signer.configured(*company.employs("Главный бухгалтер", password), password)
    assert (signer.subject, signer.is_development) == ("Главный бухгалтер", False)
    body = written("pdf", table(), TextOptions(signer=signer))
    (one,) = of_pdf(body, company.authority)
    assert (one.signer, one.intact, one.trusted, one.problem) == ("Главный бухгалтер", True, True, "")
    (stranger,) = of_pdf(body)
    assert (stranger.intact, stranger.trusted) == (True, False)


def test_an_authority_vouches_for_nobody_elses(company: Office) -> None:
    (one,) = of_pdf(written("pdf", table(), TextOptions(signer=Signer.development())), company.authority)
    assert (one.intact, one.trusted) == (True, False)


def test_neither_key_nor_certificate_is_in_what_a_signer_shows(company: Office) -> None:
    assert "\\x" not in repr(Signer.configured(*company.employs("Кадровик")))


def missing(company: Office) -> tuple[Path, Path]:
    return company.authority.with_name("nothing.pem"), company.employs("А")[1]


def keyless(company: Office) -> tuple[Path, Path]:
    return company.employs("Б")[0], company.authority.with_name("nothing.key")


def strange(company: Office) -> tuple[Path, Path]:
    return company.employs("В")[0], company.employs("Г")[1]


def swapped(company: Office) -> tuple[Path, Path]:
    certificate, key = company.employs("Д")
    return key, certificate


def locked(company: Office) -> tuple[Path, Path]:
    return company.employs("Е", PASSWORD)


def expired(company: Office) -> tuple[Path, Path]:
    return company.employs("Ж", days=-1)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (missing, "nothing.pem cannot be read"),
        (keyless, "nothing.key cannot be read"),
        (strange, "is not that of the certificate"),
        (swapped, "is no certificate in PEM"),
        (locked, "its password is another"),
        (expired, "expired on"),
    ],
)
def test_what_cannot_sign_is_told_with_the_reason(
    company: Office, files: Callable[[Office], tuple[Path, Path]], words: str
) -> None:
    with pytest.raises(SignatureError, match=words):
        Signer.configured(*files(company))
