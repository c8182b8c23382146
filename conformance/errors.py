"""Failures that are told in one line: those that the user can mend, and those that argus is to blame for."""

from __future__ import annotations

import typer
from argus_wfm.conformance.cli.gateway_client import RemoteError
from argus_wfm.conformance.launch.servers import LocalError
from argus_wfm.conformance.model.findings import CouldNotRun
from argus_wfm.conformance.target.target import TargetError
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
