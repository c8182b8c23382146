"""A response against its contract: each deviation has a code and a place, without a socket."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.generated.checks import findings
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Finding, Findings
from argus_wfm.openapi import load
from tests.support.exchanges import CONTRACT, ENVELOPE, EXAMPLES, GOOD, JSON, amended, changed, exchange


def test_letters_that_are_escaped_are_the_same_text() -> None:
    assert findings(exchange(body=json.dumps(EXAMPLES["getAgents 200"]).encode())) == []  # RFC 8259, section 7


@pytest.mark.parametrize("operation", CONTRACT.operations)
def test_the_contract_s_own_examples_have_no_finding(operation: str) -> None:
    assert findings(exchange(operation)) == []


@pytest.mark.parametrize(
    ("seen", "code", "where"),
    [
        (amended(lambda one: one.pop("agent_id")), "MISSING_MEMBER", "/agents/0/agent_id"),
        (amended(lambda one: one.update(agentId=one.pop("agent_id"))), "RENAMED_MEMBER", "/agents/0/agent_id"),
        (amended(lambda one: one.update(area="x")), "UNDECLARED_MEMBER", "/agents/0/area"),
        (amended(lambda one: one.update(norm_week="40")), "NUMBER_AS_STRING", "/agents/0/norm_week"),
        (amended(lambda one: one.update(norm_week=61)), "OUT_OF_RANGE", "/agents/0/norm_week"),
        (amended(lambda one: one.update(start_work="2025-02-30")), "WRONG_FORMAT", "/agents/0/start_work"),
        (amended(lambda one: one.update(lastname=" ")), "WRONG_FORMAT", "/agents/0/lastname"),
        (exchange(status=418, body=ENVELOPE), "STATUS_UNDOCUMENTED", "status"),
        (exchange(body=b"<html>", content_type="text/html"), "WRONG_PROTOCOL", "body"),
        (exchange(body=b"<?xml?><soap/>", content_type="text/xml"), "WRONG_PROTOCOL", "body"),
        (exchange(content_type="text/html"), "MEDIA_TYPE", "header Content-Type"),
        (exchange(body=b"\xff"), "CHARSET", "body"),
        (exchange(content_type="application/json; charset=windows-1251"), "CHARSET", "header Content-Type"),
        (exchange(body=b'{"a": NaN}'), "WRONG_PROTOCOL", "body"),
        (exchange(status=400, body={"title": "problem"}), "ENVELOPE", "body"),
        (exchange(status=400, body=[]), "ENVELOPE", "body"),
        (exchange(status=400, body={**ENVELOPE, "code": "NOT_FOUND"}), "ERROR_CODE", "/code"),
        (exchange(status=401, body={**ENVELOPE, "code": "UNAUTHORIZED"}), "HEADER", "header WWW-Authenticate"),
    ],
)
def test_departure_has_code_and_place(seen: Exchange, code: str, where: str) -> None:
    assert (code, where) in [(finding.code, finding.where) for finding in judge(seen)]


def test_same_departure_of_many_is_one_finding_that_counts() -> None:
    body = copy.deepcopy(EXAMPLES["getAgents 200"])
    body["agents"] = [
        {**body["agents"][0], "agent_id": f"A{one}", "tab_number": f"0{one}", "extra": 1} for one in range(5)
    ]
    body["total_count"] = 5
    (finding,) = judge(exchange(body=body))
    assert "5 times" in finding.message
    assert "and 2 more" in finding.message


def test_missing_session_and_slow_reply_are_found() -> None:
    seen = exchange()
    seen.headers = {"content-type": "application/json"}
    seen.elapsed_s = 2.5
    assert [finding.code for finding in findings(seen)] == ["HEADER", "SLOW"]


def test_fingerprint_is_the_same_for_any_list_member_and_findings_come_once() -> None:
    first, second = (judge(amended(lambda one: one.pop("agent_id")))[0] for _ in range(2))
    other = Finding.from_dict({**first.as_dict(), "where": "/agents/77/agent_id", "scenario": "PER-02"})
    assert first.fingerprint == second.fingerprint == other.fingerprint
    kept = Findings([first, second, other])
    (witnessed,) = kept
    assert (len(kept), witnessed.times, witnessed.witnesses) == (1, 3, ["PER-02"])


def test_stray_path_needs_the_envelope_too() -> None:
    stray = Exchange(CONTRACT, None, "GET", "http://argus.example/no", {}, b"", 404, JSON, b'{"detail": "x"}')
    assert [finding.code for finding in judge(stray)] == ["ENVELOPE"]
    stray.body = json.dumps({**ENVELOPE, "code": "NOT_FOUND"}).encode()
    assert judge(stray) == []
    stray.status = 405
    assert [finding.code for finding in judge(stray)] == ["HEADER"]


def test_a_method_that_is_not_there_is_no_operation_that_the_host_lacks() -> None:
    """Whatever a host answers to it."""
    page: Any = {"status": 404, "body": b"<!doctype html>", "content_type": "text/html"}
    lacking, other = exchange(**page), exchange(**page)
    other.operation = None
    for seen, code in ((lacking, "OPERATION_ABSENT"), (other, "STATUS_UNEXPECTED")):
        with pytest.raises(Departure) as raised:
            seen.require(405)
        assert raised.value.finding.code == code


@pytest.mark.parametrize(
    ("seen", "code", "where"),
    [
        (exchange(body={**GOOD, "agents": GOOD["agents"] * 2}), "NOT_UNIQUE", "/agents/*/agent_id"),
        (exchange(body={**GOOD, "total_count": 9}), "COUNT", "/total_count"),
        (exchange(body=changed(lastname="Петров".encode().decode("cp1251"))), "MOJIBAKE", "/agents/0/lastname"),
        (exchange("getNormHours", body={**EXAMPLES["getNormHours 200"], "norm_hours": 7}), "VALUE", "/norm_hours"),
        (exchange(body=changed(department_id=None)), "NULL_VALUE", "/agents/0/department_id"),
        (exchange(body=changed(start_work="15.03.2020")), "DATE_FORMAT", "/agents/0/start_work"),
        (exchange(body=changed(norm_week=144_000_000)), "UNIT", "/agents/0/norm_week"),
        (exchange(body=changed(employment_rate="0,5")), "DECIMAL_COMMA", "/agents/0/employment_rate"),
        (exchange(body=changed(**{"a/b~c": 1})), "UNDECLARED_MEMBER", "/agents/0/a~1b~0c"),
        (exchange(body=[]), "WRONG_TYPE", "body"),
    ],
)  # fmt: skip
def test_values_are_judged_in_every_exchange(seen: Exchange, code: str, where: str) -> None:
    assert (code, where) in [(finding.code, finding.where) for finding in judge(seen)]


def test_every_contract_s_examples_are_without_finding() -> None:
    for name in ("personnel", "mce", "sso", "operations"):
        contract = load(name)
        for where, _, example in contract.examples():
            operation, _, part = where.partition(" ")
            if part.isdecimal() and int(part) < 300:
                of = contract.operations[operation]
                body = json.dumps(example, ensure_ascii=False).encode()
                headers = {**JSON, "cache-control": "no-store"}
                seen = Exchange(contract, of, of.method, "http://argus.example/x", {}, b"", int(part), headers, body)
                assert judge(seen) == [], where
