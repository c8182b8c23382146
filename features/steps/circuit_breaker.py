"""Deadline and breaker of the gateway: calls that wait while the clock is moved, and the gateway's own view."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from pytest_bdd import given, parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Drift, Finding
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.faults import MONTH
from argus_wfm.features.steps.norm_hours import ask
from argus_wfm.features.steps.replies import refused

NOTICED_S = 10.0  # real seconds for what is due to happen
EARLY_S = 0.2  # real seconds in which an answer that is not due would show


@dataclass(frozen=True)
class Waiting:
    """A call under way, and since when by target.controls.monotonic()."""

    call: Future[Exchange]
    since: float


@dataclass
class Mark:
    """When the breaker opened last, by target.controls.monotonic(): our own count, not what the gateway says."""

    opened: float = 0.0


@pytest.fixture
def mark() -> Mark:
    return Mark()


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that wait."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


@when(parsers.parse("the norm is requested and {seconds:d} seconds pass"), target_fixture="waiting")
def request_and_wait(target: Target, employee: str, background: ThreadPoolExecutor, seconds: int) -> Waiting:
    waiting = Waiting(background.submit(ask, target, employee, *MONTH, fresh=True), target.controls.monotonic())
    until(lambda: asked(target) == 1 or waiting.call.done())
    pass_(target, waiting.since, seconds)
    return waiting


@then("there is no answer")
def no_answer(waiting: Waiting) -> None:
    if waiting.call in wait([waiting.call], EARLY_S).done:
        exchange = waiting.call.result()
        exchange.departs("VALUE", Drift.VALUE, "time", "An answer before 30 s of silence", actual=exchange.status)


@when(parsers.parse("{seconds:d} seconds have passed in all"), target_fixture="exchange")
def passed_in_all(target: Target, waiting: Waiting, seconds: int) -> Exchange:
    pass_(target, waiting.since, seconds)
    return waiting.call.result()


@given(parsers.parse("{times:d} failures of 1C ZUP have opened the breaker"))
def opened(target: Target, mark: Mark, employee: str, times: int) -> None:
    target.controls.inject("zup", {"fault": "status", "status": 503, "times": times})
    for _ in range(times):
        refused(ask(target, employee, *MONTH, fresh=True), 502, "SYNC_FAILED")
    open_again(target, mark)


@then("the breaker is open again")
def open_again(target: Target, mark: Mark) -> None:
    mark.opened = target.controls.monotonic()
    breaker_is(target, "open")


@when(parsers.parse("{seconds:d} seconds have passed since it opened"))
def passed_since_it_opened(target: Target, mark: Mark, seconds: int) -> None:
    pass_(target, mark.opened, seconds)


@when("the norm is requested twice at once", target_fixture="calls")
def request_twice(target: Target, employee: str, background: ThreadPoolExecutor) -> list[Future[Exchange]]:
    before = asked(target)
    calls = [background.submit(ask, target, employee, *MONTH, fresh=True) for _ in range(2)]
    until(lambda: asked(target) > before and any(call.done() for call in calls))
    return calls


@then(parsers.re(r"one is answered by 1C ZUP and the other is refused with (?P<status>\d{3}) (?P<code>[A-Z_]+)"))
def one_of_two(target: Target, calls: list[Future[Exchange]], status: str, code: str) -> None:
    done, rest = wait(calls, NOTICED_S, return_when=FIRST_COMPLETED)
    target.controls.move(5)
    for early in done:
        refused(early.result(), int(status), code)
    for late in rest:
        late.result().require(200)


@then(parsers.re(r"the breaker is (?P<state>\S+)"))
def breaker_is(target: Target, state: str) -> None:
    shown = _breaker(target)
    if shown["state"] != state:
        raise_("breaker", f"The breaker is {shown['state']}, not {state}: {shown}")


@then(parsers.parse("1C ZUP was asked for the norm {times:d} times"))
def asked_so_often(target: Target, times: int) -> None:
    if asked(target) != times:
        raise_("calls", f"1C ZUP was asked {asked(target)} times, not {times}")


@then(parsers.parse("the reply says to try again within {seconds:d} seconds"))
def says_when(exchange: Exchange, seconds: int) -> None:
    said = exchange.headers.get("retry-after", "")
    if not said.isdecimal() or not 1 <= int(said) <= seconds:
        place, words = "header Retry-After", f"Retry-After is {said or 'not there'}"
        exchange.departs("HEADER", Drift.SHAPE, place, words, expected=f"1…{seconds}", actual=said)


@then("what does not need 1C ZUP still answers")
def others_answer(target: Target) -> None:
    """The gateway's own health, and MCE."""
    if target.controls.health("gateway")["status"] != "ok":
        raise_("health", "The gateway's health is not ok")
    target.mce.get("/agents/status").require(200)


def asked(target: Target) -> int:
    """How often getNormHours came to 1C ZUP, answered or not."""
    return int(target.controls.state("zup")["arrived"].get("getNormHours", 0))


def pass_(target: Target, since: float, seconds: float) -> None:
    """Move the clocks until so many seconds have passed since then, real ones counted in."""
    target.controls.move(max(0.0, since + seconds - target.controls.monotonic()))


def until(holds: Callable[[], bool]) -> None:
    """Give what is under way the time to get there; whoever checks afterwards says what is missing."""
    deadline = time.monotonic() + NOTICED_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)


def raise_(where: str, words: str) -> NoReturn:
    """A departure of the gateway as a whole, not of one exchange."""
    raise Departure(Finding("VALUE", Drift.VALUE, "getNormHours", where, words))


def _breaker(target: Target) -> dict[str, Any]:
    breaker: dict[str, Any] = target.controls.health("gateway")["upstreams"]["zup"]["breaker"]
    return breaker
