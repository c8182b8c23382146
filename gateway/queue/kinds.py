"""The kinds of operations, and the queue's policy: priorities, batch sizes (seed sections 5 and 9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

REPORT = "report_export"
LEVEL = 400_000_000  # operations of one priority before their order could mix; five levels fit dbos's 31 bits


class OperationStatus(StrEnum):
    """Of an operation; the last three are final unless somebody redrives a dead letter."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    DEAD = "dead_letter"
    CANCELLED = "cancelled"


OPEN = (OperationStatus.QUEUED, OperationStatus.WAITING, OperationStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class OperationKind:
    """What an operation does; `unit` is what its progress counts, `batch` how many of them go out at once.

    Of an `alone` kind one runs at a time, whichever process runs it. Ids begin with `prefix`.
    """

    name: str
    title: str
    priority: int
    unit: str
    batch: int
    alone: bool = False
    prefix: str = "op-"


KINDS = {
    kind.name: kind
    for kind in (
        OperationKind("personnel_sync", "Personnel sync", 2, "employees", 500, alone=True),
        OperationKind("schedule_upload", "Schedule upload", 3, "employees", 100),
        OperationKind("fact_transfer", "Fact transfer", 3, "shifts", 1),
        OperationKind("site_transfer", "Site transfer", 3, "shifts", 50, alone=True),
        OperationKind("timesheet_request", "Timesheet request", 4, "employees", 50),
        OperationKind(REPORT, "Report export", 5, "rows", 50, prefix="RPT-"),
    )
}


def place(priority: int, number: int) -> int:
    """The place in dbos's order: by priority, and first in first out inside of one; the lowest goes first."""
    return (priority - 1) * LEVEL + number % LEVEL + 1
