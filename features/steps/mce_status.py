"""MCE over REST: what agents and queues do, and events that change it."""

from __future__ import annotations

import json

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.authentication import NOBODY, WRONG
from argus_wfm.features.steps.contact_centre import Centre
from argus_wfm.features.steps.personnel_agents import agents
from argus_wfm.features.steps.replies import in_utc
from argus_wfm.json_type import Json

LIST = "/agents/status"
NUMBERS = ("waiting", "longest_wait", "available_agents")


@when("what the agents do is requested", target_fixture="exchange")
def request_statuses(target: Target) -> Exchange:
    return target.mce.get(LIST)


@when("what the agents do is requested without a token", target_fixture="exchange")
def without_token(target: Target) -> Exchange:
    return target.mce.get(LIST, auth=None)


@when("what the agents do is requested with Basic credentials", target_fixture="exchange")
def with_basic(target: Target) -> Exchange:
    return target.mce.get(LIST, auth=(NOBODY, WRONG))


@when(parsers.parse("the status of {agent} is requested"), target_fixture="exchange")
def request_status(target: Target, agent: str) -> Exchange:
    return target.mce.get(f"/agents/{agent}/status")


@then(parsers.parse("every agent's status is one of {names}"))
def statuses_are_known(exchange: Exchange, names: str) -> None:
    known = names.split(", ")
    for place, agent in agents(exchange):
        status = agent["status"]
        words = f"There is no status {status}"
        exchange.expect(status in known, "OUT_OF_RANGE", f"{place}/status", words, expected=names, actual=status)


@then("every agent's since is in UTC")
def since_is_in_utc(exchange: Exchange) -> None:
    for place, agent in agents(exchange):
        since = agent["since"]
        exchange.expect(in_utc(since), "WRONG_FORMAT", f"{place}/since", f"{since} is not UTC with a Z", actual=since)


@then("the same is said of one agent who is asked for alone")
def one_agrees(target: Target, exchange: Exchange) -> None:
    """An agent may move between two requests, so the list is asked before and after."""
    (_, listed), *_ = agents(exchange)
    alone = target.mce.get(f"/agents/{listed['agent_id']}/status")
    said = alone.require(200)
    if said != listed:
        after = [agent for _, agent in agents(target.mce.get(LIST)) if agent["agent_id"] == listed["agent_id"]]
        words = f"{listed['agent_id']} is said to do something else than in the list"
        alone.expect(said in after, "VALUE", "/status", words, expected=listed, actual=said)


@when(parsers.re(r"the agent sends (?P<event>[a-z_]+)"), target_fixture="exchange")
def send(centre: Centre, agent: str, event: str) -> Exchange:
    return centre.send(event, agent)


@when(parsers.parse("the agent sends call_start with {call} on {queue}"), target_fixture="exchange")
def send_call(centre: Centre, agent: str, call: str, queue: str) -> Exchange:
    return centre.send("call_start", agent, call_id=call, queue=queue)


@when("the same event is sent again", target_fixture="repeated")
def send_again(centre: Centre, exchange: Exchange) -> Exchange:
    return centre.post(json.loads(exchange.request_body))


@then(parsers.re(r"the change is from (?P<old>\w+) to (?P<new>\w+)"))
def change_is(exchange: Exchange, agent: str, old: str, new: str) -> None:
    result = exchange.require(200)
    for name, due in (("agent_id", agent), ("old_status", old), ("new_status", new)):
        words = f"{name} is {result[name]}"
        exchange.expect(result[name] == due, "VALUE", f"/{name}", words, expected=due, actual=result[name])


@then(parsers.re(r"the agent's status is (?P<status>\w+), without a call"))
def status_is(centre: Centre, agent: str, status: str) -> None:
    shows(centre.status(agent), status=status, call_id=None, queue=None)


@then(parsers.parse("the agent's status is on_call, with {call} on {queue}"))
def is_on_call(centre: Centre, agent: str, call: str, queue: str) -> None:
    shows(centre.status(agent), status="on_call", call_id=call, queue=queue)


@then("the reply is the same, and says that it is a duplicate")
def is_duplicate(exchange: Exchange, repeated: Exchange) -> None:
    first, second = exchange.require(200), repeated.require(200)
    for name, due in {**first, "duplicate": True}.items():
        value = second.get(name)
        words = f"{name} is {value} for an event that had come before"
        repeated.expect(value == due, "VALUE", f"/{name}", words, expected=due, actual=value)


@then(parsers.re(r"the agent's status is (?P<status>\w+) since that change"))
def status_is_since(centre: Centre, exchange: Exchange, agent: str, status: str) -> None:
    shows(centre.status(agent), status=status, since=exchange.require(200)["timestamp"])


@when("the metrics of the queue are requested", target_fixture="exchange")
def request_metrics(target: Target, queue: str) -> Exchange:
    return target.mce.get(f"/queues/{queue}/metrics")


@then("waiting, longest_wait and available_agents are whole numbers from 0 on")
def metrics_are_counts(exchange: Exchange) -> None:
    body = exchange.require(200)
    for name in NUMBERS:
        value = body[name]
        if isinstance(value, bool) or not isinstance(value, int):
            words = f"{name} is no whole number"
            exchange.departs("WRONG_TYPE", Drift.SHAPE, f"/{name}", words, expected="integer", actual=value)
        exchange.expect(value >= 0, "OUT_OF_RANGE", f"/{name}", f"{name} is {value}", expected="≥ 0", actual=value)


@then("nobody has waited where nobody waits")
def nobody_has_waited(exchange: Exchange) -> None:
    body = exchange.require(200)
    wait, holds = body["longest_wait"], body["waiting"] > 0 or body["longest_wait"] == 0
    words = f"Nobody waits, and the longest wait is {wait} s"
    exchange.expect(holds, "VALUE", "/longest_wait", words, expected=0, actual=wait)


def shows(exchange: Exchange, **due: Json) -> None:
    """A status with these members."""
    body = exchange.require(200)
    for name, value in due.items():
        words = f"{name} is {body[name]}"
        exchange.expect(body[name] == value, "VALUE", f"/{name}", words, expected=value, actual=body[name])
