"""Hosts that deviate from the personnel contract, one promise each."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from argus_wfm.json_type import Json
from tests.mutants.exchange import Reply, Request
from tests.mutants.proxy import Spoiler
from tests.mutants.spoiling import (
    Deviation,
    Making,
    added,
    asked,
    body,
    changed,
    edited,
    header,
    in_moscow,
    json_reply,
    let_in,
    missing,
    mojibake,
    moved,
    renamed,
    replied,
)

SOAP = (
    b'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
    b"<soap:Body><getAgentsResponse/></soap:Body></soap:Envelope>"
)
PAGE = "<!DOCTYPE html><html><head><title>404</title></head><body>Не найдено</body></html>".encode()
BASIC = "Basic YXJndXM6YXJndXMtZGV2"


def _twice(document: Json, _: Request) -> Json:
    """The last agent is there again; the count says so."""
    if document["agents"]:
        document["agents"].append(document["agents"][-1])
        document["total_count"] += 1
    return document


def _second_tab(document: Json, _: Request) -> Json:
    """Two people have one personnel number."""
    if len(document["agents"]) > 1:
        document["agents"][1]["tab_number"] = document["agents"][0]["tab_number"]
    return document


def _cp1251(reply: Reply) -> None:
    reply.body = reply.body.decode().encode("cp1251", "replace")


def _one_hour_off(document: Json, _: Request) -> Json:
    """The norm that is told is not the one that was calculated."""
    document["norm_hours"] = document["calculation_details"]["final_norm"] - 1
    return document


def _another_calendar(document: Json, request: Request) -> Json:
    """One more working day than the production calendar has, in every figure alike."""
    given = json.loads(request.body)
    day, rate = given["weekly_norm"] / 5, given["employment_rate"]
    details = document["calculation_details"]
    document["working_days"] += 1
    details["base_hours"] = round(details["base_hours"] + day, 2)
    details["final_norm"] = document["norm_hours"] = round(document["norm_hours"] + day * rate, 2)
    return document


def _in_minutes(document: Json, _: Request) -> Json:
    details = document["calculation_details"]
    for container, name in ((document, "norm_hours"), (details, "base_hours"), (details, "final_norm")):
        container[name] = round(container[name] * 60, 2)
    return document


def _scaled_reduction(document: Json, request: Request) -> Json:
    """The shortened days' hours are scaled by the weekly norm, which the rule does not do."""
    given = json.loads(request.body)
    details = document["calculation_details"]
    cut = details["pre_holiday_reduction"] * given["weekly_norm"] / 40
    norm = round((details["base_hours"] - cut) * given["employment_rate"], 2)
    document["norm_hours"] = details["final_norm"] = norm
    return document


def _rate_twice(document: Json, request: Request) -> Json:
    """The employment rate is left out of the norm."""
    details = document["calculation_details"]
    norm = round(details["base_hours"] - details["pre_holiday_reduction"], 2)
    document["norm_hours"] = details["final_norm"] = norm
    return document


def _latin(document: Json, _: Request) -> Json:
    """С, К, Н and В in Latin letters."""
    table = str.maketrans("СКНВ", "CKHB")
    for sheet in document:
        for day in sheet["AR_date"]:
            day["timetype"] = day["timetype"].translate(table)
        for total in sheet["AR_N"]:
            total["timetype_N"] = total["timetype_N"].translate(table)
    return document


def _wrong_half(document: Json, _: Request) -> Json:
    for sheet in document:
        sheet["half1_hours"] += 8
    return document


def _without_allow() -> Spoiler:
    """Of methods that the path has not."""

    def reply(request: Request, given: Reply) -> None:
        if given.status == 405 and request.is_at(N):
            given.drop("Allow")

    return Spoiler(reply=reply)


def _comma(value: Any) -> str:
    return str(value).replace(".", ",")


def _milliseconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _reversed_period(request: Request) -> None:
    """The host puts days in order by itself."""
    begin, end = request.path.rsplit("/", 2)[1:]
    if begin > end:
        request.target = request.target.replace(f"{begin}/{end}", f"{end}/{begin}")


def _rolled_over(request: Request) -> None:
    """31 February and the like are taken for the 28th."""
    request.target = re.sub(r"(\d{4}-\d{2})-(29|3\d)(?=/)", r"\1-28", request.target)


def _clamped(request: Request) -> None:
    """A weekly norm above 60 is taken for 60."""
    given = request.members
    if isinstance(given.get("weekly_norm"), int | float) and given["weekly_norm"] > 60:
        request.json = {**given, "weekly_norm": 60}


def _hundred(request: Request) -> None:
    """Of more than 100 employees the first 100 are taken, and nothing is said."""
    given = request.members
    if isinstance(given.get("schedules"), list) and len(given["schedules"]) > 100:
        request.json = {**given, "schedules": given["schedules"][:100]}


def _read_as_json(request: Request) -> None:
    """Whatever it says it is."""
    if request.header("Content-Type") is not None:
        request.put("Content-Type", "application/json")


def _one_less(request: Request) -> None:
    """The last employee of several is forgotten."""
    given = request.members
    if len(given.get("AR_agents") or []) > 1:
        request.json = {**given, "AR_agents": given["AR_agents"][:-1]}


def _nobody(request: Request, reply: Reply) -> None:
    """An unknown employee has a norm of 0."""
    if request.operation == "getNormHours" and reply.status == 404:
        zero = {"base_hours": 0, "holiday_reduction": 0, "pre_holiday_reduction": 0, "final_norm": 0}
        norm = {"norm_hours": 0, "working_days": 0, "holidays": 0, "pre_holiday_reduction": 0}
        answer = json_reply(200, {**norm, "calculation_details": zero})
        reply.status, reply.headers, reply.body = 200, [*reply.headers], answer.body


def _no_person() -> Spoiler:
    return Spoiler(reply=_nobody)


def _new_session(request: Request) -> None:
    request.drop("X-Session-Id")


def _vendor_envelope(document: Json, _: Request) -> Json:
    return {"field": document["details"].get("field", ""), "message": document["message"], "description": ""}


def _vendor_result(document: Json, _: Request) -> Json:
    return {"result": "true", "message": ""}


def _deviation(name: str, operation: str, place: str, promise: str, spoil: Making, *names: str) -> Deviation:
    return Deviation(f"personnel-{name}", "personnel", operation, place, promise, spoil, names)


A, S, N, T, F = "getAgents", "sendSchedule", "getNormHours", "getTimetypeInfo", "sendFactWorkTime"
EACH, SCHEMA, ERRORS = "/agents/*", "personnel.yaml Agent", "common.yaml Error"
PERSONNEL = (
    _deviation(
        "tab-number-missing", A, "/agents/*/tab_number", f"{SCHEMA}: required", missing(A, "/agents/*/tab_number")
    ),
    _deviation(
        "agent-id-renamed", A, "/agents/*/agent_id", f"{SCHEMA}, D12", renamed(A, "/agents/*/agent_id", "agentId")
    ),
    _deviation(
        "agents-renamed", A, "/agents", "personnel.yaml Agents, D10", renamed(A, "/agents", "AR_agents"), "agents"
    ),
    _deviation(
        "department-null",
        A,
        "/agents/*/department_id",
        f"{SCHEMA}: string",
        changed(A, "/agents/*/department_id", lambda _: None),
    ),
    _deviation(
        "norm-week-as-text", A, "/agents/*/norm_week", "WeeklyNorm: number", changed(A, "/agents/*/norm_week", str)
    ),
    _deviation(
        "rate-decimal-comma",
        A,
        "/agents/*/employment_rate",
        "EmploymentRate: number, D18",
        changed(A, "/agents/*/employment_rate", _comma),
    ),
    _deviation(
        "start-work-russian",
        A,
        "/agents/*/start_work",
        "common.yaml Date",
        changed(A, "/agents/*/start_work", lambda day: ".".join(reversed(day.split("-")))),
    ),
    _deviation(
        "salary-undeclared",
        A,
        "/agents/*/salary",
        f"{SCHEMA}: additionalProperties false",
        added(A, "/agents/*/salary", 85000),
    ),
    _deviation(
        "total-count-one-more",
        A,
        "/total_count",
        "Agents: total_count equals the number of agents (A26)",
        changed(A, "/total_count", lambda count: count + 1),
    ),
    _deviation(
        "agent-twice",
        A,
        "/agents/*/agent_id",
        "A23, PER-04: an id is of one person",
        edited(A, _twice),
        "agent_id",
        "tab_number",
    ),
    _deviation("tab-number-shared", A, "/agents/*/tab_number", "PER-04: tab_number is unique", edited(A, _second_tab)),
    _deviation(
        "tab-number-a-number",
        A,
        "/agents/*/tab_number",
        f"{SCHEMA}: a string, its leading zeros count",
        changed(A, "/agents/*/tab_number", int),
    ),
    _deviation(
        "lastname-mojibake",
        A,
        "/agents/*/lastname",
        "PER-05: UTF-8 Cyrillic",
        changed(A, "/agents/*/lastname", mojibake),
    ),
    _deviation(
        "body-in-cp1251",
        A,
        "body",
        "D06: JSON in UTF-8",
        replied(A, _cp1251),
        "utf-8",
        "utf8",
        "charset",
        "json",
        "cp1251",
        "windows-1251",
    ),
    _deviation(
        "secondname-blank",
        A,
        "/agents/*/secondname",
        f"{SCHEMA}: null, never blank",
        changed(A, "/agents/*/secondname", lambda name: name or " "),
    ),
    _deviation(
        "secondname-empty",
        A,
        "/agents/*/secondname",
        f"{SCHEMA}: null, never blank",
        changed(A, "/agents/*/secondname", lambda name: name or ""),
    ),
    _deviation(
        "norm-week-in-minutes",
        A,
        "/agents/*/norm_week",
        "WeeklyNorm: hours, at most 60",
        changed(A, "/agents/*/norm_week", lambda hours: hours * 60),
    ),
    _deviation(
        "sync-timestamp-moscow",
        A,
        "/sync_timestamp",
        "UtcDateTime: written with Z",
        changed(A, "/sync_timestamp", in_moscow),
    ),
    _deviation(
        "sync-timestamp-ahead",
        A,
        "/sync_timestamp",
        "PER-09: at most 60 s ahead of Date",
        changed(A, "/sync_timestamp", lambda text: moved(text, hours=3)),
    ),
    _deviation(
        "agents-text-html",
        A,
        "header Content-Type",
        "application/json",
        header(A, "Content-Type", "text/html; charset=utf-8"),
        "content-type",
        "media type",
        "text/html",
    ),
    _deviation("agents-soap", A, "body", "JSON, D02", body(A, "text/xml; charset=utf-8", SOAP, (200,)), "xml", "soap"),
    _deviation(
        "not-protected",
        A,
        "header Authorization",
        "security: basic",
        let_in("personnel", lambda _: BASIC, lambda given: given.header("Authorization") is None, A),
        "authorization",
        "credential",
        "401",
        "without",
    ),
    _deviation(
        "bearer-let-in",
        A,
        "header Authorization",
        "security: basic alone (AUT-03)",
        let_in("personnel", lambda _: BASIC, lambda given: given.bearer is not None),
        "bearer",
        "authorization",
        "401",
        "status",
    ),
    _deviation(
        "challenge-missing",
        A,
        "header WWW-Authenticate",
        "401: WWW-Authenticate",
        header(A, "WWW-Authenticate", None, (401,)),
        "www-authenticate",
    ),
    _deviation(
        "refusal-plain-text",
        A,
        "body of 401",
        f"{ERRORS}: the one error envelope",
        body(A, "text/plain; charset=utf-8", b"Unauthorized", (401,)),
        "text/plain",
        "envelope",
        "content-type",
        "json",
    ),
    _deviation(
        "session-lost", A, "header X-Session-Id", "A38: the same id when sent back", asked(A, _new_session), "session"
    ),
    _deviation(
        "session-missing",
        A,
        "header X-Session-Id",
        "A38: issued on authenticated replies",
        header(A, "X-Session-Id", None),
        "session",
    ),
    _deviation(
        "reversed-period-taken",
        A,
        "status",
        "getAgents: refused with INVALID_PERIOD",
        asked(A, _reversed_period),
        "400",
        "invalid_period",
        "period",
        "status",
    ),
    _deviation(
        "february-31-taken",
        A,
        "path startDate",
        "common.yaml Date: format date",
        asked(A, _rolled_over),
        "startdate",
        "enddate",
        "400",
    ),
    _deviation(
        "error-true-as-text",
        A,
        "/error",
        f"{ERRORS}: boolean",
        changed(A, "/error", lambda _: "true", (400, 401, 404, 405)),
        "error",
    ),
    _deviation(
        "vendor-envelope",
        N,
        "body of 400",
        f"{ERRORS}, D62",
        edited(N, _vendor_envelope, (400,)),
        "envelope",
        "code",
        "description",
    ),
    _deviation(
        "error-timestamp-local",
        N,
        "/details/timestamp",
        f"{ERRORS}: UtcDateTime",
        changed(N, "/details/timestamp", lambda text: text.rstrip("Z"), (400, 401, 404, 405, 406, 415)),
    ),
    _deviation(
        "field-not-told", N, "/details/field", "A29: field on validation", missing(N, "/details/field", (400,)), "field"
    ),
    _deviation(
        "norm-differs-from-final",
        N,
        "/norm_hours",
        "Norm: equals final_norm (A01)",
        edited(N, _one_hour_off),
        "norm_hours",
        "final_norm",
    ),
    _deviation(
        "norm-in-minutes",
        N,
        "/norm_hours",
        "Norm: hours",
        edited(N, _in_minutes),
        "norm_hours",
        "final_norm",
        "base_hours",
    ),
    _deviation(
        "another-calendar",
        N,
        "/working_days",
        "A01: the production calendar",
        edited(N, _another_calendar),
        "working_days",
        "norm_hours",
        "final_norm",
    ),
    _deviation(
        "reduction-scaled",
        N,
        "/norm_hours",
        "A03, domain 3: the hour is not scaled by the norm",
        edited(N, _scaled_reduction),
        "norm_hours",
        "final_norm",
    ),
    _deviation(
        "rate-left-out",
        N,
        "/norm_hours",
        "A03: times employment_rate",
        edited(N, _rate_twice),
        "norm_hours",
        "final_norm",
    ),
    _deviation(
        "final-norm-missing",
        N,
        "/calculation_details/final_norm",
        "Norm: required",
        missing(N, "/calculation_details/final_norm"),
    ),
    _deviation("norm-hours-renamed", N, "/norm_hours", "Norm, D35", renamed(N, "/norm_hours", "normHours")),
    _deviation(
        "unknown-employee-has-norm",
        N,
        "status",
        "404 EMPLOYEE_NOT_FOUND (A30)",
        _no_person,
        "404",
        "employee",
        "status",
    ),
    _deviation(
        "code-of-its-own",
        N,
        "/code",
        f"{ERRORS}: enum of codes",
        changed(N, "/code", lambda _: "UNKNOWN_EMPLOYEE", (404,)),
        "code",
    ),
    _deviation(
        "weekly-norm-61-taken", N, "weekly_norm", "WeeklyNorm: at most 60", asked(N, _clamped), "weekly_norm", "400"
    ),
    _deviation("allow-missing", N, "header Allow", "405: Allow", _without_allow, "allow"),
    _deviation(
        "not-found-page",
        N,
        "body of 404",
        f"{ERRORS}: for every error",
        body(N, "text/html; charset=utf-8", PAGE, (404,)),
        "text/html",
        "html",
        "envelope",
        "content-type",
    ),
    _deviation(
        "plain-text-taken",
        N,
        "header Content-Type",
        "415: the body is not JSON",
        asked(N, _read_as_json),
        "415",
        "content-type",
        "media",
    ),
    _deviation(
        "malformed-json-code",
        N,
        "/code",
        "A30: MALFORMED_JSON",
        changed(N, "/code", lambda code: "VALIDATION_ERROR" if code == "MALFORMED_JSON" else code, (400,)),
        "code",
        "malformed_json",
    ),
    _deviation(
        "status-ok", S, "/status", "ScheduleResult: success, partial, error", changed(S, "/status", lambda _: "ok")
    ),
    _deviation(
        "shifts-created-short",
        S,
        "/shifts_created",
        "A25: counts equal the request",
        changed(S, "/shifts_created", lambda count: max(count - 1, 0)),
    ),
    _deviation("errors-missing", S, "/errors", "ScheduleResult: required", missing(S, "/errors")),
    _deviation(
        "batch-of-101-cut",
        S,
        "status",
        "at most 100 employees (A28)",
        asked(S, _hundred),
        "400",
        "batch_too_large",
        "schedules",
        "status",
        "101",
    ),
    _deviation(
        "schedule-vendor-reply",
        S,
        "/result",
        "ScheduleResult, D27",
        edited(S, _vendor_result),
        "result",
        "status",
        "document_id",
    ),
    _deviation(
        "processed-as-text",
        S,
        "/employees_processed",
        "ScheduleResult: integer",
        changed(S, "/employees_processed", str),
    ),
    _deviation(
        "timetype-latin",
        T,
        "/*/AR_date/*/timetype",
        "TimeType: in Cyrillic (A22, TMS-02)",
        edited(T, _latin),
        "timetype",
    ),
    _deviation(
        "hours-decimal-comma",
        T,
        "/*/AR_date/*/hours",
        "Timesheet: number",
        changed(T, "/*/AR_date/*/hours", _comma),
        "hours",
    ),
    _deviation(
        "date-in-milliseconds",
        T,
        "/*/AR_date/*/date",
        "UtcDateTime, D67",
        changed(T, "/*/AR_date/*/date", _milliseconds),
        "date",
    ),
    _deviation(
        "half-does-not-add-up",
        T,
        "/*/half1_hours",
        "TMS-03: halves are the hours worked",
        edited(T, _wrong_half),
        "half1_hours",
        "half",
    ),
    _deviation(
        "entries-reversed",
        T,
        "/*/agentId",
        "getTimetypeInfo: in the order asked",
        edited(T, lambda sheets, _: sheets[::-1]),
        "agentid",
        "order",
    ),
    _deviation(
        "entry-left-out",
        T,
        "/*",
        "getTimetypeInfo: one entry per asked agent",
        asked(T, _one_less),
        "entr",
        "agent",
        "count",
    ),
    _deviation(
        "result-as-text", F, "/result", "FactResult: boolean", changed(F, "/result", lambda value: str(value).lower())
    ),
    _deviation(
        "doc-blank", F, "/doc", "FactResult: null when there was none", changed(F, "/doc", lambda doc: doc or "")
    ),
)
