"""Failures that are told in one line: those that the user can mend, and those that argus is to blame for."""

from __future__ import annotations

import typer
from argus_wfm.conformance.findings import CouldNotRun
from argus_wfm.conformance.parties import LocalError
from argus_wfm.conformance.remote import RemoteError
from argus_wfm.conformance.target import TargetError
from argus_wfm.openapi.server import PortTaken

EXPECTED: tuple[type[Exception], ...] = (
    CouldNotRun,
    LocalError,
    RemoteError,
    TargetError,
    PortTaken,
    typer.TyperException,
)


def told(error: Exception) -> str:
    """In one line."""
    if isinstance(error, typer.TyperException):
        words = error.format_message()
    elif isinstance(error, EXPECTED):
        words = str(error)
    else:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        words = f"This is a fault of argus: {what}. argus --debug shows where."
    return " ".join(words.split())
