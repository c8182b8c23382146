"""Errors that only a gateway has: the system behind it failed, refused or broke its contract (A30).

ApiError > UpstreamError
  UpstreamFailed 502 SYNC_FAILED          our credentials refused
    UpstreamDown                          no connection, a dropped one, a 5xx: counted by the breaker
    UpstreamUnready                       another answer than to the request: 429, a redirection
  BadUpstreamResponse 502                 an answer against the contract
  UpstreamTimeout 504                     no whole answer within the total deadline: counted by the breaker
  CircuitOpen 503                         not asked at all, since it failed several times in a row
  UpstreamRejected                        1C's own 400, 404, 409 or 422, passed on
  LdapUnavailable 503                     the directory cannot be reached
  InvalidCredentials, TokenExpired, TokenInvalid 401, InsufficientScope 403
  OperationNotFound, AgentNotFound, CallNotFound, QueueNotFound, SiteNotFound, ReportNotFound, TaskNotFound 404
  InvalidTransition, ExportNotReady 409; ReportTooLarge, UnmappedTimeType 422; TooManyRequests 429

What may be over the next time it is tried is in TRANSIENT; the queue tries nothing else again.
"""

from __future__ import annotations

from argus_wfm.openapi.errors import ApiError


class UpstreamError(ApiError):
    """A call to an upstream that did not do; `answered` is the status it answered with, None for none."""

    answered: int | None = None


class UpstreamFailed(UpstreamError):
    """The upstream did not do what it was asked to."""

    status, code = 502, "SYNC_FAILED"


class UpstreamDown(UpstreamFailed):
    """The upstream cannot be reached, dropped the call, or failed itself with a 5xx."""


class UpstreamUnready(UpstreamFailed):
    """The upstream answered, but not to what it was asked: 429, a redirection to a page of maintenance."""


class BadUpstreamResponse(UpstreamError):
    """The upstream answered, but against its contract."""

    status, code = 502, "BAD_UPSTREAM_RESPONSE"


class UpstreamTimeout(UpstreamError):
    """The upstream did not answer whole within the deadline."""

    status, code = 504, "UPSTREAM_TIMEOUT"


class CircuitOpen(ApiError):
    """The breaker keeps calls away from the upstream; Retry-After says for how long."""

    status, code = 503, "CIRCUIT_OPEN"


class UpstreamRejected(UpstreamError):
    """The upstream's own refusal of the caller's request, passed on with its status and code."""

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.status, self.code = status, code


TRANSIENT = (UpstreamDown, UpstreamUnready, UpstreamTimeout, BadUpstreamResponse, CircuitOpen)


class TokenExpired(ApiError):
    """The token was good once."""

    status, code = 401, "TOKEN_EXPIRED"


class TokenInvalid(ApiError):
    """No token, or none that we signed."""

    status, code = 401, "TOKEN_INVALID"


class InsufficientScope(ApiError):
    """A good token, for another API."""

    status, code = 403, "INSUFFICIENT_SCOPE"


class OperationNotFound(ApiError):
    """No such operation in the queue."""

    status, code = 404, "OPERATION_NOT_FOUND"


class InvalidTransition(ApiError):
    """The operation, or the agent, is not in a state for this."""

    status, code = 409, "INVALID_TRANSITION"


class AgentNotFound(ApiError):
    """The contact centre has told of no such agent."""

    status, code = 404, "AGENT_NOT_FOUND"


class CallNotFound(ApiError):
    """Nobody has taken such a call."""

    status, code = 404, "CALL_NOT_FOUND"


class QueueNotFound(ApiError):
    """The contact centre has told of no such queue."""

    status, code = 404, "QUEUE_NOT_FOUND"


class ReportNotFound(ApiError):
    """There is no report of that name."""

    status, code = 404, "REPORT_NOT_FOUND"


class TaskNotFound(ApiError):
    """No such export, or its file has expired."""

    status, code = 404, "TASK_NOT_FOUND"


class ExportNotReady(ApiError):
    """The file of an export is not there yet, or will never be."""

    status, code = 409, "EXPORT_NOT_READY"


class ReportTooLarge(ApiError):
    """More rows than the format is made for."""

    status, code = 422, "REPORT_TOO_LARGE"


class UnmappedTimeType(ApiError):
    """A time type of Argus, or a code of 1C, that the mapping does not have (seed section 8)."""

    status, code = 422, "UNMAPPED_TIME_TYPE"


class SiteNotFound(ApiError):
    """No such site in the registry."""

    status, code = 404, "SITE_NOT_FOUND"


class TooManyRequests(ApiError):
    """More than one caller may have; Retry-After says when to come again."""

    status, code = 429, "TOO_MANY_REQUESTS"


class InvalidCredentials(ApiError):
    """Not the password of this user, or no such user, or one who may not log in: the same for all."""

    status, code = 401, "INVALID_CREDENTIALS"


class LdapUnavailable(ApiError):
    """The directory cannot be reached; Retry-After says when to come again."""

    status, code = 503, "LDAP_UNAVAILABLE"
