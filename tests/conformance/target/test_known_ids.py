"""Ids of responses are kept by what they name."""

from __future__ import annotations

from argus_wfm.conformance.target.known_ids import KnownIds
from tests.support.exchanges import EXAMPLES, exchange


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
