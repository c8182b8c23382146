"""The fast validator agrees with the reference one (jsonschema), on what is right and on what is wrong."""

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from argus_wfm.openapi import load
from argus_wfm.openapi.errors import BatchTooLarge, MalformedJson, ValidationFailed
from argus_wfm.openapi.validation import Validators, parse, validators

CONTRACT = load("personnel")
BODIES = [(where, CONTRACT.schema(schema), example) for where, schema, example in CONTRACT.examples()]
REFERENCES = {where: jsonschema.Draft202012Validator(schema) for where, schema, _ in BODIES}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.floats(-100, 100) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return [path] + [place for key, member in members for place in places(member, (*path, key))]


def replaced(example: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(example)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return changed


def accepts(checker: Validators, where: str, body: Any) -> bool:
    operation, part = where.split()
    try:
        if part == "request":
            checker.check_body(CONTRACT.operations[operation], body)
        else:
            checker.check_reply(CONTRACT.operations[operation], int(part), body)
    except (ValidationFailed, BatchTooLarge):
        return False
    return True


@given(data=st.data())
@settings(max_examples=300)
def test_fast_and_reference_validators_agree(data: st.DataObject) -> None:
    where, _, example = data.draw(st.sampled_from(BODIES), "body")
    body = replaced(example, data.draw(st.sampled_from(places(example)), "place"), data.draw(JSON_VALUES, "value"))
    reference = REFERENCES[where].is_valid(body)
    fast = accepts(validators(CONTRACT), where, body)
    assert fast == reference or (reference and not fast and _only_formats_differ(where, body))


def _only_formats_differ(where: str, body: Any) -> bool:
    """The reference above runs without formats; with them it must refuse as well."""
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return not jsonschema.Draft202012Validator(REFERENCES[where].schema, format_checker=checker).is_valid(body)


@pytest.mark.parametrize(("where", "example"), [(where, example) for where, _, example in BODIES])
def test_the_contract_accepts_its_own_examples(where: str, example: Any) -> None:
    assert accepts(validators(CONTRACT), where, example)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"weekly_norm": "40"}, "weekly_norm", "number"),
        ({"weekly_norm": 0}, "weekly_norm", "0"),
        ({"employment_rate": 1.6}, "employment_rate", "1.5"),
        ({"period_start": "2025-02-30"}, "period_start", "date"),
        ({"extra": 1}, "extra", "not in the contract"),
        ({"employee_id": ""}, "employee_id", "1 character"),
    ],
)
def test_refusals_name_the_member_and_the_reason(change: dict[str, Any], field: str, words: str) -> None:
    body = {**dict(EXAMPLE), **change}
    with pytest.raises(ValidationFailed, match=words) as refused:
        validators(CONTRACT).check_body(CONTRACT.operations["getNormHours"], body)
    assert refused.value.details["field"] == field


EXAMPLE = next(example for where, _, example in BODIES if where == "getNormHours request")


def test_a_missing_member_is_named() -> None:
    body = {name: value for name, value in EXAMPLE.items() if name != "period_start"}
    with pytest.raises(ValidationFailed, match="period_start: is missing"):
        validators(CONTRACT).check_body(CONTRACT.operations["getNormHours"], body)


def test_json_that_is_none_tells_where() -> None:
    with pytest.raises(MalformedJson, match="line 2 column"):
        parse(b'{"a":\n')


def test_no_body_schema_no_check() -> None:
    validators(CONTRACT).check_body(CONTRACT.operations["getAgents"], {"anything": 1})


# an object of several shapes

TAGGED = load("mce").operations["sendEvent"]
BASE = {"event_id": "E", "agent_id": "A"}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({**BASE, "event": "call_start", "call_id": "C"}, "queue", "is missing"),
        ({**BASE, "event": "call_start"}, "call_id", "is missing"),
        ({**BASE, "event": "login", "queues": ["q", 5]}, "queues.1", "string"),
        ({**BASE, "event": "login", "queue": "q"}, "queue", "not in the contract"),
        ({**BASE, "event": "break_start", "reason": "nap"}, "reason", "nap"),
        ({**BASE, "event": "hold"}, "event", "hold"),
        ({**BASE, "event": ["login"]}, "event", "login"),
        ({"event": "logout"}, "event_id", "is missing"),
        (BASE, "event", "is missing"),
        ({**BASE, "call_id": "C"}, "event", "is missing"),
    ],
)
def test_of_a_tagged_shape_what_keeps_it_from_what_it_was_meant_to_be_is_told(
    body: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(ValidationFailed, match=words) as refused:
        validators(load("mce")).check_body(TAGGED, body)
    assert (
        refused.value.details["field"] == field if field else refused.value.details["field"] in ("reason", "agent_id")
    )


@pytest.mark.parametrize("body", [[], "login", 5, None, True, [{"event": "login"}]])
def test_what_is_no_object_has_no_shape(body: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        validators(load("mce")).check_body(TAGGED, body)
    assert "field" not in refused.value.details


@given(
    body=st.dictionaries(
        st.sampled_from(["event", "event_id", "agent_id", "reason", "queue", "call_id", "queues", "timestamp", "x"]),
        JSON_VALUES | st.sampled_from(["login", "call_start", "break_start", "logout", "lunch"]),
    )
)
@settings(max_examples=200)
def test_whatever_a_tagged_object_is_its_refusal_names_a_member(body: dict[str, Any]) -> None:
    contract = load("mce")
    reference = jsonschema.Draft202012Validator(contract.request_schema("sendEvent") or {})
    assume(not reference.is_valid(body))
    with pytest.raises(ValidationFailed) as refused:
        validators(contract).check_body(TAGGED, body)
    assert refused.value.details["field"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"waiting": 0, "longest_wait": 5}, "longest_wait"),
        ({"waiting": 1}, "longest_wait"),
        ({"waiting": "1", "longest_wait": 1}, "waiting"),
        ({}, "waiting"),
    ],
)
def test_of_a_shape_without_a_tag_the_nearest_is_told(body: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        validators(load("mce")).check_body(load("mce").operations["putQueueLoad"], body)
    assert refused.value.details["field"] == field
