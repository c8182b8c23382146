"""A request and its reply as they pass the proxy, and which operation of the contracts they are of."""

from __future__ import annotations

import functools
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from argus_wfm import openapi
from argus_wfm.json_type import Json

CONTRACTS = ("personnel", "mce", "sso", "export")
STREAM, STREAM_PATH = "agentStatus", "/ws/agent-status"


@dataclass
class Message:
    """Headers and body; names of headers are compared without regard to case and sent as they are written."""

    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def drop(self, name: str) -> None:
        self.headers = [(key, value) for key, value in self.headers if key.lower() != name.lower()]

    def put(self, name: str, value: str) -> None:
        self.drop(name)
        self.headers.append((name, value))

    @property
    def json(self) -> Json:
        return json.loads(self.body)

    @json.setter
    def json(self, document: Json) -> None:
        self.body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def is_json(self) -> bool:
        """Whether it says so, and is."""
        if not (self.header("Content-Type") or "").startswith("application/json"):
            return False
        try:
            json.loads(self.body)
        except ValueError:
            return False
        return True


@dataclass
class Request(Message):
    """What the judge asks; `target` is the path and the query, `host` the URL of whom is asked."""

    method: str
    target: str
    host: str = ""

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))

    @property
    def members(self) -> dict[str, Any]:
        """Of the body; none where it is no object."""
        try:
            given = self.json
        except ValueError:
            return {}
        return given if isinstance(given, dict) else {}

    @property
    def operation(self) -> str | None:
        """The operationId; None for what no contract has."""
        return next((known.id for known in operations() if known.is_of(self.method, self.path)), None)

    def is_at(self, operation: str) -> bool:
        """Whether the path is the operation's, whatever the method."""
        return any(known.path.fullmatch(self.path) for known in operations() if known.id == operation)

    @property
    def bearer(self) -> str | None:
        scheme, _, token = (self.header("Authorization") or "").partition(" ")
        return token if scheme.lower() == "bearer" else None


@dataclass
class Reply(Message):
    """What the host answers; `chunked` sends it without Content-Length."""

    status: int
    chunked: bool = field(default=False)


@dataclass(frozen=True)
class Operation:
    """An operation and where it is found."""

    id: str
    contract: str
    method: str
    path: re.Pattern[str]

    def is_of(self, method: str, path: str) -> bool:
        return method == self.method and self.path.fullmatch(path) is not None


@functools.cache
def operations() -> tuple[Operation, ...]:
    """All of the four OpenAPI contracts, and the stream's upgrade."""
    found = [Operation(STREAM, "stream", "GET", re.compile(STREAM_PATH))]
    for contract in CONTRACTS:
        document = yaml.safe_load((Path(openapi.__file__).parent / f"{contract}.yaml").read_text(encoding="utf-8"))
        base = document["servers"][0]["url"]
        for template, item in document["paths"].items():
            path = re.compile(re.sub(r"\{\w+\}", "[^/]+", base + template))
            for method, operation in item.items():
                found.append(Operation(operation["operationId"], contract, method.upper(), path))
    return tuple(sorted(found, key=lambda one: "[^/]+" in one.path.pattern))  # what is spelled out goes first


def contract_of(operation: str | None) -> str | None:
    """The contract that has the operation."""
    return next((known.contract for known in operations() if known.id == operation), None)
