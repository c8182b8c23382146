"""Signs a PDF (PAdES, by pyHanko) with a certificate that was configured, or with one made for development."""

from __future__ import annotations

import datetime as dt
import functools
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

FIELD = "Signature"
REASON = "Утверждено"
DEVELOPMENT = "Argus: разработка / development"
YEARS_10 = dt.timedelta(days=3650)
Box = tuple[int, int, int, int]  # left, bottom, right, top in points


class SignatureError(Exception):
    """Certificate or key cannot be used; the message says which file, and why."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate with its key; `subject` is whom it names."""

    subject: str
    is_development: bool
    _certificate: bytes = field(repr=False)
    _key: bytes = field(repr=False)
    _chain: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def configured(cls, certificate: Path, key: Path, password: str | None = None) -> Signer:
        """From PEM files; the certificate's may hold its chain behind it. Raises SignatureError."""
        first, *chain = _certificates(certificate)
        private = _private_key(key, password)
        if _public(private.public_key()) != _public(first.public_key()):
            raise SignatureError(f"The key {key} is not that of the certificate {certificate}.")
        if first.not_valid_after_utc < dt.datetime.now(dt.UTC):
            raise SignatureError(f"The certificate {certificate} expired on {first.not_valid_after_utc:%Y-%m-%d}.")
        return cls(_subject(first), False, _der(first), _pkcs8(private), tuple(map(_der, chain)))

    @classmethod
    def development(cls) -> Signer:
        """Of this process; nobody trusts it, and its name says so."""
        return _development()

    def sign(self, document: bytes, box: Box, out: BinaryIO) -> None:
        """`document` with a signature of now over all of it, its field at `box` of the last page."""
        from asn1crypto import keys
        from asn1crypto import x509 as asn1
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers
        from pyhanko.stamp import TextStampStyle
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        store: Any = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple([asn1.Certificate.load(one) for one in self._chain])
        signer = signers.SimpleSigner(
            asn1.Certificate.load(self._certificate), keys.PrivateKeyInfo.load(self._key), store
        )
        meta = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            reason=REASON,
            name=self.subject,
            subfilter=fields.SigSeedSubFilter.PADES,
        )
        place = fields.SigFieldSpec(FIELD, on_page=-1, box=box)
        bare = TextStampStyle(stamp_text=" ", background=None, border_width=0)  # the page has its own words there
        writer = IncrementalPdfFileWriter(io.BytesIO(document))
        signers.PdfSigner(meta, signer, stamp_style=bare, new_field_spec=place).sign_pdf(writer, output=out)


@functools.cache
def _development() -> Signer:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEVELOPMENT)])
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + YEARS_10)
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Signer(DEVELOPMENT, True, _der(certificate), _pkcs8(key))


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise SignatureError(f"The certificate {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SignatureError(f"{file} is no certificate in PEM: {error}") from error


def _private_key(file: Path, password: str | None) -> Any:
    try:
        return serialization.load_pem_private_key(file.read_bytes(), password.encode() if password else None)
    except OSError as error:
        raise SignatureError(f"The key {file} cannot be read: {error.strerror}.") from error
    except (TypeError, ValueError) as error:
        raise SignatureError(f"{file} is no private key in PEM, or its password is another: {error}") from error


def _subject(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _pkcs8(key: Any) -> bytes:
    form, open_ = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.DER, form, open_))


def _public(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_bytes(serialization.Encoding.DER, form))
