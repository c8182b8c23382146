"""The stream's contract: valid AsyncAPI 3.0 by its official schema, and in agreement with MCE's own."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from argus_wfm.json_type import Json
from argus_wfm.openapi import load, load_stream
from argus_wfm.openapi.schema import json_schema

STREAM = load_stream()
MCE = load("mce")
FOLDER = Path(__file__).parent
MESSAGES = ("agentStatusChange", "sequencedChange", "snapshot", "queueMetrics", "heartbeat")
SEED = {
    "event": "agent_status_change",
    "agent_id": "MCE001",
    "timestamp": "2025-07-29T10:30:00Z",
    "old_status": "available",
    "new_status": "on_call",
    "call_id": "CALL123",
    "queue": "support_queue",
}


@cache
def official() -> jsonschema.Draft7Validator:
    """Of AsyncAPI 3.0.0, as its makers publish it (asyncapi-LICENSE)."""
    return jsonschema.Draft7Validator(json.loads((FOLDER / "asyncapi-3.0.0.json").read_text(encoding="utf-8")))


def checker(message: str) -> jsonschema.Draft202012Validator:
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(STREAM.schema(message), format_checker=formats)


def resolved(node: Json) -> Json:
    """What a reference into the document means."""
    while isinstance(node, dict) and set(node) == {"$ref"}:
        target: Json = STREAM.document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


# AsyncAPI


def test_the_document_is_valid_asyncapi_3_0() -> None:
    errors = [f"{list(error.absolute_path)}: {error.message}" for error in official().iter_errors(STREAM.document)]
    assert errors == []


def publishes(document: Json) -> None:
    document["operations"]["sendAgentStatus"]["action"] = "publish"


def has_no_channel(document: Json) -> None:
    del document["operations"]["sendAgentStatus"]["channel"]


def is_of_2_6(document: Json) -> None:
    document["asyncapi"] = "2.6.0"


def has_a_number_for_an_address(document: Json) -> None:
    document["channels"]["agentStatus"]["address"] = 5


def has_a_member_of_2_x(document: Json) -> None:
    document["channels"]["agentStatus"]["publish"] = {"message": {}}


def has_a_binding_that_is_none(document: Json) -> None:
    document["channels"]["agentStatus"]["bindings"]["ws"]["method"] = "CONNECT"


@pytest.mark.parametrize(
    "spoil",
    [
        publishes,
        has_no_channel,
        is_of_2_6,
        has_a_number_for_an_address,
        has_a_member_of_2_x,
        has_a_binding_that_is_none,
    ],
)
def test_a_document_that_is_not_so_is_found_out(spoil: Callable[[Json], None]) -> None:
    spoilt = copy.deepcopy(STREAM.document)
    spoil(spoilt)
    assert not official().is_valid(spoilt)


def test_every_reference_leads_somewhere_and_every_message_is_sent() -> None:
    (channel,) = STREAM.document["channels"].values()
    offered = {name: resolved(message)["name"] for name, message in channel["messages"].items()}
    assert offered == {name: name for name in MESSAGES}
    sent = [resolved(one)["name"] for act in STREAM.document["operations"].values() for one in act["messages"]]
    assert sorted(sent) == sorted(MESSAGES)
    assert {act["action"] for act in STREAM.document["operations"].values()} == {"send"}
    assert set(STREAM.document["components"]["messages"]) == set(MESSAGES)


def test_what_the_gateway_reads_of_it_is_there() -> None:
    assert STREAM.address == "/ws/agent-status"
    assert STREAM.audience == MCE.document["x-audience"]
    assert set(STREAM.query["properties"]) == {"agent_id", "queue", "extended", "since"}
    assert set(STREAM.close_codes) == {1001, 1008, 1009, 1011, 1012, 1013}


# messages


def test_every_message_has_an_example_and_they_keep_to_its_schema() -> None:
    examples = list(STREAM.examples())
    assert {name for name, _ in examples} == set(MESSAGES)
    for name, payload in examples:
        checker(name).validate(payload)


@pytest.mark.parametrize("message", MESSAGES)
def test_schemas_are_themselves_right_and_closed(message: str) -> None:
    schema = STREAM.schema(message)
    jsonschema.Draft202012Validator.check_schema(schema)
    payload = next(payload for name, payload in STREAM.examples() if name == message)
    assert not checker(message).is_valid({**payload, "extra": 1})
    for member in payload:
        assert not checker(message).is_valid({name: value for name, value in payload.items() if name != member})


def test_an_unknown_message_has_no_schema() -> None:
    with pytest.raises(KeyError):
        STREAM.schema("agentStatus")


def test_the_seeds_message_is_word_for_word_the_plain_one() -> None:
    checker("agentStatusChange").validate(SEED)
    assert [payload for name, payload in STREAM.examples() if name == "agentStatusChange"] == [SEED]


@pytest.mark.parametrize(
    "changed",
    [
        {"new_status": "available"},
        {"call_id": None},
        {"queue": None},
        {"new_status": "busy"},
        {"timestamp": "2025-07-29T10:30:00+00:00"},
        {"timestamp": "2025-13-29T10:30:00Z"},
        {"event": "status"},
        {"agent_id": ""},
        {"agent_id": "x" * 65},
        {"sequence": 5},
    ],
)
def test_a_change_that_is_none_is_found_out(changed: Json) -> None:
    assert not checker("agentStatusChange").is_valid({**SEED, **changed})


def test_off_a_call_there_is_neither_call_nor_queue() -> None:
    off = {**SEED, "old_status": "on_call", "new_status": "available"}
    checker("agentStatusChange").validate({**off, "call_id": None, "queue": None})
    for member in ("call_id", "queue"):
        assert not checker("agentStatusChange").is_valid({**off, "call_id": None, "queue": None, member: "x"})


# the two contracts


def plain(schema: Json, definitions: Json) -> Json:
    """A schema with references written out and words left out, so that two can be compared."""
    if isinstance(schema, list):
        return [plain(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return plain(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    kept = {name: plain(value, definitions) for name, value in schema.items() if name not in ("description", "$defs")}
    return {name: sorted(value, key=str) if name == "required" else value for name, value in kept.items()}


def of_mce(name: str) -> Json:
    schema = MCE.schema({"$ref": f"#/components/schemas/{name}"})
    return plain(schema, schema["$defs"])


def of_stream(name: str) -> Json:
    schemas = STREAM.document["components"]["schemas"]
    return plain(schemas[name], schemas)


@pytest.mark.parametrize("name", ["AgentStatus", "QueueMetrics"])
def test_both_contracts_say_the_same_of_what_both_tell(name: str) -> None:
    ours, theirs = of_stream(name), of_mce(name)
    assert set(ours["properties"]) == set(theirs["properties"])
    assert (ours["required"], ours["additionalProperties"]) == (theirs["required"], theirs["additionalProperties"])
    for member, schema in ours["properties"].items():
        other = theirs["properties"][member]
        assert _loose(schema) == _loose(other), member


def _loose(schema: Json) -> Json:
    """Without the pattern of ids, which only what is told to MCE has to keep, and whatever the order of types."""
    if not isinstance(schema, dict):
        return schema
    return {
        name: sorted(map(str, value)) if name in ("type", "enum") and isinstance(value, list) else _loose(value)
        for name, value in schema.items()
        if name not in ("pattern", "format")
    }


def test_a_change_by_rest_is_a_sequenced_change_of_the_stream() -> None:
    definitions = MCE.document["components"]["schemas"]
    schema = json_schema({"$ref": "#/components/schemas/AgentChange"}, definitions)
    for name, payload in STREAM.examples():
        assert jsonschema.Draft202012Validator(schema).is_valid(payload) == (name == "sequencedChange")
