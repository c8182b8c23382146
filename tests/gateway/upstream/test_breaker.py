"""The breaker by itself under a hundred callers, and over sockets: at the 60 s mark exactly one reaches 1C."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.errors import BadUpstreamResponse, CircuitOpen, UpstreamDown, UpstreamFailed, UpstreamTimeout
from argus_wfm.gateway.upstream.breaker import Breaker, BreakerTransition
from argus_wfm.openapi.errors import ApiError
from tests.support.http_client import Caller
from tests.support.personnel import NORM, OPERATIONS
from tests.support.polling import until
from tests.support.relayed_zup import Party


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("1C ZUP", clock)


def fail(breaker: Breaker, times: int = 1, error: ApiError | None = None) -> None:
    for _ in range(times):
        with pytest.raises(ApiError), breaker.call():
            raise error or UpstreamDown("down", last_error="refused")


def succeed(breaker: Breaker) -> None:
    with breaker.call():
        pass


def state(breaker: Breaker) -> str:
    return str(breaker.shown()["state"])


def test_opens_at_the_fifth_failure_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 4)
    succeed(breaker)
    fail(breaker, 4)
    assert state(breaker) == "closed"
    fail(breaker)
    assert state(breaker) == "open"
    with pytest.raises(CircuitOpen) as raised, breaker.call():
        pytest.fail("let through")
    assert raised.value.headers == {"Retry-After": "60"}
    assert raised.value.details == {"attempt": 0, "last_error": "refused"}


def test_timeouts_count_and_answers_do_not(breaker: Breaker) -> None:
    fail(breaker, 4, UpstreamTimeout("late"))
    for answer in (BadUpstreamResponse("html"), UpstreamFailed("401")):
        fail(breaker, 1, answer)
        assert breaker.shown()["failures"] == 0
        fail(breaker, 4, UpstreamTimeout("late"))
    fail(breaker, 1, UpstreamTimeout("late"))
    assert state(breaker) == "open"


def test_open_until_60_s_then_one_trial_decides(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.move(59)
    fail_fast(breaker)
    clock.move(1)
    with breaker.call():
        assert state(breaker) == "half-open"
        fail_fast(breaker)
    assert state(breaker) == "closed"
    fail(breaker, 5)
    clock.move(60)
    fail(breaker)
    assert state(breaker) == "open"
    clock.move(59)
    fail_fast(breaker)
    clock.move(1)
    succeed(breaker)
    assert [change["state"] for change in breaker.history()] == [
        *("open", "half-open", "closed"),
        *("open", "half-open", "open", "half-open", "closed"),
    ]


def fail_fast(breaker: Breaker) -> None:
    with pytest.raises(CircuitOpen), breaker.call():
        pytest.fail("let through")


def test_what_began_in_another_state_is_not_counted(breaker: Breaker, clock: Clock) -> None:
    with breaker.call():
        fail(breaker, 5)
    assert state(breaker) == "open", "an old success closed it"
    clock.move(60)
    old = breaker.call()
    old.__enter__()
    assert state(breaker) == "half-open"
    breaker.reset()
    old.__exit__(UpstreamDown, UpstreamDown("down"), None)
    assert breaker.shown() == {"state": "closed", "failures": 0}


@pytest.mark.parametrize("error", [asyncio.CancelledError, RuntimeError])
def test_a_trial_that_was_given_up_leaves_its_place(breaker: Breaker, clock: Clock, error: type[BaseException]) -> None:
    fail(breaker, 5)
    clock.move(60)
    with pytest.raises(error), breaker.call():
        raise error
    assert state(breaker) == "open"
    succeed(breaker)
    assert state(breaker) == "closed"


def test_listener_hears_every_change_outside_of_the_lock(clock: Clock) -> None:
    heard: list[tuple[str, str]] = []

    def hear(upstream: str, change: BreakerTransition) -> None:
        heard.append((change.state.value, state(heeded)))  # would hang under the lock

    heeded = Breaker("1C ZUP", clock, on_change=hear)
    fail(heeded, 5)
    clock.move(60)
    succeed(heeded)
    assert heard == [("open", "open"), ("half-open", "half-open"), ("closed", "closed")]


def test_history_keeps_the_latest_hundred(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    for _ in range(120):
        clock.move(60)
        fail(breaker)
    assert len(breaker.history()) == 100


def test_of_a_hundred_threads_one_is_let_through(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.move(60)
    start, over, through = threading.Barrier(100), threading.Event(), []

    def call() -> str:
        start.wait()
        try:
            with breaker.call():
                through.append(1)
                over.wait(10)
            return "through"
        except CircuitOpen:
            return "refused"

    with ThreadPoolExecutor(100) as pool:
        calls = [pool.submit(call) for _ in range(100)]
        until(lambda: sum(done.done() for done in calls) == 99)
        assert len(through) == 1
        over.set()
        assert Counter(done.result() for done in calls) == {"refused": 99, "through": 1}


def test_a_hundred_callers_at_the_60_s_mark_make_one_call(faulty_zup: tuple[Party, Caller]) -> None:
    party, argus = faulty_zup
    party.inject({"fault": "status", "status": 503})
    for _ in range(5):
        assert argus.post("/getNormHours", NORM).status_code == 502
    party.lift()
    party.inject({"fault": "latency", "seconds": 20})
    left = argus.root("/health").json()["upstreams"]["zup"]["breaker"]["retry_after_s"]
    argus.control("/clock", {"move_seconds": left - 2})
    with ThreadPoolExecutor(100) as pool:
        early = list(pool.map(lambda _: Caller(argus.url).post("/getNormHours", NORM), range(100)))
    if float(early[-1].headers["retry-after"]) >= 1:  # else the machine stood still for two seconds
        assert {reply.json()["code"] for reply in early} == {"CIRCUIT_OPEN"}
        assert {reply.status_code for reply in early} == {503}
    assert party.state()["arrived"]["getNormHours"] == 5
    argus.control("/clock", {"move_seconds": 2})
    with ThreadPoolExecutor(100) as pool:
        callers = [pool.submit(Caller(argus.url).post, "/getNormHours", NORM) for _ in range(100)]
        until(lambda: sum(call.done() for call in callers) == 99)
        assert party.state()["arrived"]["getNormHours"] == 6
        party.behind.control("/clock", {"move_seconds": 20})
        codes = Counter(call.result(10).status_code for call in callers)
    party.lift()
    assert codes == {200: 1, 503: 99}
    assert party.state()["arrived"]["getNormHours"] == 6
    assert OPERATIONS["getAgents"](argus).ok
    history = [change["state"] for change in argus.control("/state").json()["zup"]["breaker"]["history"]]
    assert history == ["open", "half-open", "closed"]
