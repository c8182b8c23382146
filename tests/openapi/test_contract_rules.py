"""House rules of every contract in openapi/: what a reader, a judge and a generator of clients count on."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.openapi import Contract, Operation, errors, load

FOLDER = Path(errors.__file__).parent
NAMES = sorted(
    path.stem for path in FOLDER.glob("*.yaml") if path.stem not in ("common",) and "asyncapi" not in path.stem
)
CONTRACTS = [load(name) for name in NAMES]
OPERATIONS = [
    pytest.param(contract, operation, id=f"{contract.name}-{operation.id}")
    for contract in CONTRACTS
    for operation in contract.operations.values()
]
COMMON = {400, 401, 404, 405, 406, 413, 429, 500}


def error_classes(base: type[errors.ApiError] = errors.ApiError) -> Iterator[type[errors.ApiError]]:
    yield base
    for child in base.__subclasses__():
        yield from error_classes(child)


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema object below a node that says its type."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node
        for value in node.values():
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def test_there_are_contracts() -> None:
    assert "personnel" in NAMES


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_a_contract_knows_no_host_and_no_python(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b\d{1,3}(\.\d{1,3}){3}\b", text), "an address of a host"
    assert not re.search(r"https?://", text)
    assert "x-openapi-router-controller" not in text


@pytest.mark.parametrize("contract", CONTRACTS, ids=NAMES)
def test_objects_of_a_contract_are_closed(contract: Contract) -> None:
    """An undeclared member is drift; without additionalProperties: false nobody would notice."""
    objects = [schema for schema in schemas(contract.document["components"]["schemas"]) if schema["type"] == "object"]
    assert objects
    maps = [schema for schema in objects if isinstance(schema.get("additionalProperties"), dict)]
    assert all(schema.get("additionalProperties") is False for schema in objects if schema not in maps)


@pytest.mark.parametrize("contract", CONTRACTS, ids=NAMES)
def test_integers_and_arrays_are_bounded_below(contract: Contract) -> None:
    for schema in schemas(contract.document["components"]["schemas"]):
        if schema["type"] == "integer":
            assert "minimum" in schema, schema
        if schema["type"] == "array":
            assert "items" in schema, schema


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS)
def test_an_operation_says_what_it_is(contract: Contract, operation: Operation) -> None:
    assert re.fullmatch(r"[a-z][A-Za-z0-9]+", operation.id)
    assert operation.effect in ("read", "write")
    assert operation.spec["summary"]
    assert operation.spec["description"]
    assert operation.spec["tags"]
    assert not (operation.method == "GET" and operation.effect == "write")


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS)
def test_an_operation_documents_what_the_frame_can_answer(contract: Contract, operation: Operation) -> None:
    expected = COMMON | ({415} if "requestBody" in operation.spec else set())
    assert expected - (set() if operation.security else {401}) <= operation.statuses


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS)
def test_errors_are_the_envelope_with_listed_codes(contract: Contract, operation: Operation) -> None:
    known = set(contract.document["components"]["schemas"]["Error"]["properties"]["code"]["enum"])
    for status, response in operation.spec["responses"].items():
        if int(status) >= 400:
            assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
            assert set(response["x-error-codes"]) <= known
            assert response["x-error-codes"]


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS)
def test_bodies_have_examples(contract: Contract, operation: Operation) -> None:
    held = {where.split()[1] for where, _, _ in contract.examples() if where.split()[0] == operation.id}
    answers = operation.spec["responses"].items()
    successes = {status for status, answer in answers if status[0] == "2" and "application/json" in answer["content"]}
    assert successes <= held
    assert "requestBody" not in operation.spec or "request" in held


@pytest.mark.parametrize("error", [pytest.param(error, id=error.code) for error in error_classes()])
def test_every_error_class_is_a_row_of_the_contract(error: type[errors.ApiError]) -> None:
    listed = {
        int(status)
        for contract in CONTRACTS
        for operation in contract.operations.values()
        for status, response in operation.spec["responses"].items()
        if error.code in response.get("x-error-codes", [])
    }
    assert listed == {error.status}
