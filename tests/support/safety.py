"""A safety guard on a clock that the test moves, and its journal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from argus_wfm.conformance.target.kill_switch import Limits
from argus_wfm.conformance.target.safety import Block, SafetyGuard

URL = "http://argus.example/x"


class SleepingClock:
    """A clock that moves by sleeping."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def guard(
    folder: Path, time: SleepingClock | None = None, *, blocked: dict[str, Block] | None = None, **limits: Any
) -> SafetyGuard:
    time = time or SleepingClock()
    given = replace(Limits(journal=str(folder / "journal.jsonl"), rate=1e9), **limits)
    return SafetyGuard(given, blocked or {}, clock=time, sleep=time.sleep)


def ask(
    through: SafetyGuard, status: int = 200, operation: str = "getAgents", effect: str = "read", **options: Any
) -> None:
    with through.request(operation, "GET", URL, effect, **options) as pending:
        pending.status = status


def lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
