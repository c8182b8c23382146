"""`argus audit` against a real gateway."""

from __future__ import annotations

import pytest

from tests.support.gateway_commands import Shell
from tests.support.http_client import AGENTS


def test_search_is_a_table_of_stable_columns(argus: Shell) -> None:
    assert argus("audit", "search").lines == ["There is no such record."]
    request_id = argus.gateway.get(AGENTS).headers["x-request-id"]
    heading, *rows = argus("audit", "search", "--request-id", request_id).lines
    assert heading.split() == [
        *("time", "direction", "system", "principal", "operation", "status", "error", "ms", "retries", "request", "id")
    ]
    assert all(row.endswith(f"  {request_id}") for row in rows)
    assert [row[heading.index("direction") :].split()[0] for row in rows] == ["inbound", "outbound"]
    assert {row[heading.index("system") :][:7] for row in rows} == {"gateway", "1C ZUP "}
    assert {row[heading.index("status") :].split()[0] for row in rows} == {"200"}


def test_search_is_filtered(argus: Shell) -> None:
    reference = argus.dead_letter()
    assert argus.gateway.get("/agents/x/y").status_code == 400
    assert argus.gateway.get(AGENTS).ok

    def directions(*arguments: str) -> list[str]:
        return [record["direction"] for record in argus("audit", "search", "--json", *arguments).json["items"]]

    assert {"inbound", "outbound", "queue"} == set(directions("--operation-ref", reference))
    assert directions("--direction", "queue") == ["queue"]
    assert directions("--failed", "--operation", "getAgents") == ["inbound"]
    assert sorted(directions("--ok", "--operation", "getAgents")) == ["inbound", "outbound"]
    assert directions("--principal", "nobody") == []
    assert directions("--since", "2035-01-01") == []
    assert directions("--until", "2025-01-01T03:00:00+03:00") == []


def test_search_says_that_there_are_more(argus: Shell) -> None:
    for _ in range(2):
        argus.gateway.get(AGENTS)
    said = argus("audit", "search", "--limit", "1")
    assert (len(said.lines), said.err) == (2, "There are more; the 1 newest are shown (--limit).\n")


def test_search_is_coloured_on_a_terminal(argus: Shell) -> None:
    argus.gateway.get(AGENTS)
    argus.patch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in argus("audit", "search").out


def test_show_tells_every_hop_in_order_with_payload_and_error(argus: Shell) -> None:
    operation_id = argus.dead_letter()
    request_id = argus("queue", "show", operation_id, "--json").json["request_id"]
    hops = argus("audit", "show", request_id, "--json").json["items"]
    assert [hop["direction"] for hop in hops] == ["inbound", "outbound", "queue"]
    said = argus("audit", "show", request_id)
    told = [line for line in said.lines if line.startswith("direction ")]
    assert [line.split()[1] for line in told] == ["inbound:", "outbound:", "queue:"]
    assert "call            POST /api/integration/operations/fact_transfer" in said.lines
    assert "error           EMPLOYEE_NOT_FOUND: 1C knows no employee NOBODY." in said.lines
    assert '  "agentId": "NOBODY",' in said.lines
    assert f"of              {operation_id}" in said.lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "no-such-request"], "There is no record of request no-such-request"),
        (["show", "x" * 65], "A request id has 1 to 64 characters"),
        (["search", "--direction", "sideways"], "'sideways' is not one of 'inbound'"),
        (["search", "--operation-ref", "a/b"], "a/b is no operation's id"),
        (["search", "--principal", ""], "VALIDATION_ERROR"),
        (["search", "--url", "http://127.0.0.1:1"], "was not reached"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], said: str, argus: Shell) -> None:
    assert said in argus("audit", *arguments).refused()
