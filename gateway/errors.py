"""Errors that only a gateway has: the system behind it failed, refused or broke its contract (A30).

ApiError
  UpstreamFailed 502 SYNC_FAILED          our credentials refused, a redirection
    UpstreamDown                          no connection, a dropped one, a 5xx: counted by the breaker
  BadUpstreamResponse 502                 an answer against the contract
  UpstreamTimeout 504                     no whole answer within the total deadline: counted by the breaker
  CircuitOpen 503                         not asked at all, since it failed several times in a row
  UpstreamRejected                        1C's own 400, 404, 409 or 422, passed on
"""

from __future__ import annotations

from openapi.errors import ApiError


class UpstreamFailed(ApiError):
    """The upstream did not do what it was asked to."""

    status, code = 502, "SYNC_FAILED"


class UpstreamDown(UpstreamFailed):
    """The upstream cannot be reached, dropped the call, or failed itself with a 5xx."""


class BadUpstreamResponse(ApiError):
    """The upstream answered, but against its contract."""

    status, code = 502, "BAD_UPSTREAM_RESPONSE"


class UpstreamTimeout(ApiError):
    """The upstream did not answer whole within the deadline."""

    status, code = 504, "UPSTREAM_TIMEOUT"


class CircuitOpen(ApiError):
    """The breaker keeps calls away from the upstream; Retry-After says for how long."""

    status, code = 503, "CIRCUIT_OPEN"


class UpstreamRejected(ApiError):
    """The upstream's own refusal of the caller's request, passed on with its status and code."""

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message, field=field)
        self.status, self.code = status, code
