"""Figures of one run: medians and ratios to the first line of each table, as Markdown or JSON."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Ask = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured way of answering, with its median in milliseconds and its ratio to the baseline of its table."""

    operation: str
    server: str
    median_ms: float
    p95_ms: float
    ratio: float


def timed(ask: Ask) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def rows(operation: str, times: dict[str, list[float]]) -> list[Row]:
    """One line for each way of answering; the first is the baseline."""
    medians = {server: statistics.median(taken) for server, taken in times.items()}
    baseline = next(iter(medians.values()))
    return [
        Row(operation, server, medians[server], statistics.quantiles(taken, n=20)[-1], medians[server] / baseline)
        for server, taken in times.items()
    ]


def shown(measured: Sequence[Row], requests: int, said: str, *, as_json: bool) -> str:
    """All rows and the conditions they were measured under; `requests` are those of one line."""
    conditions = {"python": platform.python_version(), "machine": platform.machine(), "requests": requests}
    if as_json:
        return json.dumps({"conditions": conditions, "rows": [_as_dict(row) for row in measured]})
    lines = ["| operation | answered by | median, ms | 95 %, ms | ratio |", "|---|---|---|---|---|"]
    for row in measured:
        cells = (row.operation, row.server, f"{row.median_ms:.2f}", f"{row.p95_ms:.2f}", f"{row.ratio:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    where = f"Python {conditions['python']} on {conditions['machine']}, {requests} requests a line"
    return "\n".join([*lines, "", f"{where}, {said}."])


def _as_dict(row: Row) -> dict[str, object]:
    times = {"median_ms": round(row.median_ms, 3), "p95_ms": round(row.p95_ms, 3)}
    return {"operation": row.operation, "server": row.server, **times, "ratio": round(row.ratio, 2)}
