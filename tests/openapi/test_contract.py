"""Contracts as data: bundled, self-contained, convertible."""

from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from argus_wfm.openapi import Contract, load
from argus_wfm.openapi.schema import json_schema, openapi_31

PERSONNEL = load("personnel")


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [reference for value in node.values() for reference in references(value)]
    return [reference for value in node for reference in references(value)] if isinstance(node, list) else []


def test_a_bundled_contract_refers_to_itself_alone() -> None:
    names = {reference.rsplit("/", 1)[1] for reference in references(PERSONNEL.document)}
    assert all(reference.startswith("#/components/schemas/") for reference in references(PERSONNEL.document))
    assert names <= PERSONNEL.document["components"]["schemas"].keys()


def test_the_bundled_contract_and_its_twin_are_valid_openapi() -> None:
    validate(PERSONNEL.document)
    validate(openapi_31(PERSONNEL.document))


def test_loading_twice_reads_once() -> None:
    assert load("personnel") is PERSONNEL


def test_a_contract_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        load("weather")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/agents/2025-07-01/2025-07-31", "getAgents"),
        ("HEAD", "/agents/2025-07-01/2025-07-31", "getAgents"),
        ("GET", "/agents/2025-07-01", None),
        ("GET", "/agents/a/b/c", None),
        ("POST", "/sendSchedule", "sendSchedule"),
        ("GET", "/sendSchedule", None),
        ("POST", "/sendSchedule/", None),
    ],
)
def test_requests_are_matched_to_operations(method: str, path: str, operation: str | None) -> None:
    found = PERSONNEL.match(method, path)
    assert (found and found.id) == operation


def test_what_an_operation_tells() -> None:
    norm = PERSONNEL.operations["getNormHours"]
    assert (norm.method, norm.effect, norm.security) == ("POST", "read", "basic")
    assert {200, 400, 401, 404, 405, 413, 415, 422, 500, 502, 503, 504} <= norm.statuses
    assert norm.error_codes(422) == ["CALENDAR_MISSING"]
    assert norm.error_codes(200) == []
    assert PERSONNEL.operations["sendSchedule"].effect == "write"


def test_replies_have_self_contained_schemas() -> None:
    schema = PERSONNEL.response_schema("getAgents", 200)
    assert schema is not None
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {"Agents", "Agent", "Date"} <= schema["$defs"].keys()
    assert PERSONNEL.response_schema("getAgents", 418) is None
    assert PERSONNEL.request_schema("getAgents") is None


def test_nullable_and_exclusive_bounds_become_json_schema() -> None:
    modern = json_schema(
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "nullable": True, "enum": ["x"]},
                "b": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "example": {"type": "integer", "example": 1},
            },
            "additionalProperties": False,
        },
        {},
    )
    assert modern["properties"] == {
        "a": {"type": ["string", "null"], "enum": ["x", None]},
        "b": {"type": "number", "exclusiveMinimum": 0},
        "example": {"type": "integer"},
    }


def test_a_recursive_schema_stays_finite() -> None:
    unit = {
        "type": "object",
        "properties": {"units": {"type": "array", "items": {"$ref": "#/components/schemas/Unit"}}},
    }
    schema = json_schema({"$ref": "#/components/schemas/Unit"}, {"Unit": unit})
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"units": [{"units": []}]})
    assert not validator.is_valid({"units": [{"units": 1}]})


def test_the_most_specific_path_has_its_methods() -> None:
    assert PERSONNEL.methods("/getNormHours") == ["POST"]
    assert PERSONNEL.methods("/nowhere") == []


def test_contracts_of_the_same_name_are_told_apart_by_document() -> None:
    document = {"servers": [{"url": "/x"}], "paths": {}}
    assert Contract("x", document).operations == {}


@pytest.mark.parametrize(
    ("method", "path", "operation", "methods"),
    [
        ("POST", "/operations/personnel_sync", "submitPersonnelSync", ["POST"]),
        ("GET", "/operations/personnel_sync", None, ["POST"]),
        ("GET", "/operations/op-1", "getOperation", ["GET"]),
        ("POST", "/dead-letters/redrive", "redriveDeadLetters", ["POST"]),
    ],
)
def test_a_path_without_parameters_goes_before_templates(
    method: str, path: str, operation: str | None, methods: list[str]
) -> None:
    contract = load("operations")
    found = contract.match(method, path)
    assert ((found and found.id), contract.methods(path)) == (operation, methods)


def test_a_discriminator_says_which_schema_each_of_its_values_means() -> None:
    schemas = load("mce").document["components"]["schemas"]
    event = schemas["Event"]
    mapping = {value: reference.rsplit("/", 1)[1] for value, reference in event["discriminator"]["mapping"].items()}
    takes = {
        value: name
        for name in (member["$ref"].rsplit("/", 1)[1] for member in event["oneOf"])
        for value in schemas[name]["properties"]["event"]["enum"]
    }
    assert mapping == takes
    assert set(mapping) == set(event["properties"]["event"]["enum"])
