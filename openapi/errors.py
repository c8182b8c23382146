"""The one error tree and the one error envelope (seed section 5; domain A29, A30), for gateway and mocks alike.

    ApiError 500 INTERNAL_ERROR
      ValidationFailed 400, MalformedJson 400, InvalidPeriod 400, BatchTooLarge 400
      Unauthorized 401
      NotFound 404 (a path), EmployeeNotFound 404 (a thing)
      MethodNotAllowed 405, NotAcceptable 406, PayloadTooLarge 413, UnsupportedMediaType 415
      CalendarMissing 422

Errors that only the gateway can have (upstreams, breaker) are in gateway/errors.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson


class ApiError(Exception):
    """A failure the caller may see; each subclass is one row of the error table (A30).

    `details` may hold field (str), attempt (int) and last_error (str); the timestamp is added when it is rendered.
    """

    status: int = 500
    code: str = "INTERNAL_ERROR"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message)
        self.details = {name: value for name, value in details.items() if value is not None}
        self.headers = dict(headers or {})

    def envelope(self, now: dt.datetime) -> dict[str, Any]:
        """The seed's error body; `now` is aware and in UTC."""
        details = {**self.details, "timestamp": instant(now)}
        return {"error": True, "code": self.code, "message": str(self), "details": details}


class ValidationFailed(ApiError):
    """The request breaks the contract; details.field names the member at fault."""

    status, code = 400, "VALIDATION_ERROR"


class MalformedJson(ApiError):
    """The body is not JSON in UTF-8."""

    status, code = 400, "MALFORMED_JSON"


class InvalidPeriod(ApiError):
    """The period ends before it starts."""

    status, code = 400, "INVALID_PERIOD"


class BatchTooLarge(ApiError):
    """More employees than one request may hold (A28)."""

    status, code = 400, "BATCH_TOO_LARGE"


class Unauthorized(ApiError):
    """No credentials, or wrong ones; the same body for both, so that accounts cannot be guessed."""

    status, code = 401, "UNAUTHORIZED"


class NotFound(ApiError):
    """No such path."""

    status, code = 404, "NOT_FOUND"


class EmployeeNotFound(ApiError):
    """No such employee."""

    status, code = 404, "EMPLOYEE_NOT_FOUND"


class MethodNotAllowed(ApiError):
    """The path exists, the method does not; carries Allow."""

    status, code = 405, "METHOD_NOT_ALLOWED"


class NotAcceptable(ApiError):
    """The caller accepts no media type this operation answers in."""

    status, code = 406, "NOT_ACCEPTABLE"


class PayloadTooLarge(ApiError):
    """More bytes than the API reads."""

    status, code = 413, "PAYLOAD_TOO_LARGE"


class UnsupportedMediaType(ApiError):
    """The body is not said to be JSON in UTF-8."""

    status, code = 415, "UNSUPPORTED_MEDIA_TYPE"


class CalendarMissing(ApiError):
    """No production calendar for a year of the period (A39): permanent until HR loads one."""

    status, code = 422, "CALENDAR_MISSING"


def instant(moment: dt.datetime) -> str:
    """An aware moment as RFC 3339 in UTC with seconds and Z, the seed's way."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact(moment: dt.datetime) -> str:
    """The same to the microsecond, where the order of moments matters."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def render(error: ApiError, now: dt.datetime) -> bytes:
    """The envelope as UTF-8 JSON; Cyrillic stays readable."""
    return orjson.dumps(error.envelope(now))
