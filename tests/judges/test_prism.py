"""Prism as a validating proxy finds nothing in what the gateway and the mock 1C answer.

Prism reads a contract by itself, checks each request that passes through it and each reply that comes back, and answers
with its own problem document where one of them departs (`--errors`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, load
from argus_wfm.openapi.server import bind
from tests.judges.servers import CONTRACTS, Call, Scene, document
from tests.judges.tools import serving, tool

VIOLATIONS = "sl-violations"  # the header in which Prism tells of errors and warnings
SPOILED: dict[str, tuple[Json, str]] = {
    "a member too many": (
        {"fault": "amend", "patch": [{"op": "add", "path": "/salary", "value": 1}]},
        "must NOT have additional properties",
    ),
    "a member that is null": (
        {"fault": "amend", "patch": [{"op": "replace", "path": "/total_count", "value": None}]},
        "must be integer",
    ),
    "a status of its own": (
        {"fault": "status", "status": 418},
        "Unable to match the returned status code with those defined",
    ),
    "another media type": ({"fault": "content-type"}, "media type"),
}
STRANGER = {"basic": "Basic bm9ib2R5Ondyb25n", "directory": "Basic bm9ib2R5Ondyb25n", "bearer": "Bearer wrong"}


@contextlib.contextmanager
def prism(contract: Path, upstream: str) -> Iterator[str]:
    """The address of a Prism before `upstream`."""
    with contextlib.closing(bind("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [tool("prism"), "proxy", str(contract), upstream, "--errors", "--host", "127.0.0.1", "--port", str(port)]
    with serving(command, "Prism is listening"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contracts")


def wrong(url: str, up: Scene, contract: Contract) -> list[str]:
    """What is wrong with the answers to right requests, one for each operation, and to those of a stranger."""
    found = []
    for call in up.calls(contract):
        needs = call.operation.security
        found.append(verdict(call, send(url, call, up.authorization(contract, call.operation)), call.status))
        if needs:
            found.append(verdict(call, send(url, call, {"Authorization": STRANGER[needs]}), 401))
    return [line for line in found if line]


def verdict(call: Call, reply: requests.Response, expected: int) -> str | None:
    """What Prism, or we, find wrong with a reply; None where nothing is."""
    violations = reply.headers.get(VIOLATIONS)
    if reply.status_code == expected and violations is None:
        return None
    return f"{call.operation.id}: {reply.status_code} for {expected}; {violations or ''} {reply.text[:500]}"


def send(url: str, call: Call, headers: dict[str, str]) -> requests.Response:
    return requests.request(call.operation.method, url + call.path, json=call.body, headers=headers, timeout=60)


@pytest.mark.parametrize("version", ["3.0", "3.1"])
@pytest.mark.parametrize("name", CONTRACTS)
def test_nothing_is_wrong_with_the_gateway(name: str, version: str, up: Scene, folder: Path) -> None:
    contract = load(name)
    with prism(document(up, contract, version, folder), up.urls["gateway"] + contract.base_path) as url:
        assert wrong(url, up, contract) == []


def test_nothing_is_wrong_with_the_mock_1c(up: Scene, folder: Path) -> None:
    contract = load("personnel")
    with prism(document(up, contract, "3.0", folder), up.urls["zup"] + contract.base_path) as url:
        assert wrong(url, up, contract) == []


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_reply_is_told_of(name: str, up: Scene, folder: Path) -> None:
    contract = load("personnel")
    fault, told = SPOILED[name]
    with prism(document(up, contract, "3.0", folder), up.urls["zup"] + contract.base_path) as url:
        up.inject({**fault, "operation": "getAgents", "times": 1})
        first, *others = wrong(url, up, contract)
    assert first.startswith("getAgents: ")
    assert told in first
    assert others == []


def test_a_wrong_request_is_told_of(up: Scene, folder: Path) -> None:
    contract = load("personnel")
    call = next(call for call in up.calls(contract) if call.operation.id == "getNormHours")
    with prism(document(up, contract, "3.0", folder), up.urls["zup"] + contract.base_path) as url:
        reply = send(url, replace(call, body={"employee_id": 1}), up.authorization(contract, call.operation))
    assert (reply.status_code, reply.json()["type"].rsplit("#", 1)[1]) == (422, "UNPROCESSABLE_ENTITY")
