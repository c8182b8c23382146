"""Coverage of operations, parameters and keywords, with a total that no filter improves."""

from __future__ import annotations

import json
from collections import Counter

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.report.coverage import CoverageState, coverage
from argus_wfm.conformance.target.recorder import ExchangeStats, Recorder
from argus_wfm.openapi import load
from tests.support.exchanges import EXAMPLES, norm_hours_exchange

PERSONNEL, MCE = load("personnel"), load("mce")
NORM = PERSONNEL.operations["getNormHours"]


def test_a_run_adds_up_both_ways_over_processes() -> None:
    recorder = Recorder()
    right = EXAMPLES["getNormHours request"]
    for body in (right, {**right, "weekly_norm": "сорок"}):
        recorder.add(norm_hours_exchange(body))
    seen = ExchangeStats()
    seen.merge(ExchangeStats.from_dict(json.loads(json.dumps(recorder.drain().as_dict()))))
    row = next(row for row in coverage([PERSONNEL], seen).rows if row.operation is NORM)
    keywords = {(part.name, *keyword[:2]): keyword[2:] for part in row.parts for keyword in part.keywords}
    assert keywords["body", "/weekly_norm", "type"] == (1, 1)
    both, one, whole = row.requested
    assert both >= 1
    assert both + one < whole
    assert row.replied[0] > 0


def test_a_filter_does_not_flatter_the_absolute_figure() -> None:
    every = {f"{one.id} {status}": 1 for one in PERSONNEL.operations.values() for status in one.statuses}
    seen = ExchangeStats(Counter(every), Counter(every))
    alone, whole = coverage([PERSONNEL], seen, [MCE]), coverage([PERSONNEL, MCE], seen)
    assert (alone.percent, whole.absolute) == (100, whole.percent)
    assert alone.absolute == whole.absolute < 100
    assert set(alone.as_dict()["excluded"]) == set(MCE.operations)


def test_what_was_held_back_leaves_the_figure_but_not_the_absolute_one() -> None:
    every = {f"getAgents {status}": 1 for status in PERSONNEL.operations["getAgents"].statuses}
    every["sendSchedule 405"] = 1  # of another method, which is safe to send
    seen = ExchangeStats(Counter(every), Counter(every))
    held = coverage([PERSONNEL], seen, held=["sendSchedule"])
    assert held.percent > coverage([PERSONNEL], seen).percent == held.absolute
    assert {row.operation.id: row.remark for row in held.rows}["sendSchedule"] == "held back for safety"


def test_an_operation_that_never_matched_is_not_implemented() -> None:
    seen = ExchangeStats(Counter({"getAgents 404": 3}))
    remarks = {row.operation.id: row.remark for row in coverage([PERSONNEL], seen).rows}
    assert (remarks["getAgents"], remarks["getNormHours"]) == ("not implemented", "not tested")


def test_what_the_host_has_beside_the_contract_is_told() -> None:
    recorder = Recorder()
    stray = Exchange(PERSONNEL, None, "DELETE", "http://argus.example/all", {}, b"", 204, {}, b"")
    recorder.add(stray)
    assert coverage([PERSONNEL], recorder.drain()).as_dict()["missing_in_spec"] == [stray.name]


def test_coverage_counts_what_needs_no_fault() -> None:
    covered = coverage(
        [load("personnel")],
        ExchangeStats(Counter({"getAgents 200": 2, "getAgents 400": 1}), Counter({"getAgents 200": 1})),
    )
    states = {cell.status: cell.state for cell in covered.rows[0].cells}
    assert (states[200], states[400], states[401]) == (
        CoverageState.COVERED,
        CoverageState.DEVIATES,
        CoverageState.UNTESTED,
    )
    assert (states[429], states[504]) == (CoverageState.NEEDS_FAULT, CoverageState.NEEDS_FAULT)
    assert covered.percent == 100 // covered.eligible
