"""Failures that are told in one line: the user can mend them."""

from __future__ import annotations

import typer

from conformance.findings import CouldNotRun
from conformance.local import LocalError
from conformance.remote import RemoteError
from conformance.target import TargetError
from openapi.server import PortTaken

EXPECTED: tuple[type[Exception], ...] = (
    CouldNotRun,
    LocalError,
    RemoteError,
    TargetError,
    PortTaken,
    typer.TyperException,
)
