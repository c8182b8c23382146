"""What connexion leaves open, closed once for both stacks; each test fails without our part."""

import asyncio
import base64
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema_rs
import pytest
import requests

from argus_wfm.openapi import ApiResponse, Call, Contract, OperationMismatch, accounts, load, serve
from argus_wfm.openapi.errors import EmployeeNotFound
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.served_contract import BASIC, EXAMPLES, NORM, Host, assert_envelope

JSON = {"Content-Type": "application/json"}


def chunked(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 10):
        yield body[start : start + 10]


def test_chunked_bodies_are_read(host: Host) -> None:
    assert host.norm(data=chunked(json.dumps(NORM).encode()), headers=JSON).json()["norm_hours"] == 168
    assert host.calls[0].body == NORM


def test_an_empty_chunked_body_is_a_missing_body(host: Host) -> None:
    assert_envelope(host.norm(data=chunked(b""), headers=JSON), 400, "VALIDATION_ERROR", "body")


@pytest.mark.parametrize(
    "day", ["2025-02-30", "01.07.2025", "2025-13-01", "2025-7-1", "0000-01-01", "2025-07-01T00:00"]
)
def test_path_dates_are_checked(host: Host, day: str) -> None:
    assert_envelope(host.request("GET", f"/agents/{day}/2025-07-31"), 400, "VALIDATION_ERROR", "startDate")
    assert not host.calls


def test_body_dates_are_checked(host: Host) -> None:
    assert_envelope(host.norm(json={**NORM, "period_end": "2025-02-29"}), 400, "VALIDATION_ERROR", "period_end")


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2025-07-01T00:00:00Z", 200),
        ("2025-07-01T00:00:00+03:00", 200),
        ("2025-07-01T00:00:00", 200),
        ("2025-07-01", 400),
        ("2025-02-30T00:00:00", 400),
        ("2016-12-31T23:59:60Z", 400),
        ("2025-07-01T25:00:00Z", 400),
        ("2025-07-01 00:00:00", 400),
    ],
)
def test_vendor_date_times_come_with_and_without_a_zone(host: Host, moment: str, status: int) -> None:
    request = {**EXAMPLES["getTimetypeInfo request"], "date_start": moment}
    response = host.request("POST", "/getTimetypeInfo", json=request)
    assert response.status_code == status
    if status == 400:
        assert response.json()["details"]["field"] == "date_start"


def test_head_answers_like_get_without_a_body(host: Host) -> None:
    got, head = host.get_agents(), host.request("HEAD", "/agents/2025-07-01/2025-07-31")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.content))


def test_head_of_a_refusal_has_no_body_either(host: Host) -> None:
    head = host.request("HEAD", "/nowhere")
    assert (head.status_code, head.content) == (404, b"")


@pytest.mark.parametrize("user", ["argus:пароль", "другой:another"])
def test_basic_credentials_are_utf8(host: Host, user: str) -> None:
    authorization = "Basic " + base64.b64encode(user.encode()).decode()
    assert host.get_agents(headers={"Authorization": authorization}).status_code == 200
    assert host.calls[0].principal == user.partition(":")[0]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic %%%",
        "Basic " + base64.b64encode(b"argus").decode(),
        "Basic " + base64.b64encode("argus:пароль".encode("cp1251")).decode(),
        "Basic " + base64.b64encode(b"argus:wrong").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Bearer eyJ0eXAiOiJKV1QiLCJhbGci",
        "Negotiate abc",
    ],
)
def test_every_other_authorization_is_challenged(host: Host, authorization: str) -> None:
    response = host.get_agents(headers={"Authorization": authorization})
    assert_envelope(response, 401, "UNAUTHORIZED")
    assert response.headers["WWW-Authenticate"] == 'Basic realm="argus", charset="UTF-8"'
    assert "X-Session-Id" not in response.headers


def test_wrong_password_and_unknown_user_look_the_same(host: Host) -> None:
    def refused(credentials: bytes) -> Any:
        return host.get_agents(headers={"Authorization": "Basic " + base64.b64encode(credentials).decode()})

    wrong, unknown = refused(b"argus:wrong"), refused(b"nobody:wrong")
    assert wrong.content == unknown.content


@pytest.mark.parametrize(
    "body", [b'{"employee_id": "\xff"}', b"\xef\xbb\xbf\xff", b"{", b"", b"NaN", b'{"a":"\\ud800"}']
)
def test_bytes_that_are_no_json_are_told_so(host: Host, body: bytes) -> None:
    code = "MALFORMED_JSON" if body else "VALIDATION_ERROR"
    assert_envelope(host.norm(data=body, headers=JSON), 400, code, None if body else "body")


def test_deep_nesting_is_refused_not_fatal(host: Host) -> None:
    assert_envelope(host.norm(data=b"[" * 100_000, headers=JSON), 400, "MALFORMED_JSON")


def test_a_failing_handler_gives_the_envelope_and_a_log(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.answers["getAgents"] = lambda call: 1 / 0
    with caplog.at_level(logging.ERROR):
        response = host.get_agents()
    assert_envelope(response, 500, "INTERNAL_ERROR")
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in response.text


def test_errors_of_handlers_keep_their_status_and_code(host: Host) -> None:
    def unknown(call: Call) -> Any:
        raise EmployeeNotFound("No employee EMP999", field="employee_id")

    host.answers["getNormHours"] = unknown
    assert_envelope(host.norm(json=NORM), 404, "EMPLOYEE_NOT_FOUND", "employee_id")


def test_raw_replies_go_out_as_they_are(host: Host) -> None:
    host.answers["getAgents"] = lambda call: ApiResponse(raw=b'{"already":"checked"}')
    response = host.get_agents()
    assert (response.content, response.headers["Content-Type"]) == (b'{"already":"checked"}', "application/json")


def test_cyrillic_is_not_escaped(host: Host) -> None:
    assert "Иванович".encode() in host.get_agents().content


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=windows-1251"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_other_media_types_charsets_and_codings_are_415(host: Host, headers: dict[str, str]) -> None:
    assert_envelope(host.norm(data=json.dumps(NORM), headers=headers), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", 'application/json; charset="UTF-8"']
)
def test_json_in_utf8_is_read_however_it_is_declared(host: Host, content_type: str) -> None:
    assert host.norm(data=json.dumps(NORM), headers={"Content-Type": content_type}).status_code == 200


def test_unknown_query_parameters_and_members_are_named(host: Host) -> None:
    assert_envelope(host.get_agents(params={"page": "2"}), 400, "VALIDATION_ERROR", "page")
    assert_envelope(host.norm(json={**NORM, "weekly_nrom": 40}), 400, "VALIDATION_ERROR", "weekly_nrom")


def test_header_parameters_are_checked(host: Host) -> None:
    upload = EXAMPLES["sendSchedule request"]
    response = host.request("POST", "/sendSchedule", json=upload, headers={"Idempotency-Key": "k" * 256})
    assert_envelope(response, 400, "VALIDATION_ERROR", "Idempotency-Key")


def test_a_nested_member_is_named_by_its_path(host: Host) -> None:
    upload = json.loads(json.dumps(EXAMPLES["sendSchedule request"]))
    upload["schedules"][0]["shifts"][0]["start_time"] = "9:00"
    response = host.request("POST", "/sendSchedule", json=upload)
    assert_envelope(response, 400, "VALIDATION_ERROR", "schedules.0.shifts.0.start_time")


def test_the_contract_names_the_code_of_a_batch_too_large(host: Host) -> None:
    upload = {**EXAMPLES["sendSchedule request"], "schedules": [{"employee_id": "E", "shifts": []}] * 101}
    assert_envelope(host.request("POST", "/sendSchedule", json=upload), 400, "BATCH_TOO_LARGE", "schedules")


def test_a_wrong_value_is_repeated_only_in_part(host: Host) -> None:
    response = host.norm(json={**NORM, "weekly_norm": "x" * 100_000})
    assert_envelope(response, 400, "VALIDATION_ERROR", "weekly_norm")
    assert len(response.content) < 1000


def test_exchanges_are_told_when_they_close(host: Host) -> None:
    host.get_agents(headers={"X-Request-Id": "good"})
    host.norm(data=b"{", headers={**JSON, "X-Request-Id": "bad"})
    good, bad = host.closed("good"), host.closed("bad")
    assert (good.operation and good.operation.id, good.status, good.error) == ("getAgents", 200, None)
    assert (bad.principal, bad.status, bad.error) == ("argus", 400, "MALFORMED_JSON")
    assert bad.duration_s > 0


def test_25_held_calls_are_all_in_their_handlers_at_once(host: Host) -> None:
    """connexion's FlaskApp has 10 threads: the barrier would never fill."""
    held: Any = threading.Barrier(25) if host.stack == "flask" else asyncio.Barrier(25)

    def hold(call: Call) -> Any:
        held.wait(timeout=20)
        return EXAMPLES["getNormHours 200"]

    async def hold_async(call: Call) -> Any:
        async with asyncio.timeout(20):
            await held.wait()
        return EXAMPLES["getNormHours 200"]

    host.answers["getNormHours"] = hold if host.stack == "flask" else hold_async
    with ThreadPoolExecutor(25) as pool:
        statuses = list(pool.map(lambda _: host.norm(json=NORM).status_code, range(25)))
    assert statuses == [200] * 25


def test_no_validator_is_built_while_serving(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", None)
    assert host.get_agents().status_code == 200
    assert host.norm(json=NORM).status_code == 200


@pytest.mark.parametrize("stack", ["async", "flask"])
def test_204_has_no_body(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = {"operationId": "forget", "x-effect": "write", "responses": {"204": {"description": "Gone."}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Tiny", "version": "1"},
        "servers": [{"url": "/tiny"}],
        "paths": {"/thing": {"delete": operation}},
    }
    monkeypatch.setattr("argus_wfm.openapi.serving.load", lambda name: Contract(name, document))

    def forget(call: Call) -> ApiResponse:
        return ApiResponse(status=204)

    async def forget_async(call: Call) -> ApiResponse:
        return ApiResponse(status=204)

    handler = forget if stack == "flask" else forget_async
    app = serve({"tiny": {"forget": handler}}, stack=stack, users={}, now=lambda: NOW)
    with background(app) as url, requests.Session() as session:
        session.trust_env = False
        first, second = (session.delete(f"{url}/tiny/thing", timeout=10) for _ in range(2))
    assert [(r.status_code, r.content, r.headers.get("Content-Type")) for r in (first, second)] == [
        (204, b"", None)
    ] * 2


def test_swagger_ui_and_the_contract_are_served(host: Host) -> None:
    page = host.request("GET", "/ui/")
    assert page.status_code == 200
    assert "swagger-ui" in page.text
    assert host.request("GET", "/ui/swagger-ui-bundle.js").status_code == 200
    assert host.request("GET", "/openapi.json").json() == load("personnel").document
    twin = host.request("GET", "/../../openapi-3.1/personnel.json")
    assert twin.json()["openapi"] == "3.1.0"


@pytest.mark.parametrize("stack", ["async", "flask"])
def test_handlers_and_operations_must_match_both_ways(stack: Any) -> None:
    names = [*load("personnel").operations][1:]
    spare: dict[str, Any] = dict.fromkeys([*names, "getWeather"], lambda call: {})
    with pytest.raises(OperationMismatch, match=r"no handler for getAgents; no operation for handler getWeather"):
        serve({"personnel": spare}, stack=stack, users={"basic": accounts({})}, now=lambda: NOW)


def test_credentials_and_bodies_are_not_in_what_may_be_logged(host: Host) -> None:
    host.norm(json=NORM, headers={"X-Request-Id": "shown"})
    shown = repr(host.calls[0]) + repr(host.closed("shown"))
    assert BASIC not in shown
    assert "EMP001" not in shown
