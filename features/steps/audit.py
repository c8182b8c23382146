"""The audit trail, read through the operations API."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator

from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import basic
from argus_wfm.features.steps.circuit_breaker import raise_
from argus_wfm.features.steps.faults import MONTH
from argus_wfm.features.steps.norm_hours import ask
from argus_wfm.features.steps.operations import Queued
from argus_wfm.features.steps.roster import JULY
from argus_wfm.json_type import Json

JWT = re.compile(r"eyJ[\w-]{8,}\.")
COMPLIANCE = {
    "data_classification": "personal_data",
    "retention_period": "3_years",
    "encryption": "in_transit",
    "gdpr_compliant": True,
}


@when("the agents are requested past the cache with a request id of our own", target_fixture="exchange")
def request_agents(target: Target) -> Exchange:
    headers = {"Cache-Control": "no-cache", "X-Request-Id": uuid.uuid4().hex}
    exchange = target.personnel.get("/agents/{}/{}".format(*JULY), headers=headers)
    exchange.require(200)
    return exchange


@then("the audit trail has one inbound record of it, with times, principal, operation, status, duration and retries")
def one_inbound(target: Target, exchange: Exchange) -> None:
    record = _only(target, exchange, "inbound")
    due = {"operation": "getAgents", "status": 200, "retries": 0, "error": None, "principal": target.personnel.user}
    _holds(exchange, record, due)
    times = record["requested_at"], record["responded_at"]
    so = times[0] <= times[1] and record["duration_ms"] > 0 and exchange.path in record["path"]
    exchange.expect(so, "VALUE", "/", "Times, duration or path are not of this call", actual=record)


@then("one outbound record of the call to 1C ZUP with the same request id")
def one_outbound(target: Target, exchange: Exchange) -> None:
    due = {"operation": "getAgents", "status": 200, "system": "1C ZUP", "retries": 0}
    _holds(exchange, _only(target, exchange, "outbound"), due)


@when(
    parsers.parse("a norm with a weekly norm of {hours:d} is requested with a request id of our own"),
    target_fixture="exchange",
)
def request_wrong_norm(target: Target, employee: str, hours: int) -> Exchange:
    return ask(target, employee, *MONTH, hours, headers={"X-Request-Id": uuid.uuid4().hex})


@then(parsers.parse("the audit trail has the refusal: {status:d}, {code}, {field}, and the payload"))
def has_refusal(target: Target, exchange: Exchange, employee: str, status: int, code: str, field: str) -> None:
    record = _only(target, exchange, "inbound")
    _holds(exchange, record, {"operation": "getNormHours", "status": status})
    error, payload = record["error"] or {}, record["payload"] or {}
    told = error.get("code"), error.get("field"), payload.get("employee_id")
    exchange.expect(told == (code, field, employee), "VALUE", "/error", "Not this refusal", actual=record)


@given("a token has been used, and sent where it does not belong", target_fixture="secrets")
def token_used(target: Target) -> list[str]:
    """In a header, in a path, in a body; and so are a user and a password."""
    target.operations.get("/queue").require(200)
    token, authorization = target.controls.token("gateway", "argus"), target.personnel.authorization
    target.personnel.get("/agents/{}/{}".format(*JULY))
    target.personnel.get(f"/agents/{token}/{token}")
    target.operations.get(f"/operations/{token}")
    target.operations.get(f"/audit?principal={token}")
    target.personnel.post("/getNormHours", {"password": "hunter2-secret", "token": token, "note": authorization})
    target.personnel.get("/agents/{}/{}".format(*JULY), auth=basic("argus", "hunter2-secret"))
    return [token, token.split(".")[2], authorization, authorization.split()[1], "hunter2-secret"]


@given("tokens have been asked for with a right and with a wrong password", target_fixture="secrets")
def tokens_asked_for(target: Target, secrets: list[str]) -> list[str]:
    """The one that was given is used, and ended."""
    user, password = target.sso.user, target.sso.password
    token, wrong = target.logins.token("argus"), f"hunter3-{uuid.uuid4().hex}"
    target.operations.get("/queue", auth=f"Bearer {token}").require(200)
    target.logins.as_user(user, wrong).require(401, "INVALID_CREDENTIALS")
    target.sso.post("/revoke", {"token": token}, auth=None).require(200)
    sent = [basic(*given).split()[1] for given in ((user, password), (user, wrong))]
    return [*secrets, token, *token.split(".")[1:], password, wrong, *sent]


@when("all records are read", target_fixture="records")
def read_all(target: Target) -> list[Json]:
    return list(_records(target))


@then("none holds a password, an Authorization value or a token")
def no_secrets(target: Target, records: list[Json], secrets: list[str]) -> None:
    if len(records) < len(secrets):
        raise_("audit", f"Only {len(records)} records of the calls that were made")
    for record in records:
        text = json.dumps(record, ensure_ascii=False)
        found = any(secret in text for secret in secrets) or JWT.search(text)
        if found:
            raise_("audit", f"Record {record['id']} ({record['operation']}) holds a secret")


@then("the audit trail has its end: schedule_upload, 3 retries, and what 1C ZUP said last")
def has_end(target: Target, queued: Queued) -> None:
    exchange = target.operations.get(f"/audit?operation_ref={queued.ids[-1]}&direction=queue")
    records = exchange.require(200)["items"]
    exchange.expect(len(records) == 1, "VALUE", "/items", f"{len(records)} records of its end")
    record, error = records[0], records[0]["error"] or {}
    told = record["operation"], record["retries"], error.get("code"), error.get("last_error")
    due = ("schedule_upload", 3, "SYNC_FAILED", "1C ZUP answered 503")
    exchange.expect(told == due, "VALUE", "/items/0", "Not as it ended", expected=due, actual=told)


@then("its records carry personal_data, 3_years, in_transit and gdpr_compliant true")
def classified(target: Target, exchange: Exchange) -> None:
    for direction in ("inbound", "outbound"):
        _holds(exchange, _only(target, exchange, direction), COMPLIANCE)


@then("those of calls without TLS carry a warning")
def warned(target: Target, exchange: Exchange) -> None:
    for direction in ("inbound", "outbound"):
        record = _only(target, exchange, direction)
        so = bool(record["warning"]) is (record["transport"] != "https")
        exchange.expect(so, "VALUE", "/warning", "in_transit is claimed for a call without TLS", actual=record)


def _only(target: Target, exchange: Exchange, direction: str) -> Json:
    """The one record of a direction with the exchange's request id."""
    request_id = exchange.request_headers["x-request-id"]
    found = target.operations.get(f"/audit?request_id={request_id}&direction={direction}")
    records = found.require(200)["items"]
    if len(records) != 1:
        words = f"{len(records)} {direction} records of one call"
        found.departs("VALUE", Drift.VALUE, "/items", words, expected=1, actual=len(records))
    return records[0]


def _holds(exchange: Exchange, record: Json, due: dict[str, Json]) -> None:
    for name, value in due.items():
        words = f"The audit record's {name} is {record.get(name)}"
        exchange.expect(record.get(name) == value, "VALUE", f"/{name}", words, expected=value, actual=record.get(name))


def _records(target: Target) -> Iterator[Json]:
    """All of them, the newest first."""
    cursor = ""
    while True:
        page = target.operations.get(f"/audit?limit=500{cursor}").require(200)
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"
