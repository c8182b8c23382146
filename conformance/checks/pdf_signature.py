"""Signatures of a PDF, verified apart from whoever made them (pyHanko): who signed what, and whether it holds."""

from __future__ import annotations

import datetime as dt
import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEVELOPMENT = ("разработка", "development")  # words of a certificate that is nobody's


class Unreadable(Exception):
    """This is no PDF that can be opened; the message says why."""


class NoAuthorities(Exception):
    """The file of those who vouch for signers cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """`intact` is that nothing was changed since; `trusted` that a given authority vouches for who signed.

    `problem` says in words why it does not hold; empty where it does.
    """

    field: str
    signer: str
    signed_at: dt.datetime | None
    intact: bool
    trusted: bool
    is_development: bool
    problem: str


def of_pdf(document: bytes, trust: Path | None = None) -> list[Signature]:
    """Every signature in it, the first first. Raises Unreadable, NoAuthorities."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko_certvalidator import ValidationContext

    if not document.startswith(b"%PDF-"):
        raise Unreadable("it does not begin with %PDF-")
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it logs what it returns, with tracebacks
    context = ValidationContext(trust_roots=_authorities(trust), allow_fetching=False)
    try:
        reader = PdfFileReader(io.BytesIO(document))
        return [_signature(one, context) for one in reader.embedded_signatures]
    except (PdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(str(error) or type(error).__name__) from error


def _signature(embedded: Any, context: Any) -> Signature:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError

    names = embedded.signer_cert.subject.native if embedded.signer_cert else {}
    signer = str(names.get("common_name") or "somebody unnamed")
    told = {
        "field": embedded.field_name,
        "signer": signer,
        "signed_at": embedded.self_reported_timestamp,
        "is_development": all(word in signer for word in DEVELOPMENT),
    }
    try:
        status = validate_pdf_signature(embedded, context)
    except (SignatureValidationError, ValueError) as error:
        return Signature(**told, intact=False, trusted=False, problem=str(error))
    intact = bool(status.intact and status.valid) and _covers(status)
    return Signature(**told, intact=intact, trusted=bool(status.trusted), problem=_problem(status))


def _covers(status: Any) -> bool:
    """Whether nothing was put behind what was signed."""
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    return bool(status.coverage == SignatureCoverageLevel.ENTIRE_FILE)


def _problem(status: Any) -> str:
    if not status.intact:
        return "the file was changed after it was signed"
    if not status.valid:
        return "the signature is not that of the certificate"
    return "" if _covers(status) else "something was added after it was signed"


def _authorities(file: Path | None) -> list[Any]:
    from asn1crypto import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    if file is None:
        return []
    try:
        return [
            x509.Certificate.load(one.public_bytes(Encoding.DER))
            for one in load_pem_x509_certificates(file.read_bytes())
        ]
    except OSError as error:
        raise NoAuthorities(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise NoAuthorities(f"{file} holds no certificates in PEM.") from error
