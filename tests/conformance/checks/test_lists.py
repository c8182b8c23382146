"""Lists and rows that are right-shaped and wrong all the same: counts, orders, pages, states."""

import copy
import json
from typing import Any

import pytest

from argus_wfm.conformance.generated.checks import findings
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.openapi import load

MCE = load("mce")
JSON = {"content-type": "application/json", "x-session-id": "s"}
EXAMPLES = {where: example for where, _, example in MCE.examples()}
AGENT = EXAMPLES["listAgentStatuses 200"]["agents"][0]
BREAK = {"reason": "lunch", "allowed_minutes": 60, "overrun": False}


def agent(agent_id: str = "MCE001", status: Any = "available", **members: Any) -> Any:
    return {**AGENT, "agent_id": agent_id, "status": status, "call_id": None, "queue": None, "break": None, **members}


def agents(*rows: Any) -> Any:
    return {**EXAMPLES["listAgentStatuses 200"], "agents": list(rows), "total_count": len(rows)}


def changes(*sequences: int) -> Any:
    (one, *_) = EXAMPLES["listAgentChanges 200"]["items"]
    return {"items": [{**one, "sequence": sequence} for sequence in sequences], "next": None}


def breaks(*since: str) -> Any:
    (one, *_) = EXAMPLES["listBreaks 200"]["breaks"]
    rows = [{**one, "agent_id": f"MCE{number:03}", "since": moment} for number, moment in enumerate(since, 1)]
    return {"breaks": rows, "total_count": len(rows)}


def said(operation: str, body: Any, query: str = "") -> list[tuple[str, str]]:
    of, content = MCE.operations[operation], json.dumps(body, ensure_ascii=False).encode()
    seen = Exchange(MCE, of, "GET", f"http://argus.example/x{query}", {}, b"", 200, dict(JSON), content)
    return [(found.code, found.where) for found in findings(seen)]


@pytest.mark.parametrize("operation", [name for name in MCE.operations if f"{name} 200" in EXAMPLES])
def test_the_contract_s_own_examples_have_no_finding(operation: str) -> None:
    assert said(operation, copy.deepcopy(EXAMPLES[f"{operation} 200"])) == []


def test_counts() -> None:
    queues = EXAMPLES["listQueues 200"]
    assert said("listQueues", {**queues, "total_count": 9}) == [("COUNT", "/total_count")]
    assert said("listBreaks", {**breaks(), "total_count": 1}) == [("COUNT", "/total_count")]


@pytest.mark.parametrize(
    ("ids", "right"),
    [
        (["MCE001", "MCE002", "MCE010"], True),
        (["MCE999", "MCE1000"], True),
        (["MCE1000", "MCE999"], True),  # by characters
        (["MCE002", "MCE001"], False),
        (["b", "a"], False),
        ([], True),
    ],
)
def test_agents_are_in_the_order_of_their_ids_whichever_that_is(ids: list[str], right: bool) -> None:
    assert said("listAgentStatuses", agents(*map(agent, ids))) == ([] if right else [("ORDER", "/agents")])


def test_changes_are_in_order_and_breaks_longest_first() -> None:
    assert said("listAgentChanges", changes(9, 10, 11)) == []
    assert said("listAgentChanges", changes(10, 9)) == [("ORDER", "/items")]
    assert said("listBreaks", breaks("2025-07-29T10:00:00Z", "2025-07-29T10:30:00Z")) == []
    assert said("listBreaks", breaks("2025-07-29T10:30:00Z", "2025-07-29T10:00:00Z")) == [("ORDER", "/breaks")]


def test_a_page_has_no_more_than_was_asked_for() -> None:
    assert said("listAgentChanges", changes(1, 2), "?limit=2") == []
    assert said("listAgentChanges", changes(1, 2, 3), "?limit=2") == [("COUNT", "/items")]


@pytest.mark.parametrize(
    ("query", "rows", "place"),
    [
        ("?status=offline", [agent(status="offline")], ""),
        ("?status=offline", [agent(status="offline"), agent("MCE002")], "/agents/*/status"),
        ("?queue=a", [agent()], "/agents/*/queue"),
        ("?queue=a%20b", [agent(status="on_call", queue="a b", call_id="1")], ""),
        ("?x=1", [agent()], ""),
    ],
)
def test_rows_are_those_that_were_asked_for(query: str, rows: list[Any], place: str) -> None:
    assert said("listAgentStatuses", agents(*rows), query) == ([("VALUE", place)] if place else [])


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (agent(call_id="CALL1", queue="q"), "call_id"),
        (agent(status="on_call"), "call_id"),
        (agent(status="on_break"), "break"),
        ({**agent(status="on_break"), "break": BREAK}, ""),
        (agent(status="on_call", call_id="CALL1", queue="q"), ""),
        ({**agent(status="offline"), "break": BREAK}, "break"),
    ],
)
def test_a_call_s_members_are_there_on_a_call_alone_and_a_break_on_a_break(row: Any, place: str) -> None:
    of_list, of_one = said("listAgentStatuses", agents(row)), said("getAgentStatus", row)
    assert (("VALUE", f"/agents/0/{place}") in of_list, ("VALUE", f"/{place}") in of_one) == (bool(place),) * 2
    assert bool(of_list) == bool(of_one) == bool(place)
