"""Whom generated requests are about: ids that the host lists; a contact centre of ours is given some at work."""

from __future__ import annotations

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Client
from argus_wfm.json_type import Json

PEOPLE = 200  # ids that generated requests choose from
AT_WORK = 8  # of them, in a contact centre that knows nobody yet
QUEUE, CALL = "support_queue", "CALL123"  # the contract's examples, which are asked for by name


def request_employee_ids(target: Target, client: Client) -> list[str]:
    """Ids for one contract's requests; none where the host lists nobody."""
    try:
        if client.contract.name == "sso":
            return []
        if client.contract.name != "mce":
            return _employed(target)
        if target.policy.ours:
            _open(client, _employed(target)[:AT_WORK])
        return _ids(client.get("/agents/status").require(200)["agents"])
    except (Departure, CouldNotTest, KeyError, TypeError):
        return []


def _employed(target: Target) -> list[str]:
    today = target.today()
    return _ids(target.personnel.get(f"/agents/{today}/{today}").require(200)["agents"])


def _open(client: Client, agents: list[str]) -> None:
    """Everybody logs in, the last one takes the example's call; its queue is there."""
    client.request("PUT", f"/queues/{QUEUE}", json={"waiting": 3, "longest_wait": 42})
    for agent in agents:
        _event(client, "login", agent)
    for agent in agents[-1:]:
        _event(client, "call_start", agent, call_id=CALL, queue=QUEUE)


def _event(client: Client, event: str, agent: str, **members: str) -> None:
    client.post("/events", {"event_id": f"argus-cast-{event}-{agent}", "event": event, "agent_id": agent, **members})


def _ids(agents: list[Json]) -> list[str]:
    return [agent["agent_id"] for agent in agents[:PEOPLE]]
