"""OpenAPI 3.0 schema objects as JSON Schema 2020-12, and a whole 3.0 document as its 3.1 twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argus_wfm.json_type import Json

ANNOTATIONS = frozenset({"example", "xml", "externalDocs", "discriminator"})
REFERENCE = "#/components/schemas/"


def json_schema(schema: Mapping[str, Json], definitions: Mapping[str, Json]) -> dict[str, Json]:
    """`schema` in JSON Schema 2020-12, with those of `definitions` that it reaches under $defs.

    Recursive schemas stay references, so they cost nothing and never loop.
    """
    needed: dict[str, Json] = {}

    def define(name: str) -> None:
        if name not in needed:
            needed[name] = {}
            needed[name] = _convert(definitions[name], define)

    converted = _convert(schema, define)
    return {**converted, "$defs": needed} if needed else converted


def _convert(schema: Mapping[str, Json], define: Any) -> dict[str, Json]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        define(name)
        return {"$ref": f"#/$defs/{name}"}
    converted = {key: _member(key, value, define) for key, value in schema.items() if key not in ANNOTATIONS}
    return _modern(converted)


def _member(key: str, value: Json, define: Any) -> Json:
    if key == "properties":
        return {name: _convert(member, define) for name, member in value.items()}
    if key in ("items", "not") or (key == "additionalProperties" and isinstance(value, dict)):
        return _convert(value, define)
    if key in ("allOf", "anyOf", "oneOf"):
        return [_convert(member, define) for member in value]
    return value


def _modern(schema: dict[str, Json]) -> dict[str, Json]:
    """What OpenAPI 3.0 writes in a way of its own: nullable, and exclusive bounds as booleans."""
    if schema.pop("nullable", False):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.pop(exclusive, False):
            schema[exclusive] = schema.pop(bound)
    return schema


def openapi_31(document: Mapping[str, Json]) -> dict[str, Json]:
    """The OpenAPI 3.1 twin of a 3.0 document: the same contract in JSON Schema's own dialect."""
    return {**_twin(document), "openapi": "3.1.0"}


def _twin(node: Json, in_properties: bool = False) -> Json:
    if isinstance(node, list):
        return [_twin(member) for member in node]
    if not isinstance(node, dict):
        return node
    twin = {
        key: value if key in ("example", "enum") else _twin(value, key == "properties") for key, value in node.items()
    }
    is_schema = not in_properties and ("type" in twin and isinstance(twin["type"], str))
    return _modern(twin) if is_schema else twin
