"""Reports as files: asked for, waited for, fetched, and opened as their readers would."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from email.message import Message

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.checks import pdf_signature, report_files
from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.probes.http import GOING_ON
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.replies import Labelled
from argus_wfm.json_type import Json

MADE_S = 120.0  # of real time, in which a report has to be made
LOOK_S = 0.05
FIRST_LOOKS = 10  # quick ones; then one a second, which is a line of somebody's log each
SEED = {  # seed section 4
    "report_id": "monthly_attendance",
    "format": "xlsx",
    "period": "2025-07",
    "include_formulas": True,
    "external_system": "power_bi",
}
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "csv": "text/csv",
}
ANY = {"Accept": "*/*"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}|\d{1,2}:\d\d(:\d\d)?")
CLOSE = 0.005  # between a number that was calculated and one that was written


@dataclass(frozen=True, slots=True)
class Pair:
    """The same report twice."""

    with_formulas: Exchange
    without: Exchange


@when(
    parsers.re(r"(?P<report>\w+) of (?P<period>[\d-]+) is asked for as (?P<format_>\w+) for (?P<system>\w+)"),
    target_fixture="exchange",
)
def ask(target: Target, report: str, period: str, format_: str, system: str) -> Exchange:
    return request(target, report_id=report, period=period, format=format_, external_system=system)


@then("the export is accepted: it has a task_id, and is queued")
def is_queued(exchange: Exchange) -> None:
    body = exchange.require(202)
    task, status = body["task_id"], body["status"]
    exchange.expect(bool(task), "VALUE", "/task_id", "The task_id is empty", actual=task)
    words = f"The task begins as {status}"
    exchange.expect(status == "queued", "VALUE", "/status", words, expected="queued", actual=status)


@when(parsers.re(r"a report of (?P<period>[\d-]+) is made as (?P<format_>\w+)"), target_fixture="file")
def make(target: Target, period: str, format_: str) -> Exchange:
    return made(target, report_id=small(target), period=period, format=format_, external_system=None)


@when(parsers.parse("{report} of {period} is made as xlsx with formulas"), target_fixture="file")
def make_with_formulas(target: Target, report: str, period: str) -> Exchange:
    return made(target, report_id=report, period=period)


@when(parsers.parse("a report of {period} is made as xlsx with and without formulas"), target_fixture="pair")
def make_both(target: Target, period: str) -> Pair:
    both = [made(target, report_id=small(target), period=period, include_formulas=asked) for asked in (True, False)]
    return Pair(*both)


@then(parsers.re(r"the file is a (?P<kind>workbook|document|PDF|table), by its name and media type too"))
def is_file(file: Exchange, kind: str) -> None:
    format_ = {"workbook": "xlsx", "document": "docx", "PDF": "pdf", "table": "csv"}[kind]
    due = MEDIA_TYPES[format_]
    if file.media_type != due:
        words = f"The file is sent as {file.media_type or 'nothing in particular'}"
        file.departs("MEDIA_TYPE", Drift.SHAPE, "header Content-Type", words, expected=due, actual=file.media_type)
    disposition = file.headers.get("content-disposition", "")
    if not filename(disposition):
        shown = {"expected": f"a name, as report.{format_}", "actual": disposition}
        file.departs("HEADER", Drift.SHAPE, "header Content-Disposition", "The file has no name", **shown)


@then("some of its cells are formulas, and show what they come to")
def has_formulas(file: Exchange) -> None:
    sheets = report_files.workbook(file)
    formulas = [(sheet, place) for sheet in sheets for place in sheet.formulas]
    words = "No cell of the workbook is a formula, though include_formulas is true"
    file.expect(bool(formulas), "FILE_NO_FORMULA", "body", words, expected="a formula")
    empty = [f"{sheet.name}!{place}" for sheet, place in formulas if sheet.values.get(place) is None]
    words = f"{len(empty)} of {len(formulas)} formulas have no value beside them: a reader that does not calculate"
    file.expect(not empty, "FILE_NO_VALUE", "body", f"{words} shows nothing", actual=", ".join(empty[:3]))


@then("the one without has the same values and no formula")
def same_values(pair: Pair) -> None:
    full, plain = report_files.workbook(pair.with_formulas), report_files.workbook(pair.without)
    left = [text for sheet in plain for text in sheet.formulas.values()]
    words = f"{len(left)} cells are formulas, though include_formulas is false"
    pair.without.expect(not left, "FILE_FORMULA", "body", words, actual=", ".join(left[:3]))
    for one, other in zip(full, plain, strict=False):
        places = sorted(set(one.values) | set(other.values))
        odd = [place for place in places if not _same(one.values.get(place), other.values.get(place))]
        if odd:
            row, column = odd[0]
            words = f"{len(odd)} values of {one.name} differ without formulas, the first at row {row}, column {column}"
            shown = {"expected": one.values.get(odd[0]), "actual": other.values.get(odd[0])}
            pair.without.departs("FILE_VALUES", Drift.VALUE, "body", words, **shown)
    words = "The two workbooks have not the same sheets"
    names = [[sheet.name for sheet in book] for book in (full, plain)]
    pair.without.expect(names[0] == names[1], "FILE_VALUES", "body", words, expected=names[0], actual=names[1])


@then("it has text around a table of rows")
def has_text_and_rows(file: Exchange) -> None:
    opened = report_files.document(file)
    words = "The document has no table with rows below its heading"
    file.expect(any(rows > 1 for rows in opened.tables), "FILE_CONTENT", "body", words, actual=opened.tables)
    words = "The document says nothing"
    file.expect(any(text.strip() for text in opened.paragraphs), "FILE_CONTENT", "body", words)


@then("no field of the template is left unfilled")
def is_filled(file: Exchange) -> None:
    left = [field for text in report_files.document(file).paragraphs for field in report_files.unfilled(text)]
    words = f"{len(left)} fields of the template are not filled"
    file.expect(not left, "FILE_UNFILLED", "body", words, actual=", ".join(left[:3]))


@then("it is signed, and what was signed is what came")
def is_signed(file: Exchange) -> None:
    start = file.body[:8]
    if not start.startswith(b"%PDF-"):
        file.departs("FILE_UNREADABLE", Drift.SHAPE, "body", "It is no PDF", expected="%PDF-", actual=start)
    try:
        found = pdf_signature.of_pdf(file.body)
    except pdf_signature.Unreadable as error:
        file.departs("FILE_UNREADABLE", Drift.SHAPE, "body", f"The PDF does not open: {error}")
    file.expect(bool(found), "FILE_UNSIGNED", "body", "The PDF has no signature", expected="a signature field")
    for one in found:
        words = f"The signature {one.field} does not hold: {one.problem}"
        file.expect(one.intact, "FILE_SIGNATURE", "body", words, expected="intact", actual=one.problem)


@then("it is UTF-8 with a BOM, separated by semicolons")
def is_excel_dialect(file: Exchange) -> None:
    start = file.body[: len(report_files.BOM)]
    words = "The CSV does not begin with a BOM, without which a Russian Excel reads Cyrillic as another charset"
    file.expect(
        start == report_files.BOM, "FILE_CSV", "body", words, expected="EF BB BF", actual=start.hex(" ").upper()
    )
    header = report_files.table(file, ";")[:1]
    columns = len(header[0]) if header else 0
    words = f"By semicolons the header line has {columns} columns"
    file.expect(columns > 1, "FILE_CSV", "body", words, expected="several", actual=header)


@then("below one header line all lines have as many columns")
def is_rectangular(file: Exchange) -> None:
    header, *rows = report_files.table(file, ";")
    words = "The CSV has no line below its header"
    file.expect(bool(rows), "FILE_CONTENT", "body", words)
    odd = [number for number, row in enumerate(rows, 2) if len(row) != len(header)]
    words = f"{len(odd)} lines have not {len(header)} columns as the header has, the first is line {odd[:1]}"
    file.expect(not odd, "FILE_CSV", "body", words, expected=len(header), actual=odd[:3])
    words = "The header stands among the rows again"
    file.expect(header not in rows, "FILE_CSV", "body", words, actual=header)
    blank = [name for name in header if not name.strip()]
    file.expect(not blank, "FILE_CSV", "body", "A column has no name", actual=header)


@when("an export has a wrong member", target_fixture="exchanges")
def wrong_members(target: Target, datatable: list[list[str]]) -> Labelled:
    return [(member, request(target, **{member: value})) for member, value in datatable[1:]]


@when("an export is asked for without a token", target_fixture="exchange")
def without_token(target: Target) -> Exchange:
    return target.export.post("/export", SEED, auth=None)


@when("an export is asked for with a token for MCE", target_fixture="exchange")
def with_foreign_token(target: Target) -> Exchange:
    if target.export.foreign_token is None:
        raise CouldNotTest("needs a token for MCE from the same host")
    return target.export.post("/export", SEED, auth=f"Bearer {target.export.foreign_token()}")


@when(parsers.parse("status and download of task {task} are requested"), target_fixture="exchanges")
def request_unknown(target: Target, task: str) -> Labelled:
    return [(what, target.export.get(f"/{what}/{task}", headers=ANY)) for what in ("status", "download")]


def small(target: Target) -> str:
    """Of a host of ours one of a row an employee; of others the one report that the seed knows."""
    return "norm_balance" if target.policy.ours else str(SEED["report_id"])


def request(target: Target, **members: Json) -> Exchange:
    """The seed's request with other members; those that are None are left out."""
    body = {name: value for name, value in {**SEED, **members}.items() if value is not None}
    return target.export.post("/export", body)


def made(target: Target, **members: Json) -> Exchange:
    """The download of a report that was asked for and waited for."""
    task = request(target, **members).require(202)["task_id"]
    deadline, looks = time.monotonic() + MADE_S, 0
    while (status := target.export.ask("GET", f"/status/{task}").require(200)["status"]) in GOING_ON:
        if time.monotonic() >= deadline:
            break
        looks += 1
        time.sleep(LOOK_S if looks < FIRST_LOOKS else 1.0)
    exchange = target.export.get(f"/status/{task}")
    words = f"The report is {status} after {MADE_S:.0f} s" if status in GOING_ON else f"The report is {status}"
    exchange.expect(status == "completed", "VALUE", "/status", words, expected="completed", actual=exchange.json())
    file = target.export.get(f"/download/{task}", headers=ANY)
    if file.status != 200:
        file.require(200)
    _as_told(exchange, file)
    return file


def _as_told(task: Exchange, file: Exchange) -> None:
    """What the task says of its file is so."""
    told = task.json()["file"]
    words = f"The task tells of {told['size']} bytes, {len(file.body)} came"
    task.expect(
        told["size"] == len(file.body), "VALUE", "/file/size", words, expected=len(file.body), actual=told["size"]
    )
    sent, said = (tag.removeprefix("W/") for tag in (file.headers.get("etag", ""), told["etag"]))  # weak once packed
    words = "The task tells of another ETag than the file comes with"
    task.expect(said == sent or not sent, "VALUE", "/file/etag", words, expected=sent, actual=said)


def filename(disposition: str) -> str:
    """Of a Content-Disposition (RFC 6266): filename* before filename."""
    if extended := re.search(r"filename\*\s*=\s*([^;]+)", disposition, re.IGNORECASE):
        message = Message()
        message["Content-Disposition"] = f"attachment; filename*={extended[1].strip()}"
        return message.get_filename() or ""
    message = Message()
    message["Content-Disposition"] = disposition or "attachment"
    return message.get_filename() or ""


def _same(one: Json, other: Json) -> bool:
    """A text may say when it was made, which is later for the second of two."""
    numbers = (int, float)
    if isinstance(one, str) and isinstance(other, str):
        return MOMENT.sub("", one) == MOMENT.sub("", other)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return abs(one - other) <= CLOSE
    return bool(one == other)
