"""A probe: one question to one operation, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from argus_wfm.conformance.errors import CouldNotTest, HeldBack
from argus_wfm.conformance.model.findings import UNREADABLE, Departure, Drift, Finding
from argus_wfm.openapi import Operation


@dataclass(frozen=True, slots=True)
class Probe:
    """What is asked of one operation; `ask` raises Departure or HeldBack."""

    name: str
    operation: Operation
    ask: Callable[[], object]


def outcome(probe: Probe) -> tuple[str, Departure | None, str]:
    """("pass" | "fail" | "held" | "untested", departure, reason)."""
    try:
        probe.ask()
    except Departure as departure:
        return "fail", departure, str(departure)
    except HeldBack as held:
        return "held", None, str(held)
    except CouldNotTest as error:
        return "untested", None, str(error)
    except UNREADABLE as error:
        words = f"{probe.name} could not read the answer ({type(error).__name__}: {error})"
        return "fail", Departure(Finding("UNREADABLE", Drift.SHAPE, probe.operation.id, "body", words)), words
    return "pass", None, ""
