"""What of the contract a run has touched: each operation by each status it documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from openapi import Contract, Operation

Json = Any
TOO_MANY = 429


class State(StrEnum):
    """Of one operation and status."""

    COVERED = "covered"
    DEVIATES = "deviates"  # came, but never as the contract has it
    UNTESTED = "not tested"
    NEEDS_FAULT = "needs a fault"  # 429 and 5xx: no conforming host gives them on request


@dataclass(frozen=True, slots=True)
class Cell:
    """One documented status of an operation."""

    status: int
    state: State
    attempts: int
    matches: int

    @property
    def counts(self) -> bool:
        """Whether a conforming host gives this status on request; others are shown when they came."""
        return not _needs_fault(self.status)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation."""

    operation: Operation
    cells: tuple[Cell, ...]

    def as_dict(self) -> dict[str, Json]:
        """For report.json."""
        statuses = [
            {"status": cell.status, "state": cell.state.value, "attempts": cell.attempts, "matches": cell.matches}
            for cell in self.cells
        ]
        operation = self.operation
        return {"operation": operation.id, "method": operation.method, "path": operation.path, "statuses": statuses}


@dataclass(frozen=True, slots=True)
class Coverage:
    """All operations of the judged contracts."""

    rows: tuple[Row, ...]

    @property
    def percent(self) -> int:
        """Covered among those that need no fault, rounded down: 100 means all."""
        cells = list(self._eligible())
        return 100 * sum(cell.state is State.COVERED for cell in cells) // len(cells) if cells else 0

    @property
    def eligible(self) -> int:
        """How many pairs of operation and status need no fault."""
        return sum(1 for _ in self._eligible())

    @property
    def statuses(self) -> list[int]:
        """Every status that some operation documents and that needs no fault, or came all the same."""
        return sorted({cell.status for row in self.rows for cell in row.cells if cell.state is not State.NEEDS_FAULT})

    def as_dict(self) -> dict[str, Json]:
        """For report.json."""
        return {"operations": [row.as_dict() for row in self.rows], "percent": self.percent, "of": self.eligible}

    def _eligible(self) -> Iterator[Cell]:
        return (cell for row in self.rows for cell in row.cells if cell.counts)


def coverage(contracts: Iterable[Contract], attempts: Mapping[str, int], matches: Mapping[str, int]) -> Coverage:
    """Of counters whose keys are "operation status"."""
    rows = [
        Row(operation, tuple(_cell(operation.id, status, attempts, matches) for status in sorted(operation.statuses)))
        for contract in contracts
        for operation in contract.operations.values()
    ]
    return Coverage(tuple(rows))


def _cell(operation_id: str, status: int, attempts: Mapping[str, int], matches: Mapping[str, int]) -> Cell:
    key = f"{operation_id} {status}"
    tried, held = attempts.get(key, 0), matches.get(key, 0)
    if held:
        state = State.COVERED
    elif tried:
        state = State.DEVIATES
    else:
        state = State.NEEDS_FAULT if _needs_fault(status) else State.UNTESTED
    return Cell(status, state, tried, held)


def _needs_fault(status: int) -> bool:
    return status == TOO_MANY or status >= 500
