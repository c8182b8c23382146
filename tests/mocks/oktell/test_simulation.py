"""A simulated day: lawful, repeatable, and full of life."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise

import jsonschema
import orjson
import pytest

from argus_wfm.mocks import people
from argus_wfm.mocks.oktell.centre import change, event
from argus_wfm.mocks.oktell.rota import ALLOWED, HOUR, QUEUES, shift
from argus_wfm.mocks.oktell.simulation import TRANSITIONS, CallCentreSimulation, Happening
from argus_wfm.openapi import load
from argus_wfm.openapi.stream import load_stream
from tests.support.clock import NOW

PEOPLE = people.cast(40, 1)
SECOND = dt.timedelta(seconds=1)


def simulation(seed: int = 1, run: int = 1) -> CallCentreSimulation:
    return CallCentreSimulation(PEOPLE, seed, NOW, run)


@pytest.fixture(scope="module")
def day() -> list[Happening]:
    return simulation().advance(NOW + 24 * HOUR)


def test_a_day_obeys_the_transitions_and_time_never_goes_back(day: list[Happening]) -> None:
    statuses: dict[str, str] = {}
    for happening in day:
        assert happening.old == statuses.get(happening.agent_id, "offline")
        assert TRANSITIONS[happening.old, happening.event] == happening.new
        statuses[happening.agent_id] = happening.new
    assert all(earlier.at <= later.at for earlier, later in pairwise(day))
    assert len({happening.event_id for happening in day}) == len(day) > 1000
    assert {happening.event for happening in day} == {event for _, event in TRANSITIONS}


def test_every_message_of_a_day_keeps_its_contract(day: list[Happening]) -> None:
    schema = load("mce").request_schema("sendEvent")
    assert schema is not None
    posted = jsonschema.Draft202012Validator(schema)
    streamed = jsonschema.Draft202012Validator(load_stream().schema("agentStatusChange"))
    by_event = {happening.event: happening for happening in day}
    for happening in [*by_event.values(), *day[:200]]:
        posted.validate(orjson.loads(orjson.dumps(event(happening, happening.at))))
        streamed.validate(change(happening, happening.at).payload)


def test_same_seed_same_day_in_however_many_steps(day: list[Happening]) -> None:
    steps = simulation()
    in_steps = [happening for minutes in range(0, 1441, 7) for happening in steps.advance(NOW + minutes * 60 * SECOND)]
    assert in_steps == day[: len(in_steps)]
    assert len(day) - len(in_steps) < 200
    assert CallCentreSimulation(PEOPLE, 2, NOW).advance(NOW + HOUR) != simulation().advance(NOW + HOUR)


def test_another_run_of_the_same_day_has_ids_of_its_own(day: list[Happening]) -> None:
    again = simulation(run=2).advance(NOW + HOUR)
    assert [(one.event, one.agent_id, one.at) for one in again] == [
        (one.event, one.agent_id, one.at) for one in day[: len(again)]
    ]
    assert not {one.event_id for one in again} & {one.event_id for one in day}
    assert not {one.call_id for one in again if one.call_id} & {one.call_id for one in day if one.call_id}


def test_breaks_have_the_contract_s_reasons_and_few_overrun(day: list[Happening]) -> None:
    reasons = load("mce").document["components"]["schemas"]["BreakReason"]["enum"]
    assert ALLOWED.keys() == set(reasons)
    began: dict[str, Happening] = {}
    overruns = Counter[bool]()
    for happening in day:
        if happening.event == "break_start":
            assert happening.reason in reasons
            began[happening.agent_id] = happening
        elif happening.event == "break_end":
            start = began[happening.agent_id]
            overruns[happening.at - start.at > ALLOWED[str(start.reason)] * 60 * SECOND] += 1
    assert 0 < overruns[True] < overruns[False] / 5


def test_queues_fill_and_drain() -> None:
    lengths: dict[str, set[int]] = {queue: set() for queue in QUEUES}
    here = simulation()
    for minutes in range(24 * 60):
        here.advance(NOW + minutes * 60 * SECOND)
        for queue in QUEUES:
            waiting, longest = here.load(queue)
            assert (longest == 0) or waiting
            lengths[queue].add(waiting)
    assert all(0 in seen and len(seen) > 2 for seen in lengths.values())


def test_people_come_and_go_by_their_shift(day: list[Happening]) -> None:
    by_id = {person.agent_id: person for person in PEOPLE}
    for happening in day:
        if happening.event == "logout" or (happening.event == "login" and happening.at > NOW + 60 * SECOND):
            person = by_id[happening.agent_id]
            days = (NOW.date() + dt.timedelta(days=away) for away in (-1, 0, 1))
            edges = [edge for one in days if (of := shift(1, person, one)) for edge in (of.start, of.end)]
            assert min(abs(happening.at - edge) for edge in edges) < 40 * 60 * SECOND
    assert Counter(one.event for one in day if one.at <= NOW + 60 * SECOND)["login"] > 3


def test_planted_event_moves_the_floor_where_it_may_and_is_told_of_in_any_case() -> None:
    here = CallCentreSimulation([], 1, NOW)
    refused = here.tell("call_start", "MCE001", call_id="CALL123", queue="support_queue")
    assert (refused.old, refused.new, here.agents["MCE001"].status) == ("offline", "on_call", "offline")
    assert here.tell("login", "MCE001").new == here.agents["MCE001"].status == "available"
    assert here.tell("call_start", "MCE001", call_id="CALL123", queue="support_queue").old == "available"
    assert here.agents["MCE001"].call_id == "CALL123"
    left = here.tell("call_end", "MCE001")
    assert left.left == "support_queue"
    assert here.agents["MCE001"].queue is None
    assert here.tell("break_start", "MCE001", reason="lunch").new == "on_break"
    assert [one.event for one in here.advance(NOW + HOUR)] == ["break_end"]
