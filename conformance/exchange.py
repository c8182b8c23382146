"""One request and its answer as the judge saw it, with the questions a judge asks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from conformance.findings import Departure, Drift, Finding, clipped
from openapi import Contract, Operation

Json = Any
CREDENTIALS = '"$ARGUS_TARGET_USER:$ARGUS_TARGET_PASSWORD"'


@dataclass(slots=True)
class Exchange:
    """`operation` is None where the contract has none; header names are lower-case in both directions."""

    contract: Contract
    operation: Operation | None
    method: str
    url: str
    request_headers: Mapping[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed_s: float = 0.0
    base_url: str = ""

    @property
    def name(self) -> str:
        """The operation's id, or method and path where the contract has none."""
        return self.operation.id if self.operation else f"{self.method} {self.path}"

    @property
    def path(self) -> str:
        """Relative to the target's base URL of this contract."""
        whole = urlsplit(self.url).path
        return whole[len(urlsplit(self.base_url).path.rstrip("/")) :]

    @property
    def media_type(self) -> str:
        """Of the answer, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def departs(
        self, code: str, drift: Drift, where: str, message: str, *, expected: object = "", actual: object = ""
    ) -> NoReturn:
        """Raise the Departure of this exchange."""
        raise Departure(self.finding(code, drift, where, message, expected=expected, actual=actual))

    def finding(
        self, code: str, drift: Drift, where: str, message: str, *, expected: object = "", actual: object = ""
    ) -> Finding:
        """A finding about this exchange, with the line that repeats the request."""
        return Finding(code, drift, self.name, where, message, clipped(expected), clipped(actual), self.curl())

    def expect(
        self, holds: bool, code: str, where: str, message: str, *, expected: object = "", actual: object = ""
    ) -> None:
        """Raise a Departure of the value class unless `holds`."""
        if not holds:
            self.departs(code, Drift.VALUE, where, message, expected=expected, actual=actual)

    def json(self) -> Json:
        """The body, strictly: JSON, in UTF-8. Raises Departure saying what came instead."""
        if self.media_type != "application/json":
            self.departs(*protocol(self), expected="application/json", actual=self.media_type or "no Content-Type")
        try:
            text = self.body.decode("utf-8")
        except UnicodeDecodeError as error:
            self.departs("CHARSET", Drift.SHAPE, "body", f"The body is not UTF-8 at byte {error.start}")
        try:
            return json.loads(text, parse_constant=_no_constant)
        except ValueError as error:
            self.departs("WRONG_PROTOCOL", Drift.PROTOCOL, "body", f"The body is not JSON: {error}", actual=text)

    def require(self, status: int, code: str | None = None) -> Json:
        """The body of an answer with this status, and with this code where it is an error."""
        if self.status != status:
            self._wrong_status(status)
        body = self.json()
        if code is not None and (not isinstance(body, dict) or body.get("code") != code):
            got = body.get("code") if isinstance(body, dict) else body
            self.departs("ERROR_CODE", Drift.VALUE, "/code", f"The code is not {code}", expected=code, actual=got)
        return body

    def _wrong_status(self, status: int) -> NoReturn:
        shown = {"expected": status, "actual": f"{self.status} {clipped(self.body.decode('utf-8', 'replace'))}"}
        if self.status in (401, 403):
            self.departs("AUTH_REFUSED", Drift.AUTH, "status", f"{self.status} for credentials it was given", **shown)
        if status == 401:
            self.departs("AUTH_NOT_CHECKED", Drift.AUTH, "status", f"{self.status} where 401 was due", **shown)
        if self.status in (404, 405) and status != self.status and self.absent():
            self.departs("OPERATION_ABSENT", Drift.ABSENT, "status", f"The host has no {self.name}", **shown)
        self.departs("STATUS_UNEXPECTED", Drift.VALUE, "status", f"{self.status} where {status} was due", **shown)

    def absent(self) -> bool:
        """Whether a 404 or 405 means that the operation is not there (and not that a thing was not found)."""
        try:
            code = json.loads(self.body).get("code", "")
        except (ValueError, AttributeError):
            return True
        return code in ("", "NOT_FOUND", "METHOD_NOT_ALLOWED")

    def curl(self) -> str:
        """A shell line that repeats the request; credentials stay in the environment, Cyrillic is readable."""
        parts = ["curl", "-sS", *([] if self.method == "GET" else ["-X", self.method])]
        for name, value in sorted(self.request_headers.items()):
            if name == "authorization":
                parts += ["-u", CREDENTIALS] if value.startswith("Basic ") else ["-H", "Authorization: Bearer $TOKEN"]
            elif name in ("content-type", "x-session-id", "idempotency-key", "accept", "transfer-encoding"):
                parts += ["-H", f"{name.title()}: {value}"]
        if self.request_body:
            parts += ["--data-binary", clipped(self.request_body.decode("utf-8", "replace"))]
        return " ".join(part if part == CREDENTIALS else shlex.quote(part) for part in [*parts, self.url])


def protocol(exchange: Exchange) -> tuple[str, Drift, str, str]:
    """Code, class, place and words for an answer that is not said to be JSON: what is it?"""
    start = exchange.body.lstrip()[:64].lower()
    if start.startswith((b"{", b"[")):
        said = exchange.headers.get("content-type", "no Content-Type")
        return "MEDIA_TYPE", Drift.PROTOCOL, "header Content-Type", f"JSON sent as {said}"
    kind = "HTML" if b"<html" in start or b"<!doctype" in start else "XML" if start.startswith(b"<") else "plain text"
    kind = "an empty body" if not start else kind
    return "WRONG_PROTOCOL", Drift.PROTOCOL, "body", f"{kind} where JSON was due"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
