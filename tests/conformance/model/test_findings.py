"""Each difference once: kinds that meet, causes that do not, steady and intermittent, and what is never told."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.checks.encoding import damaged, is_whole, legible
from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.generated.checks import findings
from argus_wfm.conformance.model.codes import CODES, SEVERITIES, kind
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Finding, Findings, clipped, steadiness
from argus_wfm.conformance.target.recorder import ExchangeStats, Recorder
from argus_wfm.openapi import load
from tests.support.exchanges import CONTRACT, ENVELOPE, EXAMPLES, JSON, amended, changed, exchange

GOOD = EXAMPLES["getAgents 200"]


def departed(seen: Exchange, status: int, code: str | None = None) -> Finding:
    with pytest.raises(Departure) as raised:
        seen.require(status, code)
    return raised.value.finding


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


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    "text", ["Р\ufffdРІ??", "\x88¶", "\x88", "ô\U000d75d70q\x80÷\x9f", "Привет??", "ÈâàíîâÈâàíîâ" * 20]
)
def test_what_the_run_itself_has_sent_damaged_is_no_finding_of_the_host_s(text: str, escaped: bool) -> None:
    recorder = Recorder()
    sent = exchange("sendSchedule", body=EXAMPLES["sendSchedule 200"])
    sent.request_body = json.dumps({"rows": [{"note": text}]}, ensure_ascii=escaped).encode()
    recorder.add(sent)
    recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": text}))
    recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": f"{text}, 1"}))
    for said in (f"no employee {text}.", f"{text[:9]!r}… is longer than 64"):
        recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": said}))
    assert "MOJIBAKE" not in [finding.code for finding in recorder.drain().findings]


def test_an_echo_excuses_no_damage_beside_it() -> None:
    recorder, rows = Recorder(), copy.deepcopy(GOOD)
    sent = exchange("sendSchedule", body=EXAMPLES["sendSchedule 200"])
    sent.request_body = json.dumps(["Ôèãíÿ??", "и", "??", "???"], ensure_ascii=False).encode()
    recorder.add(sent)
    names = ("Ôèãíÿ??", "Служба ра??ты и про??ж", "?? ????? ??", "Èâàíîâ")
    rows["agents"] = [{**rows["agents"][0], "agent_id": f"A{n}", "lastname": name} for n, name in enumerate(names)]
    recorder.add(exchange(body=rows))
    (found,) = [one for one in recorder.drain().findings if one.code == "MOJIBAKE"]
    assert (found.where, "3 times" in found.message) == ("/agents/1/lastname", True)


@pytest.mark.parametrize(
    "text", ["ô\U000d75d7\x80÷", "what??", "????", "РџРµС‚СЂРѕРІ", "Èâàíîâ Пётр", "\ufffd", "Иванов"]
)
def test_what_is_written_to_a_host_of_others_looks_damaged_to_nobody(text: str) -> None:
    made = legible({"name": [text]})["name"][0]
    assert (len(made), damaged(made) if not is_whole(made) else "") == (len(text), "")
    assert made == text or not is_whole(text)


def test_what_was_sent_whole_and_came_damaged_is_one() -> None:
    recorder = Recorder()
    sent = exchange("sendSchedule", body=EXAMPLES["sendSchedule 200"])
    sent.request_body = json.dumps({"rows": ["Петров", "é"]}).encode()
    recorder.add(sent)
    for text in ("Петров".encode().decode("cp1251"), "\u0090é\u0098", "??????"):
        recorder.add(exchange("sendSchedule", body={**EXAMPLES["sendSchedule 200"], "document_id": text}))
    assert [finding.code for finding in recorder.drain().findings].count("MOJIBAKE") == 3


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


def test_a_line_for_the_shell_has_no_credentials() -> None:
    headers = {"authorization": "Basic c2VjcmV0OnNlY3JldA==", "x-session-id": "s-4711", "accept": "application/json"}
    url = "http://argus.example/agents?access_token=opaque-secret&x=1"
    seen = Exchange(CONTRACT, CONTRACT.operations["getAgents"], "GET", url, headers, b"", 200, JSON, b"{}")
    for secret in ("c2VjcmV0", "s-4711", "opaque-secret"):
        assert secret not in json.dumps([finding.as_dict() for finding in judge(seen)])
    assert "$ARGUS_TARGET_USER" in seen.curl()
    assert "$ARGUS_TARGET_SESSION" in seen.curl()


def test_codes_are_explained_whole() -> None:
    for code, about in CODES.items():
        assert all((about.means, about.look, about.example)), code
        assert about.severity in SEVERITIES
        assert kind(code) in CODES
        assert kind(kind(code)) == kind(code)


def test_explain_says_what_to_look_at_and_what_may_have_been_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "date-format"]) == 0
    told = capsys.readouterr().out
    for words in ("DATE_FORMAT  error", "look at", "example", "a kind of WRONG_FORMAT"):
        assert words in told
    assert main(["explain", "RENAMED"]) == 2
    assert "did you mean RENAMED_MEMBER" in capsys.readouterr().err


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


def test_no_token_or_password_is_repeated_whatever_its_form() -> None:
    for held in ({"access_token": "opaque-4711"}, {"password": "s3cret"}, '{"token": "opaque-4711", "x": 1}'):
        text = clipped(held)
        assert "4711" not in text
        assert "s3cret" not in text
        assert "…" in text
    assert clipped('{"token": "eyJhbGciOiJub25lIn0.e30."}') == '{"token": "eyJ…"}'
