"""An independent eye between two parties: reads the bytes that a relay passes on, and judges every exchange.

It shares nothing with whom it watches: HTTP is read by h11, schemas by jsonschema, and whether a request keeps to the
contract is decided here, from the contract alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import h11
import jsonschema

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation

CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER
CROSS_FIELD = ("INVALID_PERIOD",)  # refusals that no schema can foretell
CROSS_FIELDS = ("date_end", "Idempotency-Key")  # likewise, by the member that is named


@dataclass(frozen=True, order=True)
class Fault:
    """One way in which somebody broke the contract; comparable with a line of expected.toml."""

    who: str  # "caller" or "party"
    operation: str
    kind: str

    def __str__(self) -> str:
        return f"{self.who} {self.operation}: {self.kind}"


@dataclass
class Watcher:
    """`tap` is for a Relay; `base` is where the contract begins behind it."""

    contract: Contract
    base: str
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    examples: dict[Fault, str] = field(default_factory=dict)
    not_http: int = 0

    def __post_init__(self) -> None:
        self._connections: dict[int, _Connection] = {}

    def tap(self, connection: int, direction: str, data: bytes) -> None:
        """Bytes of one connection, in either direction."""
        reader = self._connections.setdefault(connection, _Connection())
        try:
            for request, response in reader.read(direction, data):
                self._judge(request, response)
        except (h11.LocalProtocolError, h11.RemoteProtocolError):
            self.not_http += 1  # a request that is none, or an answer before the request was whole
            self._connections[connection] = _Connection(blind=True)

    def _judge(self, request: _Message, response: _Message) -> None:
        path = request.target.partition("?")[0]
        if not path.startswith(self.base):
            return
        exchange = self._exchange(request, response, path)
        name = exchange.operation.id if exchange.operation else "no operation"
        self.seen[name, exchange.status] += 1
        for finding in judge(exchange):
            self._note(Fault("party", name, f"{finding.code} {finding.where}"), exchange)
        wrong = self.unspecified(request, exchange.operation, path)
        if wrong:
            self._note(Fault("caller", name, wrong), exchange)
        for kind in self._misjudged(exchange, wrong):
            self._note(Fault("party", name, kind), exchange)

    def _exchange(self, request: _Message, response: _Message, path: str) -> Exchange:
        relative = unquote(path[len(self.base) :])
        return Exchange(
            self.contract,
            self.contract.match(request.method, relative),
            request.method,
            f"http://watched{request.target}",
            request.headers,
            request.body,
            response.status,
            response.headers,
            response.body,
            base_url=f"http://watched{self.base}",
        )

    def unspecified(self, request: _Message, operation: Operation | None, path: str) -> str:
        """Why a request does not keep to the contract; empty when it does."""
        if operation is None:
            return "no such operation"
        return _wrong_parameter(self.contract, operation, request, unquote(path[len(self.base) :])) or _wrong_body(
            self.contract, operation, request
        )

    def _misjudged(self, exchange: Exchange, wrong: str) -> Iterator[str]:
        """A right request refused, or a wrong one accepted."""
        if wrong and exchange.status < 400:
            yield f"accepted a request with {wrong}"
        if not wrong and exchange.status == 400:
            body = json.loads(exchange.body)
            named = body["details"].get("field", "")
            if body["code"] not in CROSS_FIELD and named not in CROSS_FIELDS:
                yield f"refused a right request: {body['code']} {named}"

    def _note(self, fault: Fault, exchange: Exchange) -> None:
        self.faults[fault] += 1
        self.examples.setdefault(
            fault, f"{exchange.method} {exchange.url} -> {exchange.status} {exchange.body[:300]!r}"
        )


@dataclass
class _Message:
    """A request or a response, whole."""

    method: str = ""
    target: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Connection:
    """Both sides of one connection: what either parser reads, the other is told it has sent."""

    def __init__(self, *, blind: bool = False) -> None:
        self._blind = blind
        self._as_server, self._as_client = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
        self._request, self._response = _Message(), _Message()

    def read(self, direction: str, data: bytes) -> Iterator[tuple[_Message, _Message]]:
        """Exchanges that these bytes made whole; a refusal may come before its request is."""
        if self._blind:
            return
        if direction == ">":
            self._as_server.receive_data(data)
            self._take(self._as_server, self._as_client, self._request)
        else:
            self._as_client.receive_data(data)
            self._take(self._as_client, self._as_server, self._response)
        if self._ended(self._as_server) and self._ended(self._as_client):
            yield self._request, self._response
            self._request, self._response = _Message(), _Message()
            if h11.DONE is self._as_server.our_state is self._as_server.their_state:
                self._as_server.start_next_cycle()
                self._as_client.start_next_cycle()
            else:
                self._blind = True  # the connection is to be closed

    @staticmethod
    def _ended(side: h11.Connection) -> bool:
        over = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)
        return side.our_state in over and side.their_state in over

    def _take(self, reading: h11.Connection, other: h11.Connection, message: _Message) -> None:
        while True:
            event = reading.next_event()
            if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return
            match event:
                case h11.Request():
                    message.method, message.target = event.method.decode(), event.target.decode("latin-1")
                    message.headers = _headers(event.headers)
                case h11.Response():
                    message.status, message.headers = event.status_code, _headers(event.headers)
                case h11.Data():
                    message.body += bytes(event.data)
            other.send(event)  # type: ignore[arg-type]


def _headers(raw: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _wrong_parameter(contract: Contract, operation: Operation, request: _Message, path: str) -> str:
    given = {
        "path": _path_values(operation, path),
        "query": dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True)),
        "header": request.headers,
    }
    declared = operation.spec.get("parameters", [])
    known = {parameter["name"] for parameter in declared if parameter["in"] == "query"}
    if given["query"].keys() - known:
        return "an undeclared query parameter"
    for parameter in declared:
        name, place = parameter["name"], parameter["in"]
        value = given[place].get(name.lower() if place == "header" else name)
        if value is None and parameter.get("required"):
            return f"no {name}"
        if value is not None and not _valid(contract, parameter["schema"], value):
            return f"a wrong {name}"
    return ""


def _path_values(operation: Operation, path: str) -> dict[str, str]:
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.path))
    found = re.fullmatch(pattern, path)
    return found.groupdict() if found else {}


def _wrong_body(contract: Contract, operation: Operation, request: _Message) -> str:
    schema = contract.request_schema(operation.id)
    if schema is None:
        return ""
    media_type, _, parameters = request.headers.get("content-type", "application/json").partition(";")
    if media_type.strip().lower() != "application/json":
        return "a body that is not JSON by its type"
    if "charset" in parameters.lower() and "utf-8" not in parameters.lower():
        return "a body in another charset"
    try:
        body = json.loads(request.body.decode("utf-8"))
    except (UnicodeDecodeError, ValueError):
        return "a body that is not JSON"
    return "" if jsonschema.Draft202012Validator(schema, format_checker=CHECKER).is_valid(body) else "a wrong body"


def _valid(contract: Contract, schema: Json, value: Json) -> bool:
    return bool(jsonschema.Draft202012Validator(contract.schema(schema), format_checker=CHECKER).is_valid(value))
