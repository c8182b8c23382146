"""`argus verify`: whether the signature of a report holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.json_type import Json

if TYPE_CHECKING:
    from argus_wfm.conformance.checks.pdf_signature import Signature

HOLDS, DOES_NOT = 0, 1
NONE = "there is no signature in it; only PDF reports are signed"
EXAMPLES = "argus verify report.pdf   |   argus verify report.pdf --trust company-ca.pem --json"


def verify(
    file: Annotated[Path, typer.Argument(help="A report as it was downloaded.", show_default=False)],
    trust: Annotated[Path | None, Option(help="Authorities (PEM), of which one has to vouch for who signed.")] = None,
    as_json: Annotated[bool, Option("--json", help="One JSON document instead of lines.")] = False,
) -> None:
    """Say who signed a PDF report and when, and whether anything was changed since.

    Exit codes: 0 signed and unchanged (and vouched for, with --trust), 1 not, 2 the file cannot be read.
    """
    from argus_wfm.conformance.checks.pdf_signature import NoAuthorities, Unreadable, of_pdf

    why = NONE
    try:
        content = file.read_bytes()
        found = of_pdf(content, trust) if content.startswith(b"%PDF-") else []
    except OSError as error:
        raise CouldNotRun(f"{file} cannot be read: {error.strerror}.") from error
    except NoAuthorities as error:
        raise CouldNotRun(str(error)) from error
    except Unreadable as error:  # so it is not what was signed
        found, why = [], f"it does not open as a PDF: {error}"
    holds = bool(found) and all(one.intact and (one.trusted or trust is None) for one in found)
    if as_json:
        output.machine(
            {"file": str(file), "holds": holds, "problem": None if found else why, "signatures": [*map(_shown, found)]}
        )
    else:
        _tell(file, found, why, trusting=trust is not None)
    raise typer.Exit(HOLDS if holds else DOES_NOT)


def _tell(file: Path, found: list[Signature], why: str, *, trusting: bool) -> None:
    if not found:
        output.text(f"{file}: {why}.")
    for one in found:
        output.facts(
            [
                ("signature", one.field),
                ("signed by", one.signer),
                ("signed at", one.signed_at and one.signed_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
                ("holds", "yes, nothing was changed since" if one.intact else f"NO: {one.problem}"),
                ("trusted", _trust(one, trusting=trusting)),
            ]
        )


def _trust(one: Signature, *, trusting: bool) -> str:
    if one.trusted:
        return "yes"
    if one.is_development:
        return "no: a certificate for development, which is nobody's"
    return "no: none of the given authorities vouches for it" if trusting else "not asked; --trust names authorities"


def _shown(one: Signature) -> Json:
    return {
        "field": one.field,
        "signer": one.signer,
        "signed_at": one.signed_at and one.signed_at.isoformat(),
        "intact": one.intact,
        "trusted": one.trusted,
        "development": one.is_development,
        "problem": one.problem or None,
    }
