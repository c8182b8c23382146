"""Faults that are switched on: which one strikes, how often, and after what delay."""

from __future__ import annotations

import statistics
from typing import Any

from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.parser import from_json, from_text

OPERATIONS = frozenset({"getAgents", "getNormHours", "sendSchedule"})


def test_first_fault_that_strikes_is_the_only_one_and_times_run_out() -> None:
    board = ActiveFaults(OPERATIONS)
    for text in ("status,times=2,operation=getAgents", "latency,seconds=5", "hang"):
        board.switch_on(from_text(text, OPERATIONS))
    got = [board.decision("getAgents") for _ in range(3)]
    assert [decision.active and decision.active.fault.fault for decision in got] == ["status", "status", "hang"]
    assert [decision.delay_s for decision in got] == [0, 0, 5]
    assert [fault["left"] for fault in board.shown()] == [0, None, None]
    assert board.arrived == {"getAgents": 3}


def test_random_delays_follow_their_seed_and_their_distribution() -> None:
    def delays(**fault: Any) -> list[float]:
        board = ActiveFaults(["getAgents"])
        board.switch_on(from_json(fault, board.operations))
        return [board.decision("getAgents").delay_s for _ in range(400)]

    uniform, lognormal = {"fault": "uniform", "lower": 1, "upper": 3}, {"fault": "lognormal", "median": 2, "sigma": 0.5}
    assert delays(**uniform) == delays(**uniform) != delays(**uniform, seed=2)
    assert 1 <= min(delays(**uniform)) < 1.1 < 2.9 < max(delays(**uniform)) <= 3
    assert 1.8 < statistics.median(delays(**lognormal)) < 2.2
    assert max(delays(**lognormal)) > 5
