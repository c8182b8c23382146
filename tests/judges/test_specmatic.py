"""`specmatic test` finds nothing wrong with the gateway and the mock 1C.

Specmatic reads a contract by itself and sends the right requests that it is given as examples, and wrong ones that it
makes of them. What comes back has to have the status it expects and the body that the contract says.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, load
from argus_wfm.openapi.contract import Operation
from tests.judges.servers import CONTRACTS, Call, Scene, document
from tests.judges.tools import run, tool

COMBINATIONS = "5"  # of wrong values, for one request; without a bound, the operations API alone takes many minutes
REQUEST = re.compile(r"(GET|POST|PUT|DELETE) \S+(?= )")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Specmatic said, by its JUnit report: its npm wrapper ends with 0 whatever it found."""

    passed: list[str]
    failed: dict[str, str]
    said: str


def specmatic(up: Scene, contract: Contract, host: str, folder: Path, *, wrong: bool) -> Verdict:
    """Right requests alone (`--strict`: what has no example is not tested), or wrong ones made of them."""
    written = document(up, contract, "3.0", folder)
    written.write_text(json.dumps(readable(json.loads(written.read_text("utf-8"))), ensure_ascii=False), "utf-8")
    examples = folder / "examples"
    examples.mkdir()
    for call in up.calls(contract):
        text = json.dumps(example(call), ensure_ascii=False)
        (examples / f"{call.operation.id}.json").write_text(text, encoding="utf-8")
    base = up.urls[host] + contract.base_path
    command = [tool("specmatic", needs="java"), "test", "--testBaseURL", base, "--junitReportDir", "junit"]
    chosen = ["--filter", "STATUS='400'"] if wrong else ["--strict"]
    env = {"SPECMATIC_GENERATIVE_TESTS": str(wrong).lower(), "MAX_TEST_REQUEST_COMBINATIONS": COMBINATIONS}
    env |= credentials(up, contract)
    _, said = run([*command, *chosen, "--examples", str(examples), str(written)], folder, env)
    return verdict(folder / "junit", said)


def verdict(folder: Path, said: str) -> Verdict:
    passed, failed = [], {}
    for file in folder.glob("*.xml"):
        for case in ElementTree.parse(file).iter("testcase"):
            name = case.get("name", "").rsplit(" > Scenario: ", 1)[-1]
            failure = case.find("failure")
            if failure is None:
                passed.append(name)
            else:
                failed[name] = f"{failure.get('message', '')} {failure.text or ''}"
    return Verdict(passed, failed, said)


def credentials(up: Scene, contract: Contract) -> dict[str, str]:
    """By the name of the security scheme, as Specmatic takes them."""
    schemes = contract.document["components"]["securitySchemes"]
    return dict.fromkeys(schemes, up.authorizations[contract.name].split(" ", 1)[1])


def example(call: Call) -> Json:
    """An external example. Of the reply, its shape is compared, not its values."""
    request: Json = {"method": call.operation.method, "path": call.path}
    if call.body is not None:
        request |= {"headers": {"Content-Type": "application/json"}, "body": call.body}
    media_type, content = answer(call.operation, call.status)
    declared = call.operation.spec["responses"][str(call.status)].get("headers", {})
    due = {name: _of(one["schema"]) for name, one in declared.items() if one.get("required")}
    headers = {"Content-Type": media_type, **due}
    response = {"status": call.status, "headers": headers, "body": content.get("example", "")}
    return {"http-request": request, "http-response": response}


def answer(operation: Operation, status: int) -> tuple[str, Json]:
    """(media type, what the contract says of it) of the one that a call's reply has."""
    content = operation.spec["responses"][str(status)]["content"]
    media_type = "text/csv" if operation.id == "downloadExport" else "application/json"
    return media_type, content[media_type]


def readable(contract: Json) -> Json:
    """A contract as Specmatic 2.55.1 has to be given it."""
    schemas = contract["components"]["schemas"]
    for schema in every(contract):
        if schema.get("type") == "number" and schema.get("exclusiveMinimum") is True:
            # It takes "above 0" of a number for "1 at least", and calls half a post (employment_rate: 0.5) wrong.
            del schema["exclusiveMinimum"]
        if re.search(schema.get("pattern", "^$"), "_") and schema["pattern"].endswith("]+$"):
            # It takes one more "_" at the end for what breaks a pattern, and these allow it. Where it does make a
            # value that breaks one, it cannot write it into a path, at which it leaves out all that is to come.
            del schema["pattern"]
        if schema.get("minimum") == schema.get("maximum", "none"):
            # It finds no integer from 0 to 0 (waiting, where nobody waits), and leaves out all that is to come.
            schema["enum"] = [schema.pop("minimum")]
            del schema["maximum"]
        if schema.get("in") == "path" and "$ref" in schema["schema"]:
            # It makes an empty id, and then sends another path: /operations for /operations/{id}.
            schema["schema"] = dict(schemas[schema["schema"]["$ref"].rsplit("/", 1)[1]])
            schema["schema"].pop("minLength", None)
    return contract


def every(node: Json) -> Iterator[Json]:
    """Every object of a document."""
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict):
        yield node
    for member in members:
        yield from every(member)


PARTIES = [(name, "gateway") for name in CONTRACTS] + [("personnel", "zup")]


@pytest.mark.parametrize(("name", "host"), PARTIES)
def test_right_requests_are_answered_by_the_contract(name: str, host: str, up: Scene, tmp_path: Path) -> None:
    contract = load(name)
    found = specmatic(up, contract, host, tmp_path, wrong=False)
    assert found.failed == {}
    assert len(found.passed) == len(contract.operations), found.said


@pytest.mark.parametrize(("name", "host"), PARTIES)
def test_wrong_requests_are_refused_by_the_contract(name: str, host: str, up: Scene, tmp_path: Path) -> None:
    contract = load(name)
    found = specmatic(up, contract, host, tmp_path, wrong=True)
    assert found.failed == {}
    tested = {match[0] for name in found.passed if (match := REQUEST.search(name))}
    can_be_wrong = [o for o in contract.operations.values() if o.spec.get("parameters") or "requestBody" in o.spec]
    assert len(tested) == len(can_be_wrong), sorted(tested)


def test_a_spoiled_reply_is_told_of(up: Scene, tmp_path: Path) -> None:
    contract = load("personnel")
    patch = [{"op": "add", "path": "/salary", "value": 1}]
    up.inject({"fault": "amend", "patch": patch, "operation": "getAgents", "times": 1})
    found = specmatic(up, contract, "zup", tmp_path, wrong=False)
    (told,) = found.failed.values()
    assert "RESPONSE.BODY.salary" in told
    assert len(found.passed) == len(contract.operations) - 1


def _of(schema: Json) -> str:
    """A value that a header may have."""
    return str(schema.get("enum", ["anything"])[0])
