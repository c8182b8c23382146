"""What a right-shaped reply must also be: sums, identities, order in time, undamaged text; lists are in listings."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from argus_wfm.conformance.checks import lists
from argus_wfm.conformance.checks.encoding import damaged, is_whole
from argus_wfm.conformance.checks.schema import pointer
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift, Finding
from argus_wfm.json_type import Json

IDENTITIES = {"agents": ("agent_id", "tab_number"), "operations": ("id",), "items": ("id",)}
PERIODS = (
    ("period_start", "period_end"),
    ("started_at", "ended_at"),
    ("enqueued_at", "finished_at"),
    ("submitted_at", "finished_at"),
)
HOURS = 0.005  # that a sum of norms may be off by


def judge(exchange: Exchange, body: Json) -> Iterator[Finding]:
    """Findings of a 2xx reply's body."""
    yield from _damage(exchange, body)
    if isinstance(body, dict):
        yield from lists.judge(exchange, body)
        yield from _identities(exchange, body)
        yield from _norm(exchange, body)
    yield from _order(exchange, body, "")


def _damage(exchange: Exchange, body: Json) -> Iterator[Finding]:
    """Of any text that the run has not sent itself: an echo is the sender's."""
    for place, text in _texts(body, ""):
        if text.isascii() and "??" not in text:
            continue
        damage = damaged(text) if not is_whole(text) else ""
        if damage and not exchange.echoed(text):
            yield exchange.finding("MOJIBAKE", Drift.VALUE, place, f"Damaged text: {damage}", actual=text)


def _texts(body: Json, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(body, str):
        yield place or "body", body
    elif isinstance(body, dict | list):
        for name, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from _texts(value, f"{place}/{pointer(name)}")


def _identities(exchange: Exchange, body: Json) -> Iterator[Finding]:
    for listed, names in IDENTITIES.items():
        rows = body.get(listed)
        for name in names if isinstance(rows, list) else ():
            values = (row[name] for row in rows if isinstance(row, dict) and isinstance(row.get(name), str | int))
            twice = [f"{value} ({times} times)" for value, times in Counter(values).items() if times > 1]
            if twice:
                words = f"{name} is not unique: {', '.join(twice[:3])}"
                place = f"/{listed}/*/{name}"
                yield exchange.finding("NOT_UNIQUE", Drift.VALUE, place, words, actual=", ".join(twice))


def _norm(exchange: Exchange, body: Json) -> Iterator[Finding]:
    """norm_hours is its final_norm."""
    details = body.get("calculation_details")
    norm, final = body.get("norm_hours"), details.get("final_norm") if isinstance(details, dict) else None
    if isinstance(norm, int | float) and isinstance(final, int | float) and abs(norm - final) > HOURS:
        words = f"norm_hours is {norm}, final_norm is {final}"
        yield exchange.finding("VALUE", Drift.VALUE, "/norm_hours", words, expected=final, actual=norm)


def _order(exchange: Exchange, body: Json, place: str) -> Iterator[Finding]:
    if isinstance(body, list):
        for index, row in enumerate(body):
            yield from _order(exchange, row, f"{place}/{index}")
    if not isinstance(body, dict):
        return
    for first, last in PERIODS:
        start, end = body.get(first), body.get(last)
        if _before(end, start):
            words = f"{last} {end} is before {first} {start}"
            yield exchange.finding("ORDER", Drift.VALUE, f"{place}/{last}", words, expected=f"≥ {start}", actual=end)
    for name, value in body.items():
        if isinstance(value, dict | list):
            yield from _order(exchange, value, f"{place}/{pointer(name)}")


def _before(one: Json, other: Json) -> bool:
    """Of two days, or two instants; false for what is neither."""
    try:
        return bool(dt.datetime.fromisoformat(one) < dt.datetime.fromisoformat(other))
    except (TypeError, ValueError):
        return False
