"""How quick answers are, and which of them come from a cache (Cache-Status, RFC 9211)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from pytest_bdd import parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.circuit_breaker import pass_
from argus_wfm.features.steps.faults import MONTH
from argus_wfm.features.steps.norm_hours import ask
from argus_wfm.features.steps.roster import DAY, JULY

FRESH = {"Cache-Control": "no-cache"}
FIXED, ANOTHER = "2025-07-15", "2025-07-16"
WITHIN_S, CALLS, ENOUGH = 2.0, 20, 19


@dataclass
class CachedRequest:
    """When the entry was asked for, by our own count."""

    since: float = 0.0


@pytest.fixture
def asked() -> CachedRequest:
    return CachedRequest()


@when("agents and norm are each requested 20 times past the cache", target_fixture="timed")
def request_often(target: Target, employee: str) -> Mapping[str, list[Exchange]]:
    return {
        "getAgents": [_agents(target, *JULY, FRESH) for _ in range(CALLS)],
        "getNormHours": [ask(target, employee, *MONTH, fresh=True) for _ in range(CALLS)],
    }


@then("at least 19 of 20 answers of each came within 2 seconds")
def quick(timed: Mapping[str, list[Exchange]]) -> None:
    for name, exchanges in timed.items():
        for exchange in exchanges:
            exchange.require(200)
        quick = sum(exchange.elapsed_s < WITHIN_S for exchange in exchanges)
        if quick < ENOUGH:
            slowest = max(exchanges, key=lambda exchange: exchange.elapsed_s)
            words = f"{quick} of {CALLS} answers to {name} came within {WITHIN_S:g} s"
            slowest.departs("VALUE", Drift.VALUE, "time", words, actual=f"{slowest.elapsed_s:.2f} s")


@when("the agents of today are requested", target_fixture="exchange")
def request_today(target: Target) -> Exchange:
    return _agents(target, *_today(target))


@when("the agents of today are requested twice", target_fixture="exchange")
def request_twice(target: Target) -> Exchange:
    day = _today(target)
    _agents(target, *day).require(200)
    return _agents(target, *day)


@when("the agents of today are requested past the cache", target_fixture="exchange")
def request_today_fresh(target: Target) -> Exchange:
    return _agents(target, *_today(target), FRESH)


@when("the agents of a fixed day are requested", target_fixture="exchange")
def request_fixed(target: Target, asked: CachedRequest) -> Exchange:
    """One whose entry does not change as the clock moves."""
    asked.since = asked.since or target.controls.monotonic()
    return _agents(target, FIXED, FIXED)


@when("the agents of a fixed day are requested past the cache", target_fixture="exchange")
def request_fixed_fresh(target: Target) -> Exchange:
    return _agents(target, FIXED, FIXED, FRESH)


@when("the agents of another day are requested", target_fixture="exchange")
def request_another(target: Target) -> Exchange:
    return _agents(target, ANOTHER, ANOTHER)


@when(parsers.parse("{seconds:d} seconds have passed since it was asked for"))
def passed_since_asked(target: Target, asked: CachedRequest, seconds: int) -> None:
    pass_(target, asked.since, seconds)


@then("the latest answer is a cache hit")
def is_hit(target: Target, exchange: Exchange) -> None:
    exchange.require(200)
    _cached(target, exchange, True)


@then("the latest answer came from 1C ZUP")
def is_miss(target: Target, exchange: Exchange) -> None:
    exchange.require(200)
    _cached(target, exchange, False)


@when("employee, norm and mapping are asked for")
def ask_for_all(target: Target, asked: CachedRequest, employee: str) -> None:
    asked.since = target.controls.monotonic()
    for exchange in _all(target, employee).values():
        exchange.require(200)


@then("employee, norm and mapping are cache hits")
def all_hit(target: Target, employee: str) -> None:
    _hits(target, employee, employee=True, norm=True, mapping=True)


@then("norm and mapping are cache hits, employee is not")
def employee_gone(target: Target, employee: str) -> None:
    _hits(target, employee, employee=False, norm=True, mapping=True)


@then("mapping alone is a cache hit")
def mapping_alone(target: Target, employee: str) -> None:
    """The employee was asked for again meanwhile, more than an hour ago."""
    _hits(target, employee, employee=False, norm=False, mapping=True)


@when("the configuration is forgotten")
def forget_configuration(target: Target) -> None:
    target.operations.delete("/caches/configuration").require(200)


@then("mapping is no cache hit")
def mapping_gone(target: Target) -> None:
    _cached(target, target.operations.get("/mapping"), False)


def _hits(target: Target, employee_id: str, **due: bool) -> None:
    for name, exchange in _all(target, employee_id).items():
        exchange.require(200)
        _cached(target, exchange, due[name])


def _all(target: Target, employee: str) -> Mapping[str, Exchange]:
    return {
        "employee": target.operations.get(f"/employees/{employee}"),
        "norm": ask(target, employee, *MONTH),
        "mapping": target.operations.get("/mapping"),
    }


def _agents(target: Target, first: str, last: str, headers: Mapping[str, str] | None = None) -> Exchange:
    return target.personnel.get(f"/agents/{first}/{last}", headers=headers or {})


def _today(target: Target) -> tuple[str, str]:
    """A day that nothing else asks for: two days ahead, so that the roster's own question does not count."""
    day = str(target.today() + 2 * DAY)
    return day, day


def _cached(target: Target, exchange: Exchange, hit: bool) -> None:
    """Of a gateway of ours; others need not tell. Raises CouldNotTest, Departure."""
    target.controls.url("gateway")
    status = exchange.headers.get("cache-status", "")
    if ("hit" in status) is not hit:
        words = f"Cache-Status is {status or 'not there'}"
        due = "a hit" if hit else "no hit"
        exchange.departs("VALUE", Drift.VALUE, "header Cache-Status", words, expected=due, actual=status)
