"""getAgents: who works in a period."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.checks.encoding import damaged
from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.replies import Labelled, in_utc, members_are
from argus_wfm.json_type import Json

NAMES = ("lastname", "firstname", "secondname")
TYPES = {
    "text": lambda value: isinstance(value, str) and bool(value),
    "text or null": lambda value: value is None or isinstance(value, str),
    "date": lambda value: isinstance(value, str) and is_date(value),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


@when(parsers.re(r"the agents of (?P<first>\S+) to (?P<last>\S+) are requested"), target_fixture="exchange")
def request_agents(target: Target, first: str, last: str) -> Exchange:
    return target.personnel.get(f"/agents/{first}/{last}")


@when("the agents of each of these periods are requested", target_fixture="exchanges")
def request_periods(target: Target, datatable: list[list[str]]) -> Labelled:
    return [("startDate", target.personnel.get(f"/agents/{first}/{last}")) for first, last in datatable[1:]]


@then("every agent has exactly these fields")
def agents_have_fields(exchange: Exchange, datatable: list[list[str]]) -> None:
    for finding in judge(exchange):
        raise Departure(finding)
    types = dict(datatable[1:])
    for place, agent in agents(exchange):
        members_are(exchange, agent, list(types), place)
        for field, type_ in types.items():
            if not TYPES[type_](agent[field]):
                words = f"{field} is not {type_}"
                exchange.departs(
                    "WRONG_TYPE", Drift.SHAPE, f"{place}/{field}", words, expected=type_, actual=agent[field]
                )


@then("total_count is the number of agents")
def count_is_right(exchange: Exchange) -> None:
    body = exchange.require(200)
    stated, counted = body["total_count"], len(body["agents"])
    words = f"total_count is {stated}, there are {counted} agents"
    exchange.expect(stated == counted, "COUNT", "/total_count", words, expected=counted, actual=stated)


@then(parsers.parse("{field} is unique among the agents"))
def field_is_unique(exchange: Exchange, field: str) -> None:
    counted = Counter(agent[field] for _, agent in agents(exchange))
    twice = [f"{value} ({times} times)" for value, times in counted.items() if times > 1]
    words = f"{field} is not unique: {', '.join(twice[:3])}"
    exchange.expect(not twice, "NOT_UNIQUE", f"/agents/*/{field}", words, actual=", ".join(twice))


@then("the names are undamaged Cyrillic")
def names_are_whole(exchange: Exchange) -> None:
    for place, agent in agents(exchange):
        for field in NAMES:
            damage = damaged(agent[field] or "")
            words = f"{field} is damaged: {damage}"
            exchange.expect(not damage, "MOJIBAKE", f"{place}/{field}", words, actual=agent[field])
    anyone = any(re.search("[а-яё]", agent["lastname"], re.IGNORECASE) for _, agent in agents(exchange))
    exchange.expect(anyone, "MOJIBAKE", "/agents/*/lastname", "Not one name has a Cyrillic letter")


@then("secondname is null or not blank")
def secondname_is_meant(exchange: Exchange) -> None:
    for place, agent in agents(exchange):
        name = agent["secondname"]
        meant = name is None or (isinstance(name, str) and bool(name.strip()))
        exchange.expect(meant, "VALUE", f"{place}/secondname", "secondname is blank; null was due", actual=repr(name))


@then(parsers.parse("start_work is a date not after {day}"))
def start_is_date(exchange: Exchange, day: str) -> None:
    for place, agent in agents(exchange):
        start = agent["start_work"]
        if not is_date(start):
            exchange.departs(
                "WRONG_FORMAT", Drift.SHAPE, f"{place}/start_work", f"{start} is not YYYY-MM-DD", actual=start
            )
        words = f"Hired on {start}, after the period"
        exchange.expect(start <= day, "VALUE", f"{place}/start_work", words, expected=f"≤ {day}", actual=start)


@then(parsers.parse("{field} is above {low:g} and at most {high:g}"))
def field_is_within(exchange: Exchange, field: str, low: float, high: float) -> None:
    for place, agent in agents(exchange):
        value = agent[field]
        words, wanted = f"{field} is {value}", f"above {low:g}, at most {high:g}"
        exchange.expect(low < value <= high, "OUT_OF_RANGE", f"{place}/{field}", words, expected=wanted, actual=value)


@then(parsers.parse("sync_timestamp is UTC and at most {seconds:d} s ahead of the Date header"))
def stamp_is_fresh(exchange: Exchange, seconds: int) -> None:
    stamp = exchange.require(200)["sync_timestamp"]
    exchange.expect(in_utc(stamp), "WRONG_FORMAT", "/sync_timestamp", f"{stamp} is not UTC with a Z", actual=stamp)
    date = exchange.headers.get("date")
    if date is None:
        exchange.departs("HEADER", Drift.SHAPE, "header Date", "The reply has no Date header")
    ahead = (dt.datetime.fromisoformat(stamp) - parsedate_to_datetime(date)).total_seconds()
    words = f"sync_timestamp is {ahead:.0f} s ahead of the Date header"
    exchange.expect(ahead <= seconds, "VALUE", "/sync_timestamp", words, expected=f"≤ {seconds} s", actual=stamp)


def agents(exchange: Exchange) -> Iterator[tuple[str, Json]]:
    """(JSON pointer, agent) of a reply that lists somebody."""
    listed = exchange.require(200)["agents"]
    if not listed:
        raise CouldNotTest("the host lists no agents for this period")
    return ((f"/agents/{index}", agent) for index, agent in enumerate(listed))


def is_date(text: Json) -> bool:
    """Whether this is a real day as YYYY-MM-DD."""
    try:
        return bool(dt.date.fromisoformat(text).isoformat() == text)
    except (TypeError, ValueError):
        return False
