"""Which keywords of a contract's schemas were exercised, rightly and wrongly: of parameters, bodies and replies.

A keyword is named by operation, part ("query limit", "body", "reply 200"), place ("/agents/*/norm_week") and its name.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from argus_wfm.conformance.checks.schema import pointer
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation

CHECKED = ("type", "enum", "const", "format", "pattern", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
           "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "required", "multipleOf")  # fmt: skip
CHOICES = ("anyOf", "oneOf", "not")
CLOSED = "additionalProperties"
SAMPLED = 5  # members of a list that are looked at
DEEPEST = 12


def declared(contract: Contract, operation: Operation) -> Iterator[str]:
    """Every keyword of an operation."""
    for part, schema in _parts(contract, operation.id).items():
        definitions = schema.get("$defs", {})
        for place, keyword in _static(schema, definitions, "", 0):
            yield key(operation.id, part, place, keyword)


def exercised(exchange: Exchange) -> Iterator[tuple[str, bool]]:
    """(keyword, whether the value was right by it) of one exchange; nothing where the contract has no operation."""
    operation = exchange.operation
    if operation is None or exchange.method == "HEAD":
        return
    given = {**_parameters(exchange, operation), **_bodies(exchange)}
    for part, schema in _parts(exchange.contract, operation.id).items():
        if part in given:
            for place, keyword, right in _dynamic(schema, schema.get("$defs", {}), given[part], "", 0):
                yield key(operation.id, part, place, keyword), right


def key(operation: str, part: str, place: str, keyword: str) -> str:
    """The name of a keyword; read back with split("|")."""
    return f"{operation}|{part}|{place}|{keyword}"


@functools.cache
def _parts(contract: Contract, operation_id: str) -> Mapping[str, dict[str, Json]]:
    operation = contract.operations[operation_id]
    parts = {
        f"{parameter['in']} {parameter['name']}": contract.schema(parameter["schema"])
        for parameter in operation.spec.get("parameters", [])
        if "schema" in parameter
    }
    content = operation.spec.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        parts["body"] = contract.schema(content["application/json"]["schema"])
    for status in sorted(operation.statuses):
        schema = contract.response_schema(operation_id, status)
        if schema is not None:
            parts[f"reply {status}"] = schema
    return parts


def _parameters(exchange: Exchange, operation: Operation) -> dict[str, Json]:
    found: dict[str, Json] = {}
    template, path = operation.path.split("/"), exchange.path.split("/")
    query = dict(parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True))
    of_path = {name[1:-1]: unquote(step) for name, step in zip(template, path, strict=False) if name.startswith("{")}
    sources: dict[str, Mapping[str, str]] = {"path": of_path, "query": query, "header": exchange.request_headers}
    for parameter in operation.spec.get("parameters", []):
        where, name = parameter["in"], parameter["name"]
        value = sources.get(where, {}).get(name.lower() if where == "header" else name)
        if value is not None:
            found[f"{where} {name}"] = _typed(value, parameter.get("schema", {}))
    return found


def _typed(text: str, schema: Mapping[str, Json]) -> Json:
    """A parameter's text as the type that its schema has, where it is of that type."""
    if schema.get("type") in ("integer", "number", "boolean"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _bodies(exchange: Exchange) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for part, body in (("body", exchange.request_body), (f"reply {exchange.status}", exchange.body)):
        try:
            found[part] = json.loads(body)
        except ValueError:
            continue
    return found


def _static(schema: Json, definitions: Json, place: str, depth: int) -> Iterator[tuple[str, str]]:
    schema = resolved(schema, definitions)
    if depth > DEEPEST:
        return
    yield from ((place, keyword) for keyword in (*CHECKED, *CHOICES) if keyword in schema)
    if schema.get(CLOSED) is False:
        yield place, CLOSED
    for name, member in schema.get("properties", {}).items():
        yield from _static(member, definitions, f"{place}/{pointer(name)}", depth + 1)
    if isinstance(schema.get("items"), dict):
        yield from _static(schema["items"], definitions, f"{place}/*", depth + 1)
    for member in schema.get("allOf", ()):
        yield from _static(member, definitions, place, depth + 1)


def _dynamic(schema: Json, definitions: Json, value: Json, place: str, depth: int) -> Iterator[tuple[str, str, bool]]:
    schema = resolved(schema, definitions)
    if depth > DEEPEST:
        return
    for keyword in CHECKED:
        if keyword in schema:
            yield place, keyword, _holds(keyword, schema[keyword], value)
    for keyword in CHOICES:
        if keyword in schema:
            yield place, keyword, _validator({keyword: schema[keyword], "$defs": definitions}).is_valid(value)
    if isinstance(value, dict):
        yield from _members(schema, definitions, value, place, depth)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for member in value[:SAMPLED]:
            yield from _dynamic(schema["items"], definitions, member, f"{place}/*", depth + 1)
    for member in schema.get("allOf", ()):
        yield from _dynamic(member, definitions, value, place, depth + 1)


def _members(
    schema: Json, definitions: Json, value: dict[str, Json], place: str, depth: int
) -> Iterator[tuple[str, str, bool]]:
    properties = schema.get("properties", {})
    if schema.get(CLOSED) is False:
        yield place, CLOSED, set(value) <= set(properties)
    for name, member in properties.items():
        if name in value:
            yield from _dynamic(member, definitions, value[name], f"{place}/{pointer(name)}", depth + 1)


def resolved(schema: Json, definitions: Json) -> dict[str, Json]:
    """The schema itself, whatever refers to it; {} for what is none."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema if isinstance(schema, dict) else {}


def _holds(keyword: str, wanted: Json, value: Json) -> bool:
    return bool(_validator({keyword: wanted}).is_valid(value))


def _validator(schema: Mapping[str, Json]) -> Any:
    return _compiled(json.dumps(schema))


@functools.cache
def _compiled(schema: str) -> Any:
    import jsonschema

    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(json.loads(schema), format_checker=checker)
