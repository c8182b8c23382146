"""A contract: one OpenAPI document with its references bundled, read once and never changed."""

from __future__ import annotations

import copy
import functools
import importlib.resources
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import yaml

from argus_wfm.json_type import Json
from argus_wfm.openapi.schema import json_schema

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a contract; `path` is relative to the contract's base path."""

    id: str
    method: str
    path: str
    effect: Literal["read", "write"]
    security: str | None
    spec: Mapping[str, Json] = field(repr=False)

    @property
    def statuses(self) -> frozenset[int]:
        """Every status the contract documents for this operation."""
        return frozenset(int(status) for status in self.spec["responses"])

    def fits(self, path: str) -> bool:
        """Whether a concrete path, relative to the base path, is one of this operation's."""
        return _path_pattern(self.path).fullmatch(path) is not None

    def error_codes(self, status: int) -> list[str]:
        """Codes the contract lists for an error status (x-error-codes); empty for a success."""
        return list(self.spec["responses"].get(str(status), {}).get("x-error-codes", []))


@functools.cache
def _path_pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile(r"[^/\x00-\x1f\x7f-\x9f]+".join(re.escape(part) for part in parts))


class Contract:
    """A bundled OpenAPI 3.0.3 document and what is asked of it most."""

    def __init__(self, name: str, document: dict[str, Json]) -> None:
        self.name = name
        self.document = document
        self.base_path: str = document["servers"][0]["url"]
        self.operations = {operation.id: operation for operation in _operations(document)}

    def match(self, method: str, path: str) -> Operation | None:
        """The operation a request means; `path` is relative to the base path, HEAD counts as GET."""
        wanted = "GET" if method == "HEAD" else method
        return next((operation for operation in self._fitting(path) if operation.method == wanted), None)

    def methods(self, path: str) -> list[str]:
        """Methods the contract has for a path; empty when it has no such path."""
        return sorted({operation.method for operation in self._fitting(path)})

    def _fitting(self, path: str) -> list[Operation]:
        """A path without parameters goes before templates that it would fit as well (OpenAPI 3.0.3, Paths Object)."""
        fitting = [operation for operation in self.operations.values() if operation.fits(path)]
        return [operation for operation in fitting if operation.path == path] or fitting

    def request_schema(self, operation_id: str) -> dict[str, Json] | None:
        """JSON Schema 2020-12 of the request body, self-contained; None where there is no body."""
        body = self.operations[operation_id].spec.get("requestBody")
        return body and self.schema(body["content"]["application/json"]["schema"])

    def response_schema(self, operation_id: str, status: int) -> dict[str, Json] | None:
        """JSON Schema 2020-12 of a reply's body, self-contained; None if undocumented or without JSON."""
        response = self.operations[operation_id].spec["responses"].get(str(status), {})
        content = response.get("content", {}).get("application/json")
        return content and self.schema(content["schema"])

    def schema(self, schema: Mapping[str, Json]) -> dict[str, Json]:
        """JSON Schema 2020-12 of a schema object of this contract, with the definitions it needs."""
        return json_schema(schema, self.document.get("components", {}).get("schemas", {}))

    def examples(self) -> Iterator[tuple[str, Mapping[str, Json], Json]]:
        """(where, schema object, example) for every body example that the contract holds."""
        for operation in self.operations.values():
            bodies = {"request": operation.spec.get("requestBody", {}), **operation.spec["responses"]}
            for name, body in bodies.items():
                for content in body.get("content", {}).values():
                    if "example" in content:
                        yield f"{operation.id} {name}", content["schema"], content["example"]


@functools.cache
def load(name: str) -> Contract:
    """The contract openapi/<name>.yaml, with references to other files bundled into it.

    Raises FileNotFoundError for a name without a contract.
    """
    document = copy.deepcopy(read(f"{name}.yaml"))
    _bundle(document, document, read("common.yaml"))
    return Contract(name, document)


@functools.cache
def read(file: str) -> dict[str, Json]:
    """A YAML file of this folder, as it stands. Do not change what it returns."""
    text = importlib.resources.files("argus_wfm.openapi").joinpath(file).read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Json] = yaml.load(text, Loader=loader)
    return document


def _bundle(node: Json, document: dict[str, Json], common: dict[str, Json]) -> None:
    """Point every reference into common.yaml at a copy inside `document`, in place.

    Schemas stay references; other shared parts (responses, headers, parameters) are written out where they are used.
    """
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(members):
        reference = value.get("$ref", "") if isinstance(value, dict) else ""
        if reference.startswith("common.yaml#/components/schemas/") or (
            reference.startswith("#/components/schemas/") and _missing(reference, document)
        ):
            name = reference.rsplit("/", 1)[1]
            node[key] = {"$ref": f"#/components/schemas/{name}"}
            if _missing(reference, document):
                schemas = document.setdefault("components", {}).setdefault("schemas", {})
                schemas[name] = copy.deepcopy(common["components"]["schemas"][name])
                _bundle(schemas[name], document, common)
        elif reference.startswith("common.yaml#/components/"):
            kind, name = reference.rsplit("/", 2)[1:]
            node[key] = copy.deepcopy(common["components"][kind][name])
            _absolute(node[key])
            _bundle(node[key], document, common)
        else:
            _bundle(value, document, common)


def _absolute(node: Json) -> None:
    """References inside a part copied out of common.yaml mean common.yaml."""
    if isinstance(node, dict):
        if node.get("$ref", "").startswith("#/"):
            node["$ref"] = "common.yaml" + node["$ref"]
        for value in node.values():
            _absolute(value)
    elif isinstance(node, list):
        for value in node:
            _absolute(value)


def _missing(reference: str, document: dict[str, Json]) -> bool:
    return reference.rsplit("/", 1)[1] not in document.get("components", {}).get("schemas", {})


def _operations(document: dict[str, Json]) -> Iterator[Operation]:
    default: list[dict[str, Json]] = document.get("security", [])
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                spec = item[method]
                security = spec.get("security", default)
                yield Operation(
                    id=spec["operationId"],
                    method=method.upper(),
                    path=path,
                    effect=spec["x-effect"],
                    security=next(iter(security[0]), None) if security else None,
                    spec=spec,
                )
