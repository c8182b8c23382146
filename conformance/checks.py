"""What every exchange of a generated test is asked beside the contract's schemas (seed sections 7 and 9)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from conformance.drift import judge
from conformance.exchange import Exchange
from conformance.findings import Drift, Finding

Json = Any
SLOW_S = 2.0  # seed section 9
ESCAPED = re.compile(rb"\\u04[0-9a-fA-F]{2}")


def findings(exchange: Exchange) -> list[Finding]:
    """Schema, envelope and headers (drift.judge), then the checks of this module."""
    return [*judge(exchange), *_server_error(exchange), *_session(exchange), *_slow(exchange), *_values(exchange)]


def _server_error(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status >= 500:
        words = f"{exchange.status} to a generated request"
        yield exchange.finding("SERVER_ERROR", Drift.VALUE, "status", words, actual=exchange.status)


def _session(exchange: Exchange) -> Iterator[Finding]:
    """Whoever was let in gets an x-session-id (A38)."""
    if exchange.status == 200 and "x-session-id" not in exchange.headers:
        yield exchange.finding("HEADER", Drift.SHAPE, "header X-Session-Id", "The reply has no x-session-id")


def _slow(exchange: Exchange) -> Iterator[Finding]:
    if exchange.elapsed_s > SLOW_S:
        words = f"The reply took {exchange.elapsed_s:.1f} s"
        yield exchange.finding("SLOW", Drift.VALUE, "time", words, expected=f"under {SLOW_S:g} s")


def _values(exchange: Exchange) -> Iterator[Finding]:
    try:
        body = json.loads(exchange.body)
    except ValueError:
        return
    yield from _cyrillic(exchange)
    yield from _count(exchange, body)


def _cyrillic(exchange: Exchange) -> Iterator[Finding]:
    text = exchange.body.decode("utf-8", "replace")
    if "\ufffd" in text:
        yield exchange.finding("MOJIBAKE", Drift.VALUE, "body", "U+FFFD in the reply: text was damaged on its way")
    elif ESCAPED.search(exchange.body):
        words = "Cyrillic is escaped (\\u04…), which nobody can read"
        yield exchange.finding("MOJIBAKE", Drift.VALUE, "body", words)


def _count(exchange: Exchange, body: Json) -> Iterator[Finding]:
    """total_count is the number of agents, also where a period was generated."""
    agents, stated = (body.get(name) for name in ("agents", "total_count")) if isinstance(body, dict) else (None, None)
    if isinstance(agents, list) and stated != len(agents):
        words = f"total_count is {stated}, there are {len(agents)} agents"
        yield exchange.finding("COUNT", Drift.VALUE, "/total_count", words, expected=len(agents), actual=stated)
