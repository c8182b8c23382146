"""Options that several commands on a running gateway take."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from argus_wfm.conformance.errors import RemoteError


class OperationKind(StrEnum):
    """What an operation does."""

    SYNC = "personnel_sync"
    SCHEDULE = "schedule_upload"
    FACTS = "fact_transfer"
    SITES = "site_transfer"
    TIMESHEETS = "timesheet_request"
    REPORT = "report_export"


class OperationStatus(StrEnum):
    """Of an operation."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    DEAD = "dead_letter"
    CANCELLED = "cancelled"


class Direction(StrEnum):
    """Of a call in the audit trail."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    QUEUE = "queue"


LARGEST = 100_000  # rows of one listing

Url = Annotated[
    str, Option(envvar="ARGUS_URL", help="The gateway; a token is ARGUS_TOKEN, or signed for this machine.")
]
AsJson = Annotated[bool, Option("--json", help="The gateway's JSON instead of a table.")]
Since = Annotated[str, Option(help="At or after this instant, e.g. 2025-07-29T01:30:00Z; UTC without a zone.")]
Until = Annotated[str, Option(help="Before this instant.")]
Limit = Annotated[int, Option(min=1, max=LARGEST, help="Rows at most.")]
OfKind = Annotated[OperationKind | None, Option(help="Of this kind alone.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Of an operation.")]
Output = Annotated[Path | None, Option("--output", help="Write it to this file.")]

LOCAL_URL = "http://127.0.0.1:8090"


def instant(option: str, text: str) -> str | None:
    """As the gateway takes it: in UTC, with Z; None for an option that was not given. Raises RemoteError."""
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
        moment = moment.astimezone(dt.UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise RemoteError(f"{option} {text} is no instant; write it as 2025-07-29T01:30:00Z.") from error
    return f"{moment.replace(tzinfo=None).isoformat()}Z"
