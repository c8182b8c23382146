"""The fault language: text and JSON say the same, and what is no fault is told in one line."""

from __future__ import annotations

import json

import pytest

from argus_wfm.mocks.faults.models import Struck
from argus_wfm.mocks.faults.parser import EXAMPLES, KINDS, FaultError, catalogue, from_json, from_text, struck

OPERATIONS = frozenset({"getAgents", "getNormHours", "sendSchedule"})
MESSAGES = frozenset({"sendEvent", "pushActuals", "agentStatus"})


@pytest.mark.parametrize(
    ("strikes", "text"), [(strikes, text) for strikes, texts in EXAMPLES.items() for text in texts]
)
def test_examples_are_faults_and_survive_json(strikes: Struck, text: str) -> None:
    assert struck(text) == strikes
    known = OPERATIONS | MESSAGES | {"bind"}
    fault = from_text(text, known, strikes)
    assert from_json(json.loads(fault.model_dump_json()), known, strikes) == fault


def test_text_and_json_say_the_same() -> None:
    text = "status,status=503,operation=getAgents,times=3,probability=0.5,seed=7,applied=true"
    given = {"fault": "status", "status": 503, "operation": "getAgents", "times": 3, "probability": 0.5, "seed": 7}
    assert from_text(text, OPERATIONS) == from_json({**given, "applied": True}, OPERATIONS)


def test_every_kind_is_explained() -> None:
    told = {kind.name: kind for kind in catalogue()}
    assert told.keys() == KINDS.keys()
    assert all(kind.does.endswith(".") for kind in told.values())
    assert told["lognormal"].members == [("median", "required"), ("sigma", "0.5")]
    assert (told["late"].strikes, told["late"].members) == ("messages", [("seconds", "required")])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("boom", "there is no fault 'boom'; there are: latency,"),
        ("latency", "latency: seconds: Field required"),
        ("latency,seconds=-1", "latency: seconds: Input should be greater than 0"),
        ("latency,5", "write 5 as name=value"),
        ("uniform,lower=3,upper=1", "uniform: upper is less than lower"),
        ("status,status=200", "Input should be greater than or equal to 400"),
        ("refuse,times=2", "refuse takes no operation, times"),
        ("hang,operation=getX", "operation: there is no getX; there are: getAgents, getNormHours, sendSchedule, *"),
        ("hang,colour=red", "hang: colour: Extra inputs are not permitted"),
        ("hang,probability=1.5", "probability: Input should be less than or equal to 1"),
        ("amend,patch=[]", "amend: patch:"),
        ('amend,patch=[{"op": "move", "path": "/a"}]', "amend: patch.0.op:"),
        ('amend,patch=[{"op": "remove", "path": "a"}]', "amend: patch.0.path:"),
        ("duplicate", "duplicate strikes messages; for this party there are: latency,"),
    ],
)
def test_what_is_no_fault_is_told_in_one_line(text: str, words: str) -> None:
    with pytest.raises(FaultError) as raised:
        from_text(text, OPERATIONS)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("boom", "there is no fault 'boom'; there are: duplicate, reorder, late,"),
        ("hang", "hang strikes replies; for this party there are: duplicate, reorder, late,"),
        ("late", "late: seconds: Field required"),
        ("lose,applied=true", "lose: applied:"),
        (
            "drop,operation=getAgents",
            "operation: there is no getAgents; there are: agentStatus, pushActuals, sendEvent, *",
        ),
    ],
)
def test_party_that_sends_messages_has_faults_of_its_own(text: str, words: str) -> None:
    with pytest.raises(FaultError) as raised:
        from_text(text, MESSAGES, "messages")
    assert words in str(raised.value)
