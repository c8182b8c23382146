"""Each difference is one finding: its kind, steady or intermittent, and without any secret."""

from __future__ import annotations

import copy
import json
from typing import Any

import jwt
import pytest

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.generated.checks import findings
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Finding, Findings, clipped, steadiness
from argus_wfm.conformance.target.recorder import ExchangeStats, Recorder
from tests.support.exchanges import ENVELOPE, GOOD, amended, changed, departed, exchange


def test_a_scenario_s_words_and_the_judge_s_are_one_finding_and_the_more_precise_one_is_told() -> None:
    (precise,) = judge(amended(lambda one: one.update(norm_week="40")))
    coarse = Finding.from_dict({**precise.as_dict(), "code": "WRONG_TYPE", "scenario": "PER-02"})
    for order in ([precise, coarse], [coarse, precise]):
        (witnessed,) = Findings(order)
        assert (witnessed.finding.code, witnessed.witnesses) == ("NUMBER_AS_STRING", ["PER-02"])


@pytest.mark.parametrize(
    ("status", "due", "code"),
    [(500, 200, "SERVER_ERROR"), (200, 400, "REQUEST_ACCEPTED"), (200, 401, "AUTH_NOT_CHECKED"),
     (401, 200, "AUTH_REFUSED"), (422, 400, "STATUS_UNEXPECTED")],
)  # fmt: skip
def test_a_status_has_one_code_whoever_meets_it(status: int, due: int, code: str) -> None:
    assert departed(exchange("getNormHours", status, {**ENVELOPE, "code": "X"}), due).code == code


def test_a_server_error_of_a_scenario_meets_that_of_a_generated_test() -> None:
    broken = exchange("getNormHours", 500, {**ENVELOPE, "code": "INTERNAL_ERROR"})
    generated = next(finding for finding in findings(broken) if finding.code == "SERVER_ERROR")
    assert departed(broken, 200).fingerprint == generated.fingerprint


def test_a_wrong_code_meets_itself_and_another_wrong_code_is_another_finding() -> None:
    def wrong(code: str) -> Exchange:
        return exchange(status=400, body={**ENVELOPE, "code": code})

    (judged,) = judge(wrong("NOT_FOUND"))
    assert judged.fingerprint == departed(wrong("NOT_FOUND"), 400, "INVALID_PERIOD").fingerprint
    assert judged.fingerprint != departed(wrong("CONFLICT"), 400, "INVALID_PERIOD").fingerprint


@pytest.mark.parametrize(
    ("body", "whose"),
    [
        ({"field": "agentId", "message": "Не найден", "description": ""}, "contact centre"),
        ({"result": "false", "message": "Нет данных"}, "1C's result flag"),
        ({"title": "Bad Request", "status": 400, "detail": "x"}, "problem document"),
        ([], "a list"),
    ],
)
def test_a_foreign_envelope_is_one_finding_that_says_whose_it_is(body: Any, whose: str) -> None:
    (finding,) = judge(exchange(status=400, body=body))
    assert (finding.code, finding.where) == ("ENVELOPE", "body")
    assert whose in finding.message


def test_a_failure_inside_a_success_is_told() -> None:
    seen = judge(exchange("getNormHours", body={"result": "false", "message": "Календарь не заполнен"}))
    told = next(finding for finding in seen if finding.code == "RESULT_FLAG")
    assert "Календарь не заполнен" in told.message


def test_soap_is_called_soap() -> None:
    body = b'<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"/>'
    (finding,) = judge(exchange(body=body, content_type="text/xml"))
    assert (finding.code, finding.message) == ("WRONG_PROTOCOL", "SOAP where JSON was due")


def test_a_sample_is_the_object_that_the_place_is_in() -> None:
    body = copy.deepcopy(GOOD)
    body["agents"] = [{**body["agents"][0], "agent_id": f"A{one}", "tab_number": f"0000{one}"} for one in range(9)]
    body["agents"][7].update(norm_week="40")
    body["total_count"] = 9
    (finding,) = judge(exchange(body=body))
    assert finding.where == "/agents/7/norm_week"
    assert '"agent_id": "A7"' in finding.sample


def test_intermittent_is_told_apart_from_steady() -> None:
    recorder, wrong = Recorder(), changed(norm_week="40")
    for body in (GOOD, wrong, GOOD):
        recorder.add(exchange(body=body))
    seen = ExchangeStats.from_dict(json.loads(json.dumps(recorder.drain().as_dict())))
    (witnessed,) = Findings(seen.findings)
    assert witnessed.frequency(seen.sent) == (1, 3)
    assert steadiness((1, 3)) == "intermittent: seen in 1 of 3 attempts of the same request"
    assert steadiness((3, 3)).startswith("steady")
    assert steadiness(None) == ""


def test_no_token_or_password_is_repeated_whatever_its_form() -> None:
    for held in ({"access_token": "opaque-4711"}, {"password": "s3cret"}, '{"token": "opaque-4711", "x": 1}'):
        text = clipped(held)
        assert "4711" not in text
        assert "s3cret" not in text
        assert "…" in text
    assert clipped('{"token": "eyJhbGciOiJub25lIn0.e30."}') == '{"token": "eyJ…"}'


def test_findings_hold_no_token() -> None:
    token = jwt.encode({"sub": "ivan.ivanov"}, "a secret of this test alone, which is long enough", "HS256")
    assert clipped({"access_token": token, "scope": "x"}) == "{'access_token': 'eyJ…', 'scope': 'x'}"
    assert token.split(".")[2] not in clipped(f"Bearer {token}")
