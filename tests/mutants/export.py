"""Hosts that deviate from the contract of the report export, files included, one promise each."""

from __future__ import annotations

import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import pypdf

from argus_wfm.json_type import Json
from tests.mutants.exchange import Reply, Request
from tests.mutants.mce import let_in_by_latest, of_any_audience
from tests.mutants.proxy import Spoiler
from tests.mutants.spoiling import (
    ANY,
    Deviation,
    Making,
    asked,
    body,
    changed,
    edited,
    header,
    json_reply,
    moved,
    renamed,
    replied,
)

REPORTS, EXPORT, STATUS, DOWNLOAD = "listReports", "exportReport", "getExportStatus", "downloadExport"
OFFICE = "application/vnd.openxmlformats-officedocument"
PAGE = b"<!DOCTYPE html><html><body><form action=/login></form></body></html>"
Alter = Callable[[bytes, dict[str, Any]], bytes]


def file_of(alter: Alter, file_format: str) -> Making:
    """Files of a format are otherwise; the size that status tells is theirs."""

    def make() -> Spoiler:
        orders: dict[str, dict[str, Any]] = {}
        made: dict[str, bytes] = {}

        def reply(request: Request, given: Reply) -> None:
            task = request.path.rsplit("/", 1)[-1]
            if request.operation == EXPORT and given.status == 202:
                orders[given.json["task_id"]] = json.loads(request.body)
            if orders.get(task, {}).get("format") != file_format or given.status != 200:
                return
            if request.operation == DOWNLOAD:
                given.body = made.setdefault(task, alter(given.body, orders[task]))
            if request.operation == STATUS and given.json["file"]:
                if task not in made:
                    made[task] = alter(_downloaded(request), orders[task])
                document = given.json
                document["file"]["size"] = len(made[task])
                given.json = document

        return Spoiler(reply=reply)

    return make


def _downloaded(request: Request) -> bytes:
    """From the host itself, to which the request went."""
    url = f"{request.host}{request.path.replace('/status/', '/download/')}"
    shown = {"Authorization": request.header("Authorization") or ""}
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        urllib.request.Request(url, headers=shown), timeout=30
    ) as reply:
        return bytes(reply.read())


def rezipped(content: bytes, part: str, edit: Callable[[str], str]) -> bytes:
    """One part of an OOXML package is edited."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            held = source.read(name)
            target.writestr(name, edit(held.decode()).encode() if name == part else held)
    return written.getvalue()


def _sheet(edit: Callable[[str], str], formulas: bool) -> Making:
    """Of workbooks that were asked for with formulas, or without."""

    def alter(content: bytes, order: dict[str, Any]) -> bytes:
        if order.get("include_formulas", True) is not formulas:
            return content
        return rezipped(content, "xl/worksheets/sheet1.xml", edit)

    return file_of(alter, "xlsx")


def _no_formulas(sheet: str) -> str:
    return re.sub(r"<f>.*?</f>", "", sheet)


def _no_values(sheet: str) -> str:
    return re.sub(r"(<f>[^<]*</f>)<v>[^<]*</v>", r"\1", sheet)


def _a_formula(sheet: str) -> str:
    """A number is calculated after all."""
    return re.sub(r"(<c [^>]*>)<v>(\d+(?:\.\d+)?)</v>", r"\1<f>\2+0</f><v>\2</v>", sheet, count=1)


def _last_value(sheet: str) -> str:
    """Another number than in the workbook with formulas."""
    found = list(re.finditer(r"(<c r=\"\w+\"[^>]*>(?:<f>[^<]*</f>)?<v>)(\d+(?:\.\d+)?)</v>", sheet))
    last = next(one for one in reversed(found) if 't="s"' not in one[1])
    return f"{sheet[: last.start(2)]}{float(last[2]) + 7}{sheet[last.end(2) :]}"


def _unfilled(content: bytes, _: dict[str, Any]) -> bytes:
    def edit(document: str) -> str:
        return re.sub(r"(<w:t(?: [^>]*)?>)", r"\1{{ period }} ", document, count=1)

    return rezipped(content, "word/document.xml", edit)


def _changed_byte(content: bytes, _: dict[str, Any]) -> bytes:
    """In what is signed, after it was signed."""
    place = content.index(b"/Producer (R") + len(b"/Producer (")
    return content[:place] + b"r" + content[place + 1 :]


def _unsigned(content: bytes, _: dict[str, Any]) -> bytes:
    written, source = io.BytesIO(), pypdf.PdfReader(io.BytesIO(content))
    writer = pypdf.PdfWriter()
    for page in source.pages:
        if "/Annots" in page:
            del page["/Annots"]
        writer.add_page(page)
    writer.write(written)
    return written.getvalue()


def _csv(edit: Callable[[str], str], encoding: str = "utf-8") -> Making:
    """Of tables that are not for a warehouse."""

    def alter(content: bytes, order: dict[str, Any]) -> bytes:
        return content if order.get("external_system") == "dwh" else edit(content.decode()).encode(encoding, "replace")

    return file_of(alter, "csv")


def _short_line(text: str) -> str:
    """The second line lacks its last column."""
    lines = text.split("\r\n")
    lines[1] = lines[1].rpartition(";")[0]
    return "\r\n".join(lines)


def _truncated(content: bytes, _: dict[str, Any]) -> bytes:
    return content[: len(content) // 2]


def _known_report(request: Request) -> None:
    given = request.members
    if isinstance(given.get("report_id"), str) and re.fullmatch("[a-z][a-z0-9_]*", given["report_id"]):
        known = given["report_id"] in _KNOWN
        request.json = given if known else {**given, "report_id": "personnel_list"}


_KNOWN = ("monthly_attendance", "schedule_vs_fact", "norm_balance", "agent_status_summary", "personnel_list")


def _next_january(request: Request) -> None:
    """A thirteenth month is January's."""
    given = request.members
    if re.fullmatch(r"20\d\d-13", str(given.get("period"))):
        request.json = {**given, "period": given["period"][:5] + "01"}


def _any_format(request: Request) -> None:
    given = request.members
    if isinstance(given.get("format"), str) and given["format"] in ("xls", "html", "doc"):
        request.json = {**given, "format": "csv"}


def _forgets_key(request: Request) -> None:
    """One that is well-formed; others the host refuses."""
    if 1 <= len(request.header("Idempotency-Key") or "") <= 255:
        request.drop("Idempotency-Key")


def _forgets_etag(request: Request) -> None:
    request.drop("If-None-Match")


def _size_off(document: Json, _: Request) -> Json:
    if document["file"]:
        document["file"]["size"] += 1024
    return document


def _other_etag(document: Json, _: Request) -> Json:
    if document["file"]:
        document["file"]["etag"] = '"0"'
    return document


def _before(document: Json, _: Request) -> Json:
    if document["finished_at"]:
        document["finished_at"] = moved(document["submitted_at"], hours=-1)
    return document


def _ready_at_once(request: Request, reply: Reply) -> None:
    """What is not made yet is an empty file."""
    if request.operation == DOWNLOAD and reply.status == 409:
        reply.status, reply.body = 200, b""
        reply.put("Content-Type", "text/csv; charset=utf-8")
        reply.put("Content-Disposition", 'attachment; filename="report.csv"')
        reply.put("ETag", '"1"')


def _gone(request: Request, reply: Reply) -> None:
    """A task that never was is still queued."""
    if request.operation == STATUS and reply.status == 404:
        task = request.path.rsplit("/", 1)[-1]
        none = dict.fromkeys(("period", "progress", "finished_at", "reason", "error", "file"))
        told = {"task_id": task, "report_id": "personnel_list", "format": "csv", "status": "queued"}
        answer = json_reply(200, {**told, **none, "submitted_at": "2026-01-15T09:00:00Z"})
        reply.status, reply.body = 200, answer.body


def _created(reply: Reply) -> None:
    reply.status = 200


def _deviation(name: str, operation: str, place: str, promise: str, spoil: Making, *names: str) -> Deviation:
    return Deviation(f"export-{name}", "export", operation, place, promise, spoil, names)


ACCEPTED, TASK, FILE = "Accepted: required", "Task", "downloadExport: the file"
EXPORT_MUTANTS = (
    _deviation("task-id-renamed", EXPORT, "/task_id", ACCEPTED, renamed(EXPORT, "/task_id", "id")),
    _deviation(
        "status-accepted", EXPORT, "/status", "TaskStatus: enum", changed(EXPORT, "/status", lambda _: "accepted")
    ),
    _deviation(
        "not-202", EXPORT, "status", "exportReport: 202", replied(EXPORT, _created, (202,)), "200", "202", "status"
    ),
    _deviation(
        "estimated-in-words",
        EXPORT,
        "/estimated_time",
        "Accepted: integer, seconds",
        changed(EXPORT, "/estimated_time", lambda seconds: f"{seconds} с"),
    ),
    _deviation(
        "key-forgotten",
        EXPORT,
        "header Idempotency-Key",
        "exportReport: the same key gives the same task",
        asked(EXPORT, _forgets_key),
        "idempotency-key",
        "task_id",
        "same task",
    ),
    _deviation(
        "unknown-report-made",
        EXPORT,
        "report_id",
        "404 REPORT_NOT_FOUND (A30)",
        asked(EXPORT, _known_report),
        "404",
        "report",
    ),
    _deviation("month-13-made", EXPORT, "period", "Month: 01 to 12", asked(EXPORT, _next_january), "period", "400"),
    _deviation("format-xls-made", EXPORT, "format", "ReportFormat: enum", asked(EXPORT, _any_format), "format", "400"),
    _deviation(
        "not-protected",
        EXPORT,
        "header Authorization",
        "security: bearer (RPT-08)",
        let_in_by_latest("/api/reports", lambda given: given.header("Authorization") is None),
        "authorization",
        "credential",
        "401",
        "without",
    ),
    _deviation(
        "mce-token-let-in",
        ANY,
        "aud",
        "403 INSUFFICIENT_SCOPE (A18)",
        of_any_audience("/api/reports"),
        "403",
        "aud",
        "scope",
        "token",
    ),
    _deviation(
        "percent-250",
        STATUS,
        "/progress/percent",
        "Task: at most 100",
        changed(STATUS, "/progress/percent", lambda _: 250.0),
    ),
    _deviation(
        "finished-russian",
        STATUS,
        "/finished_at",
        "Task: date-time",
        changed(STATUS, "/finished_at", lambda text: text and "29.07.2025 04:30:04"),
    ),
    _deviation(
        "finished-before-submitted",
        STATUS,
        "/finished_at",
        "a task ends after it begins",
        edited(STATUS, _before),
        "finished_at",
        "submitted_at",
    ),
    _deviation("file-size-off", STATUS, "/file/size", "file.size: bytes", edited(STATUS, _size_off), "size"),
    _deviation("file-etag-off", STATUS, "/file/etag", "ETag: of these bytes", edited(STATUS, _other_etag), "etag"),
    _deviation("rows-as-text", STATUS, "/file/rows", "file.rows: integer", changed(STATUS, "/file/rows", str)),
    _deviation(
        "status-done",
        STATUS,
        "/status",
        "TaskStatus: enum",
        changed(STATUS, "/status", lambda status: "done" if status == "completed" else status),
    ),
    _deviation(
        "unknown-task-queued",
        STATUS,
        "status",
        "404 TASK_NOT_FOUND (RPT-09)",
        lambda: Spoiler(reply=_gone),
        "404",
        "task",
        "status",
    ),
    _deviation(
        "task-code",
        STATUS,
        "/code",
        "TaskNotFound: TASK_NOT_FOUND",
        changed(STATUS, "/code", lambda _: "EXPIRED", (404,)),
    ),
    _deviation(
        "report-id-renamed",
        REPORTS,
        "/reports/*/report_id",
        "Report: required",
        renamed(REPORTS, "/reports/*/report_id", "id"),
    ),
    _deviation(
        "most-rows-zero",
        REPORTS,
        "/reports/*/formats/*/most_rows",
        "most_rows: minimum 1",
        changed(REPORTS, "/reports/*/formats/*/most_rows", lambda _: 0),
    ),
    _deviation(
        "format-html-listed",
        REPORTS,
        "/reports/*/formats/*/format",
        "ReportFormat: enum, D57",
        changed(REPORTS, "/reports/*/formats/0/format", lambda _: "html"),
        "format",
    ),
    _deviation(
        "title-null",
        REPORTS,
        "/reports/*/title",
        "Report: string",
        changed(REPORTS, "/reports/*/title", lambda _: None),
    ),
    _deviation(
        "name-missing",
        DOWNLOAD,
        "header Content-Disposition",
        "with its name (RFC 6266)",
        header(DOWNLOAD, "Content-Disposition", None),
        "content-disposition",
    ),
    _deviation("etag-missing", DOWNLOAD, "header ETag", "with an ETag", header(DOWNLOAD, "ETag", None), "etag"),
    _deviation(
        "octet-stream",
        DOWNLOAD,
        "header Content-Type",
        "four media types",
        header(DOWNLOAD, "Content-Type", "application/octet-stream"),
        "content-type",
        "octet-stream",
        "media type",
    ),
    _deviation(
        "etag-not-read",
        DOWNLOAD,
        "header If-None-Match",
        "If-None-Match with that ETag gives 304",
        asked(DOWNLOAD, _forgets_etag),
        "304",
        "if-none-match",
        "etag",
    ),
    _deviation(
        "not-ready-empty",
        DOWNLOAD,
        "status",
        "409 EXPORT_NOT_READY (A30)",
        lambda: Spoiler(reply=_ready_at_once),
        "409",
        "empty",
        "ready",
        "csv",
    ),
    _deviation("login-page", DOWNLOAD, "body", FILE, file_of(lambda *_: PAGE, "xlsx"), "html", "xlsx", "open", "zip"),
    _deviation(
        "unknown-task-page",
        DOWNLOAD,
        "body of 404",
        "common.yaml Error",
        body(DOWNLOAD, "text/html", PAGE, (404,)),
        "html",
        "envelope",
        "content-type",
    ),
    _deviation("xlsx-cut", DOWNLOAD, "xlsx", FILE, file_of(_truncated, "xlsx"), "xlsx", "zip", "open"),
    _deviation(
        "xlsx-without-formulas",
        DOWNLOAD,
        "xlsx",
        "RPT-02: formulas when include_formulas is true",
        _sheet(_no_formulas, True),
        "formula",
    ),
    _deviation("xlsx-with-formula", DOWNLOAD, "xlsx", "RPT-03: no formula cell", _sheet(_a_formula, False), "formula"),
    _deviation("xlsx-other-value", DOWNLOAD, "xlsx", "RPT-03: the same values", _sheet(_last_value, False), "value"),
    _deviation(
        "xlsx-without-values",
        DOWNLOAD,
        "xlsx",
        "README: each formula beside the value it comes to",
        _sheet(_no_values, True),
        "value",
    ),
    _deviation(
        "csv-commas",
        DOWNLOAD,
        "csv",
        "A21: semicolons",
        _csv(lambda text: text.replace(",", ".").replace(";", ",")),
        "csv",
        ";",
        "semicolon",
        "separat",
    ),
    _deviation(
        "csv-without-bom", DOWNLOAD, "csv", "A21: BOM", _csv(lambda text: text.lstrip("\ufeff")), "bom", "utf-8"
    ),
    _deviation(
        "csv-in-cp1251",
        DOWNLOAD,
        "csv",
        "A21: UTF-8",
        _csv(lambda text: text.lstrip("\ufeff"), "cp1251"),
        "utf-8",
        "bom",
        "cp1251",
    ),
    _deviation("csv-short-line", DOWNLOAD, "csv", "RPT-06: equal column counts", _csv(_short_line), "column"),
    _deviation("pdf-changed-byte", DOWNLOAD, "pdf", "A21: a real signature", file_of(_changed_byte, "pdf"), "sign"),
    _deviation("pdf-unsigned", DOWNLOAD, "pdf", "A21: a real signature", file_of(_unsigned, "pdf"), "sign"),
    _deviation(
        "docx-unfilled",
        DOWNLOAD,
        "docx",
        "RPT-04: no unfilled placeholder",
        file_of(_unfilled, "docx"),
        "period",
        "placeholder",
        "unfilled",
        "field",
    ),
)
