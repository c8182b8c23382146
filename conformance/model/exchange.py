"""One request and its answer as the judge saw it, with the questions a judge asks."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import shlex
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import NoReturn
from urllib.parse import urlsplit

from argus_wfm.conformance.model.findings import Departure, Drift, Finding, clipped
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation

CREDENTIALS = '"$ARGUS_TARGET_USER:$ARGUS_TARGET_PASSWORD"'
UPGRADE = [
    "--http1.1", "-i", "-m", "5", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
    "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
]  # fmt: skip
OF_DIRECTORY = '"$ARGUS_TARGET_LDAP_USER:$ARGUS_TARGET_LDAP_PASSWORD"'
SESSION = '"X-Session-Id: $ARGUS_TARGET_SESSION"'
SECRET = re.compile(r"(?i)((?:token|access_token|password|ticket)=)[^&]+")
SOAP = re.compile(rb"(?i)<(?:[\w-]+:)?envelope\b|schemas\.xmlsoap\.org|<(?:\w+:)?definitions\b")
SAMPLE = 1200  # bytes of a reply that are enough for a sample
SENT = 2000  # characters of a request's body in a line for the shell
TELLING = ("authorization", "content-type", "accept", "x-session-id")  # request headers that an answer depends on
BEARER = '"Authorization: Bearer $ARGUS_TARGET_TOKEN"'


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
    echoed: Callable[[str], bool] = field(default=lambda text: False, repr=False)  # whether the run sent this text
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex[:8], repr=False)

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

    @property
    def date(self) -> dt.datetime | None:
        """What the host says it is, by its Date header (RFC 9110, 6.6.1); None where that is missing or none."""
        try:
            said = parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, OverflowError):
            return None
        return said if said.tzinfo else None

    def departs(
        self,
        code: str,
        drift: Drift,
        where: str,
        message: str,
        *,
        expected: object = "",
        actual: object = "",
        variant: object = "",
    ) -> NoReturn:
        """Raise the Departure of this exchange."""
        found = self.finding(code, drift, where, message, expected=expected, actual=actual, variant=variant)
        raise Departure(found)

    def finding(
        self,
        code: str,
        drift: Drift,
        where: str,
        message: str,
        *,
        expected: object = "",
        actual: object = "",
        variant: object = "",
    ) -> Finding:
        """A finding about this exchange, with a sample of the reply and the line that repeats the request."""
        shown = {"expected": clipped(expected), "actual": clipped(actual), "variant": f"{variant}"}
        sample = clipped(self.body[:SAMPLE].decode("utf-8", "replace"))
        sent = {"curl": self.curl(), "request": self.request, "attempt": self.attempt}
        return Finding(code, drift, self.name, where, message, sample=sample, **shown, **sent)

    @property
    def request(self) -> str:
        """Twelve hex digits of what was asked: two requests that have the same should be answered alike."""
        headers = sorted((name, value) for name, value in self.request_headers.items() if name in TELLING)
        asked = f"{self.method} {self.url[len(self.base_url) :]} {headers}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(asked + self.request_body).hexdigest()[:12]

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
            words = f"The code is not {code}"
            self.departs("ERROR_CODE", Drift.VALUE, "/code", words, expected=code, actual=got, variant=f"{got}")
        return body

    def _wrong_status(self, status: int) -> NoReturn:
        shown = {"expected": status, "actual": f"{self.status} {clipped(self.body.decode('utf-8', 'replace'))}"}
        if self.status in (401, 403):
            self.departs("AUTH_REFUSED", Drift.AUTH, "status", f"{self.status} for credentials it was given", **shown)
        if self.operation and self.status in (404, 405) and status != self.status and self.absent():
            self.departs("OPERATION_ABSENT", Drift.ABSENT, "status", f"The host has no {self.name}", **shown)
        if status == 401:
            self.departs("AUTH_NOT_CHECKED", Drift.AUTH, "status", f"{self.status} where 401 was due", **shown)
        words = f"{self.status} where {status} was due"
        if self.status >= 500 and status < 500:
            self.departs("SERVER_ERROR", Drift.VALUE, "status", words, variant=f"{self.status}", **shown)
        if self.status < 300 and status >= 400:
            self.departs("REQUEST_ACCEPTED", Drift.VALUE, "status", words, **shown)
        self.departs("STATUS_UNEXPECTED", Drift.VALUE, "status", words, variant=f"{status} {self.status}", **shown)

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
                given = OF_DIRECTORY if self.contract.name == "sso" else CREDENTIALS
                parts += ["-u", given] if value.startswith("Basic ") else ["-H", BEARER]
            elif name == "x-session-id":
                parts += ["-H", SESSION]
            elif name in ("content-type", "idempotency-key", "accept", "transfer-encoding"):
                parts += ["-H", f"{name.title()}: {value}"]
        if self.request_body:
            parts += ["--data-binary", clipped(self.request_body.decode("utf-8", "replace"), SENT)]
        url, known = SECRET.sub(r"\1…", self.url), (CREDENTIALS, OF_DIRECTORY, BEARER, SESSION)
        if url.startswith("ws"):  # curl speaks no WebSocket everywhere; a refusal is plain HTTP
            parts, url = [*parts, *UPGRADE], "http" + url.removeprefix("ws")
        return " ".join(part if part in known else shlex.quote(part) for part in [*parts, url])


def protocol(exchange: Exchange) -> tuple[str, Drift, str, str]:
    """Code, class, place and words for an answer that is not said to be JSON: what is it?"""
    start = exchange.body.lstrip()[:64].lower()
    if start.startswith((b"{", b"[")):
        said = exchange.headers.get("content-type", "no Content-Type")
        return "MEDIA_TYPE", Drift.PROTOCOL, "header Content-Type", f"JSON sent as {said}"
    kind = "HTML" if b"<html" in start or b"<!doctype" in start else "XML" if start.startswith(b"<") else "plain text"
    kind = "SOAP" if kind == "XML" and SOAP.search(exchange.body[:2000]) else kind
    kind = "an empty body" if not start else kind
    return "WRONG_PROTOCOL", Drift.PROTOCOL, "body", f"{kind} where JSON was due"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
