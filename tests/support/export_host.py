"""The report export in memory, with files of its own making: a host that keeps to openapi/export.yaml.

Written apart from the gateway: the judge's scenarios are tried on it, and tests override one behaviour each.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import docx
import openpyxl
from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.pdfgen.canvas import Canvas
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import by_url
from argus_wfm.json_type import Json
from argus_wfm.openapi.server import background
from tests.support.contact_centre import stamp

OOXML = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPES = {
    "xlsx": f"{OOXML}.spreadsheetml.sheet",
    "docx": f"{OOXML}.wordprocessingml.document",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
}
ROWS: list[list[Json]] = [["00123", "Иванов", 168.0, 160.0], ["00124", "Петрова", 150.5, 160.0]]
HEADS = ["Табельный номер", "Фамилия", "Отработано", "Норма", "Баланс"]
TAG = '"1"'
REPORTS, MCE = "token-for-reports", "token-for-mce"


class Refused(Exception):
    def __init__(self, status: int, code: str, **details: Json) -> None:
        super().__init__(code)
        self.status, self.code, self.details = status, code, details


class ExportHost:
    """Each overridable method is one behaviour."""

    def __init__(self) -> None:
        self.tasks: dict[str, Json] = {}
        self.files: dict[str, bytes] = {}

    def check(self, body: Json) -> None:
        if body["format"] not in MEDIA_TYPES:
            raise Refused(400, "VALIDATION_ERROR", field="format")
        if int(body["period"][5:]) > 12:
            raise Refused(400, "VALIDATION_ERROR", field="period")
        if body["report_id"] not in ("monthly_attendance", "norm_balance", "personnel_list"):
            raise Refused(404, "REPORT_NOT_FOUND", field="report_id")

    def accepted(self, task: str) -> Json:
        return {"task_id": task, "status": "queued", "estimated_time": 1}

    def ended(self, body: Json) -> str:
        return "completed"

    def admit(self, token: str) -> None:
        if token == MCE:
            raise Refused(403, "INSUFFICIENT_SCOPE")
        if token != REPORTS:
            raise Refused(401, "UNAUTHORIZED" if not token else "TOKEN_INVALID")

    def name(self, format_: str) -> str:
        return f"attachment; filename=\"report.{format_}\"; filename*=UTF-8''%D0%A2.{format_}"

    def media_type(self, format_: str) -> str:
        return MEDIA_TYPES[format_]

    def content(self, body: Json) -> bytes:
        make = {"xlsx": self.xlsx, "docx": self.docx, "pdf": self.pdf, "csv": self.csv}[body["format"]]
        return make(body)

    def xlsx(self, body: Json) -> bytes:
        """As Excel writes it: a formula, and the value that it came to beside it."""
        book = openpyxl.Workbook()
        sheet: Any = book.active
        sheet.append(HEADS)
        for number, row in enumerate(ROWS, 2):
            sheet.append([*row, self.balance(number, row, body["include_formulas"])])
        return with_values(_saved(book), self.values())

    def balance(self, number: int, row: list[Json], formulas: bool) -> Json:
        return f"=C{number}-D{number}" if formulas else row[2] - row[3]

    def values(self) -> dict[str, float]:
        return {f"C{number}-D{number}": row[2] - row[3] for number, row in enumerate(ROWS, 2)}

    def docx(self, body: Json) -> bytes:
        made = docx.Document()
        made.add_paragraph(self.heading())
        table = made.add_table(rows=1, cols=3)
        for row in self.lines():
            for cell, value in zip(table.add_row().cells, row, strict=False):
                cell.text = str(value)
        return _saved(made)

    def heading(self) -> str:
        return "Табель за июль"

    def lines(self) -> list[list[Json]]:
        return ROWS

    def pdf(self, body: Json) -> bytes:
        plain = io.BytesIO()
        canvas = Canvas(plain)
        canvas.drawString(100, 700, "Report")
        canvas.save()
        return self.sign(plain.getvalue())

    def sign(self, document: bytes) -> bytes:
        out = io.BytesIO()
        meta = signers.PdfSignatureMetadata(field_name="Sig", md_algorithm="sha256")
        signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(document)), meta, _signer(), output=out)
        return out.getvalue()

    def csv(self, body: Json) -> bytes:
        lines = [HEADS[:4], *([str(value) for value in row] for row in ROWS)]
        return self.bom() + "\r\n".join(self.delimiter().join(line) for line in lines).encode()

    def bom(self) -> bytes:
        return b"\xef\xbb\xbf"

    def delimiter(self) -> str:
        return ";"

    # Operations

    async def export(self, request: Request) -> Response:
        body = await request.json()
        self.check(body)
        task = f"RPT-{len(self.tasks) + 1:08d}"
        self.tasks[task] = {"include_formulas": True, **body}
        return JSONResponse(self.accepted(task), 202, {"Location": f"/api/reports/status/{task}"})

    async def status(self, request: Request) -> Response:
        task = request.path_params["task"]
        body = self.task(task)
        ended = self.ended(body)
        told = {"task_id": task, "report_id": body["report_id"], "format": body["format"], "period": body["period"]}
        told |= {
            "status": ended,
            "progress": None,
            "submitted_at": stamp(),
            "finished_at": self.finished(),
            "reason": None,
        }
        file = await self.told(request.path_params["task"]) if ended == "completed" else None
        return JSONResponse({**told, "error": None, "file": file})

    async def told(self, task: str) -> Json:
        """What a task that is over says of its file."""
        content, body = await self.made(task), self.task(task)
        told = {"name": "report", "media_type": self.media_type(body["format"]), "expires_at": stamp(), "etag": TAG}
        return {**told, "size": len(content), "rows": len(ROWS)}

    def finished(self) -> str:
        return stamp()

    async def made(self, task: str) -> bytes:
        if task not in self.files:
            self.files[task] = await asyncio.to_thread(self.content, self.task(task))  # pyHanko runs a loop of its own
        return self.files[task]

    async def download(self, request: Request) -> Response:
        task = request.path_params["task"]
        body = self.task(task)
        content, headers = await self.made(task), self.headers(body["format"])
        if self.is_known(request):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=self.media_type(body["format"]))

    def headers(self, format_: str) -> dict[str, str]:
        return {"Content-Disposition": self.name(format_), "ETag": TAG}

    def is_known(self, request: Request) -> bool:
        return request.headers.get("if-none-match") == TAG

    async def definitions(self, request: Request) -> Response:
        return JSONResponse({"reports": []})

    def task(self, task: str) -> Json:
        if task not in self.tasks:
            raise Refused(404, "TASK_NOT_FOUND")
        return self.tasks[task]


def _saved(made: Any) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_values(book: bytes, values: dict[str, float]) -> bytes:
    """openpyxl writes formulas without the values that a spreadsheet keeps beside them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            if name.startswith("xl/worksheets/"):
                for formula, value in values.items():
                    written = f"<f>{formula}</f><v>{value}</v>".encode()
                    content = content.replace(f"<f>{formula}</f><v></v>".encode(), written)
                    content = content.replace(f"<f>{formula}</f><v />".encode(), written)
                    content = content.replace(f"<f>{formula}</f><v/>".encode(), written)
            made.writestr(name, content)
    return out.getvalue()


def _signer() -> signers.SimpleSigner:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Иванов")])
    day = dt.timedelta(days=1)
    begun = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = begun.not_valid_before(dt.datetime.now(dt.UTC) - day).not_valid_after(dt.datetime.now(dt.UTC) + day)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = dated.serial_number(1).add_extension(usage, critical=True).sign(key, hashes.SHA256())
    der, form, plain = Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    return signers.SimpleSigner(
        asn1.Certificate.load(certificate.public_bytes(der)),
        keys.PrivateKeyInfo.load(key.private_bytes(der, form, plain)),
        SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )


@contextlib.contextmanager
def served(host: ExportHost) -> Iterator[str]:
    """Yields its address."""

    def route(path: str, act: Any, method: str) -> Route:
        async def answered(request: Request) -> Response:
            try:
                host.admit(request.headers.get("authorization", "").removeprefix("Bearer "))
                return await act(request)  # type: ignore[no-any-return]
            except Refused as refused:
                details = {"timestamp": stamp(), **refused.details}
                told = {"error": True, "code": refused.code, "message": "Refused.", "details": details}
                headers = {401: {"WWW-Authenticate": 'Bearer realm="test"'}}
                return JSONResponse(told, refused.status, headers.get(refused.status))

        return Route(path, answered, methods=[method])

    async def control(request: Request) -> Response:
        audience = json.loads(await request.body() or b"{}").get("audience")
        return JSONResponse({"access_token": REPORTS if audience == "reports" else MCE, "now": stamp()})

    routes = [
        route("/api/reports/definitions", host.definitions, "GET"),
        route("/api/reports/export", host.export, "POST"),
        route("/api/reports/status/{task}", host.status, "GET"),
        route("/api/reports/download/{task}", host.download, "GET"),
        Route("/gateway/_control/{name}", control, methods=["GET", "POST"]),
    ]
    with background(Starlette(routes=routes)) as url:
        yield url


class Fails(ExportHost):
    def ended(self, body: Json) -> str:
        return "failed"


class Untagged(ExportHost):
    def headers(self, format_: str) -> dict[str, str]:
        return {"Content-Disposition": self.name(format_)}


def ours(url: str) -> Target:
    """As a host that we started, with its controls."""
    return Target(replace(by_url(url, Policy(ours=True)), controls={"gateway": f"{url}/gateway"}))
