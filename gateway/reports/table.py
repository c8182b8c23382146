"""What a report is before it has a format: columns, rows that are read once, and the line of totals."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

Cell = str | int | float | dt.date | dt.datetime | None
Row = Sequence[Cell]


class ColumnKind(StrEnum):
    """Of a column's cells; hours are decimal (7.25), percent is 0 to 100, a moment is aware UTC."""

    TEXT = "text"
    INTEGER = "integer"
    HOURS = "hours"
    PERCENT = "percent"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of a column: of all rows, or of those alone whose cell in column `where` is `equals`."""

    where: str | None = None
    equals: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in characters. `formula` says how the cell comes of others of its row, in Excel's English.

    Column names in braces stand for cells: `MAX(0,{worked}-{norm})`, `SUM({d01}:{d15})`. The row holds what that comes
    to; only a cell that is a number gets the formula.
    """

    name: str
    title: str
    kind: ColumnKind = ColumnKind.TEXT
    width: int = 12
    formula: str | None = None
    total: Total | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One report on one period. `rows` is walked once; `count` is known before; `made_at` is aware UTC."""

    id: str
    title: str
    period: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    count: int
    made_at: dt.datetime
    zone: dt.tzinfo
    notes: Sequence[str] = ()


class Totals:
    """Sums up while the rows go by."""

    def __init__(self, columns: Sequence[Column]) -> None:
        places = {column.name: place for place, column in enumerate(columns)}
        self._size = len(columns)
        self._sums: dict[int, float] = {
            place: 0 for place, column in enumerate(columns) if column.total and column.kind is not ColumnKind.TEXT
        }
        self._conditions = {
            place: (places[total.where], total.equals)
            for place in self._sums
            if (total := columns[place].total) and total.where
        }

    def add(self, row: Row) -> None:
        """One row."""
        for place in self._sums:
            value = row[place]
            if isinstance(value, (int, float)) and math.isfinite(value) and self._taken(place, row):
                self._sums[place] += value

    def _taken(self, place: int, row: Row) -> bool:
        condition = self._conditions.get(place)
        return condition is None or row[condition[0]] == condition[1]

    def row(self) -> list[Cell]:
        """The line below the rows; None where a column has no total."""
        return [round(self._sums[place], 2) if place in self._sums else None for place in range(self._size)]
