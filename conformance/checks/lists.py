"""What lists and rows of a reply must also be: as many as is said, in the order that is promised, of one state."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift, Finding
from argus_wfm.json_type import Json

COUNTED = ("agents", "breaks", "queues", "reports")  # lists that come whole, each with its total_count
PROMISED = {  # by operation: the list, and the member that it is in the order of
    "listAgentStatuses": ("agents", "agent_id"),
    "listAgentChanges": ("items", "sequence"),
    "listBreaks": ("breaks", "since"),  # the longest first
}
FILTERS = {"listAgentStatuses": ("agents", ("status", "queue"))}  # query parameters that rows are chosen by
NUMBER = re.compile(r"(\D*)(\d*)", re.ASCII)
ON_CALL, ON_BREAK = "on_call", "on_break"


def judge(exchange: Exchange, body: dict[str, Json]) -> Iterator[Finding]:
    """Findings of a 2xx reply's object."""
    yield from _count(exchange, body)
    yield from _promised(exchange, body)
    yield from _page(exchange, body)
    yield from _chosen(exchange, body)
    for place, row in _statuses(body):
        yield from _state(exchange, place, row)


def _count(exchange: Exchange, body: dict[str, Json]) -> Iterator[Finding]:
    """total_count is the number of rows, also where a period was generated."""
    for listed in COUNTED:
        rows, stated = body.get(listed), body.get("total_count")
        if isinstance(rows, list) and "total_count" in body and stated != len(rows):
            words = f"total_count is {stated}, there are {len(rows)} {listed}"
            yield exchange.finding("COUNT", Drift.VALUE, "/total_count", words, expected=len(rows), actual=stated)


def _promised(exchange: Exchange, body: dict[str, Json]) -> Iterator[Finding]:
    listed, by = PROMISED.get(exchange.name, ("", ""))
    rows = body.get(listed)
    values: list[Json] = [row.get(by) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    numbers, texts = (all(isinstance(value, kind) for value in values) for kind in (int, str))
    if numbers or texts:
        for before, after in itertools.pairwise(values):
            if _natural(after) < _natural(before) and (numbers or after < before):
                words = f"{listed} are not in the order of {by}: {after} comes after {before}"
                yield exchange.finding("ORDER", Drift.VALUE, f"/{listed}", words, actual=after)
                return


def _natural(value: str | int) -> list[tuple[int, str]]:
    """Numbers by their size: MCE999 before MCE1000. A text in this order, or in that of its characters, is in order."""
    return [(int(digits or -1), text) for text, digits in NUMBER.findall(str(value))]


def _page(exchange: Exchange, body: dict[str, Json]) -> Iterator[Finding]:
    """No more rows than `limit` asks for."""
    given = parse_qs(urlsplit(exchange.url).query).get("limit", [""])[0]
    rows = body.get("items")
    if given.isdecimal() and isinstance(rows, list) and len(rows) > int(given) > 0:
        words = f"{len(rows)} items came where limit was {given}"
        yield exchange.finding("COUNT", Drift.VALUE, "/items", words, expected=f"≤ {given}", actual=len(rows))


def _chosen(exchange: Exchange, body: dict[str, Json]) -> Iterator[Finding]:
    """Rows that were asked for alone."""
    listed, names = FILTERS.get(exchange.name, ("", ()))
    rows, query = body.get(listed), parse_qs(urlsplit(exchange.url).query)
    for name in names if isinstance(rows, list) else ():
        wanted = query.get(name, [])
        others = [row.get(name) for row in rows or () if isinstance(row, dict) and row.get(name) not in wanted]
        if wanted and others:
            words = f"{len(others)} of {len(rows or ())} {listed} have another {name} than {wanted[0]}"
            place = f"/{listed}/*/{name}"
            yield exchange.finding("VALUE", Drift.VALUE, place, words, expected=wanted[0], actual=others[0])


def _statuses(body: dict[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    """Rows that say what an agent does now."""
    agents = body.get("agents")
    rows = [(f"/agents/{index}", row) for index, row in enumerate(agents)] if isinstance(agents, list) else [("", body)]
    for place, row in rows:
        if isinstance(row, dict) and {"status", "call_id", "queue", "break"} <= row.keys():
            yield place, row


def _state(exchange: Exchange, place: str, row: dict[str, Json]) -> Iterator[Finding]:
    """A call's members on a call alone (A13), a break on a break alone."""
    of_state = {"call_id": ON_CALL, "queue": ON_CALL, "break": ON_BREAK}
    for name, state in of_state.items():
        if (row[name] is not None) != (row["status"] == state):
            words = f"{name} is {'null' if row[name] is None else 'there'}, the status is {row['status']}"
            shown = {"expected": "null" if row["status"] != state else name, "actual": row[name]}
            yield exchange.finding("VALUE", Drift.VALUE, f"{place}/{name}", words, **shown)
