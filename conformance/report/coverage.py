"""What of the contract a run has touched: operations, statuses, parameters and keywords, over all kinds of tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from argus_wfm.conformance.checks.keywords import declared
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation

TOO_MANY = 429
OF_THE_PATH = 405  # says nothing about whether the operation is there


class CoverageState(StrEnum):
    """Of one operation and status."""

    COVERED = "covered"
    DEVIATES = "deviates"  # came, but never as the contract has it
    UNTESTED = "not tested"
    NEEDS_FAULT = "needs a fault"  # 429 and 5xx: no conforming host gives them on request


@dataclass(frozen=True, slots=True)
class Cell:
    """One documented status of an operation."""

    status: int
    state: CoverageState
    attempts: int
    matches: int

    @property
    def counts(self) -> bool:
        """Whether a conforming host gives this status on request; others are shown when they came."""
        return not _needs_fault(self.status)


@dataclass(frozen=True, slots=True)
class Part:
    """Of an operation: a parameter, the body, or a reply; keywords are (place, name, right, wrong)."""

    name: str
    keywords: tuple[tuple[str, str, int, int], ...]

    @property
    def touched(self) -> bool:
        return any(right or wrong for _, _, right, wrong in self.keywords)

    @property
    def both(self) -> int:
        """Keywords that saw right and wrong values."""
        return sum(bool(right and wrong) for _, _, right, wrong in self.keywords)

    @property
    def one(self) -> int:
        """Keywords that saw right values alone, or wrong ones alone."""
        return sum(bool(right) != bool(wrong) for _, _, right, wrong in self.keywords)

    def as_dict(self) -> Json:
        """For report.json."""
        keywords = [
            {"place": place, "keyword": keyword, "valid": right, "invalid": wrong}
            for place, keyword, right, wrong in self.keywords
        ]
        return {"part": self.name, "keywords": keywords}


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One operation; `excluded` says why it was left out of this run, or is ""."""

    operation: Operation
    cells: tuple[Cell, ...]
    file: str = ""
    parts: tuple[Part, ...] = ()
    excluded: str = ""

    @property
    def remark(self) -> str:
        """By attempts and matches, as Specmatic counts."""
        own = [cell for cell in self.cells if cell.status != OF_THE_PATH]
        if any(cell.matches for cell in own):
            return "covered"
        if any(cell.attempts for cell in own):
            return "not implemented"
        return self.excluded or "not tested"

    @property
    def requested(self) -> tuple[int, int, int]:
        """(both, one, all) keywords of what is sent."""
        return _summed(part for part in self.parts if not part.name.startswith("reply "))

    @property
    def replied(self) -> tuple[int, int]:
        """(touched, all) keywords of what comes back; a conforming host never shows wrong values."""
        replies = [part for part in self.parts if part.name.startswith("reply ")]
        both, one, whole = _summed(replies)
        return both + one, whole

    def as_dict(self) -> dict[str, Json]:
        """For report.json."""
        statuses = [
            {"status": cell.status, "state": cell.state.value, "attempts": cell.attempts, "matches": cell.matches}
            for cell in self.cells
        ]
        operation = self.operation
        return {"operation": operation.id, "method": operation.method, "path": operation.path, "statuses": statuses,
                "remark": self.remark, "parts": [part.as_dict() for part in self.parts]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Coverage:
    """All operations of the judged contracts."""

    rows: tuple[CoverageRow, ...]
    others: tuple[CoverageRow, ...] = ()  # of contracts that were left out of the run
    strays: tuple[str, ...] = ()  # what the host has and the contract has not

    @property
    def percent(self) -> int:
        """Covered among those that need no fault and were not left out, rounded down: 100 means all."""
        return _percent(self._eligible())

    @property
    def absolute(self) -> int:
        """The same of all operations of all contracts, whatever was left out of this run."""
        return _percent(cell for row in (*self.rows, *self.others) for cell in row.cells if cell.counts)

    @property
    def keywords(self) -> tuple[int, int, int]:
        """(both, one, all) keywords of requests: tried rightly and wrongly, in one of both ways, declared."""
        counts = [row.requested for row in self.rows]
        return sum(c[0] for c in counts), sum(c[1] for c in counts), sum(c[2] for c in counts)

    @property
    def parameters(self) -> tuple[int, int]:
        """(touched, all) parameters of path, query and header."""
        parts = [part for row in self.rows for part in row.parts if " " in part.name and "reply" not in part.name]
        return sum(part.touched for part in parts), len(parts)

    @property
    def eligible(self) -> int:
        """How many pairs of operation and status need no fault."""
        return sum(1 for _ in self._eligible())

    @property
    def statuses(self) -> list[int]:
        """Every status that some operation documents and that needs no fault, or came all the same."""
        return sorted(
            {cell.status for row in self.rows for cell in row.cells if cell.state is not CoverageState.NEEDS_FAULT}
        )

    def as_dict(self) -> dict[str, Json]:
        """For report.json."""
        return {"operations": [row.as_dict() for row in self.rows], "percent": self.percent, "of": self.eligible,
                "absolute_percent": self.absolute, "missing_in_spec": list(self.strays),
                "keywords": dict(zip(("both", "one", "all"), self.keywords, strict=True)),
                "parameters": dict(zip(("touched", "all"), self.parameters, strict=True)),
                "excluded": [row.operation.id for row in (*self.rows, *self.others) if row.excluded]}  # fmt: skip

    def _eligible(self) -> Iterator[Cell]:
        return (cell for row in self.rows if not row.excluded for cell in row.cells if cell.counts)


def coverage(
    contracts: Iterable[Contract], seen: ExchangeStats, others: Iterable[Contract] = (), held: Collection[str] = ()
) -> Coverage:
    """Of what was seen; `others` are contracts, and `held` operations, that this run left out."""
    rows = [_row(contract, operation, seen, held) for contract in contracts for operation in _all(contract)]
    absent = [_row(contract, operation, seen, held, "left out") for contract in others for operation in _all(contract)]
    return Coverage(tuple(rows), tuple(absent), tuple(sorted(seen.strays)))


def _all(contract: Contract) -> Iterable[Operation]:
    return contract.operations.values()


def _row(
    contract: Contract, operation: Operation, seen: ExchangeStats, held: Collection[str], excluded: str = ""
) -> CoverageRow:
    cells = tuple(_cell(operation.id, status, seen.attempts, seen.matches) for status in sorted(operation.statuses))
    if not excluded and operation.id in held and not any(cell.attempts for cell in cells if cell.status != OF_THE_PATH):
        excluded = "held back for safety"
    return CoverageRow(operation, cells, f"{contract.name}.yaml", _parts(contract, operation, seen), excluded)


def _parts(contract: Contract, operation: Operation, seen: ExchangeStats) -> tuple[Part, ...]:
    found: dict[str, list[tuple[str, str, int, int]]] = {}
    for name in declared(contract, operation):
        _, part, place, keyword = name.split("|")
        found.setdefault(part, []).append((place, keyword, seen.right[name], seen.wrong[name]))
    return tuple(Part(part, tuple(keywords)) for part, keywords in found.items())


def _summed(parts: Iterable[Part]) -> tuple[int, int, int]:
    chosen = list(parts)
    return sum(part.both for part in chosen), sum(part.one for part in chosen), sum(len(p.keywords) for p in chosen)


def _percent(cells: Iterable[Cell]) -> int:
    states = [cell.state for cell in cells]
    return 100 * states.count(CoverageState.COVERED) // len(states) if states else 0


def _cell(operation_id: str, status: int, attempts: Mapping[str, int], matches: Mapping[str, int]) -> Cell:
    key = f"{operation_id} {status}"
    tried, held = attempts.get(key, 0), matches.get(key, 0)
    if held:
        state = CoverageState.COVERED
    elif tried:
        state = CoverageState.DEVIATES
    else:
        state = CoverageState.NEEDS_FAULT if _needs_fault(status) else CoverageState.UNTESTED
    return Cell(status, state, tried, held)


def _needs_fault(status: int) -> bool:
    return status == TOO_MANY or status >= 500
