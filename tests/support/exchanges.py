"""Exchanges made of the contract's own examples, without a socket."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Finding
from argus_wfm.openapi import load

CONTRACT = load("personnel")
EXAMPLES = {where: example for where, _, example in CONTRACT.examples()}
JSON = {"content-type": "application/json", "x-session-id": "s"}
GOOD = EXAMPLES["getAgents 200"]
ENVELOPE = {"error": True, "code": "VALIDATION_ERROR", "message": "x", "details": {"timestamp": "2025-07-29T01:30:00Z"}}


def exchange(operation: str = "getAgents", status: int = 200, body: Any = None, **headers: str) -> Exchange:
    of = CONTRACT.operations[operation]
    example = EXAMPLES[f"{operation} 200"] if body is None else body
    data = example if isinstance(example, bytes) else json.dumps(example, ensure_ascii=False).encode()
    sent = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Exchange(CONTRACT, of, of.method, "http://argus.example/x", {}, b"", status, sent, data)


def amended(change: Callable[[Any], Any]) -> Exchange:
    body = copy.deepcopy(GOOD)
    change(body["agents"][0])
    return exchange(body=body)


def changed(**members: Any) -> Any:
    body = copy.deepcopy(GOOD)
    body["agents"][0].update(members)
    return body


def norm_hours_exchange(body: object, status: int = 200) -> Exchange:
    seen = exchange("getNormHours", status)
    seen.request_body = json.dumps(body).encode()
    return seen


def departed(seen: Exchange, status: int, code: str | None = None) -> Finding:
    with pytest.raises(Departure) as raised:
        seen.require(status, code)
    return raised.value.finding
