"""Coverage of operations, parameters and keywords, and the figure that no filter flatters."""

from __future__ import annotations

import json
from collections import Counter

from argus_wfm.conformance.checks.keywords import declared, exercised
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.report.coverage import coverage
from argus_wfm.conformance.target.known_ids import KnownIds
from argus_wfm.conformance.target.recorder import ExchangeStats, Recorder
from argus_wfm.openapi import load
from tests.support.exchanges import EXAMPLES, JSON, exchange, norm_hours_exchange

PERSONNEL, MCE = load("personnel"), load("mce")
NORM = PERSONNEL.operations["getNormHours"]


def test_keywords_of_a_request_are_tried_rightly_and_wrongly() -> None:
    tried = dict(
        exercised(norm_hours_exchange({**json.loads(json.dumps(EXAMPLES["getNormHours request"])), "weekly_norm": 61}))
    )
    assert tried["getNormHours|body|/weekly_norm|maximum"] is False
    assert tried["getNormHours|body|/weekly_norm|type"] is True
    assert tried["getNormHours|body||additionalProperties"] is True
    assert tried["getNormHours|reply 200|/norm_hours|type"] is True
    assert set(tried) <= set(declared(PERSONNEL, NORM))


def test_parameters_are_read_from_path_and_query() -> None:
    url = "http://argus.example/x/agents/2025-07-01/01.07.2025"
    of = PERSONNEL.operations["getAgents"]
    seen = Exchange(PERSONNEL, of, "GET", url, {}, b"", 400, JSON, b"{}", 0.0, "http://argus.example/x")
    tried = dict(exercised(seen))
    assert tried["getAgents|path startDate||format"] is True
    assert tried["getAgents|path endDate||format"] is False


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


def test_ids_of_any_reply_are_kept_by_what_they_name() -> None:
    known_ids = KnownIds()
    known_ids.take(exchange())
    known_ids.take(exchange("getNormHours", 400, {"employee_id": "никто"}))
    assert (
        known_ids.of("agentId")
        == known_ids.of("employee_id")
        == [one["agent_id"] for one in EXAMPLES["getAgents 200"]["agents"]]
    )
    assert known_ids.of("startDate") == []
    other = KnownIds()
    other.add(known_ids.as_dict())
    assert other.of("agent_id") == known_ids.of("agent_id")
    other.clear()
    assert other.of("agent_id") == []
