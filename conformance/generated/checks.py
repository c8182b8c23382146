"""What every exchange of a generated test is asked beside the contract's schemas (seed sections 7 and 9)."""

from __future__ import annotations

from collections.abc import Iterator

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift, Finding

SLOW_S = 2.0  # seed section 9


def findings(exchange: Exchange) -> list[Finding]:
    """Schema, envelope, headers and values (drift.judge), then the checks of this module."""
    return [*judge(exchange), *_server_error(exchange), *_session(exchange), *_slow(exchange)]


def _server_error(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status >= 500:
        words = f"{exchange.status} to a generated request"
        yield exchange.finding(
            "SERVER_ERROR", Drift.VALUE, "status", words, actual=exchange.status, variant=f"{exchange.status}"
        )


def _session(exchange: Exchange) -> Iterator[Finding]:
    """Whoever was let in gets an x-session-id (A38)."""
    protected = exchange.operation is not None and exchange.operation.security is not None
    if exchange.status == 200 and protected and "x-session-id" not in exchange.headers:
        yield exchange.finding("HEADER", Drift.SHAPE, "header X-Session-Id", "The reply has no x-session-id")


def _slow(exchange: Exchange) -> Iterator[Finding]:
    if exchange.elapsed_s > SLOW_S:
        words = f"The reply took {exchange.elapsed_s:.1f} s"
        yield exchange.finding("SLOW", Drift.VALUE, "time", words, expected=f"under {SLOW_S:g} s")
