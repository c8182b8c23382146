"""Each fault of 1C × each operation: the status, code and time that the gateway's caller sees, and the recovery.

Time is the gateway's clock, which is moved; nobody waits 30 seconds here.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.support.http_client import AGENTS, Caller
from tests.support.personnel import OPERATIONS, Ask
from tests.support.polling import until
from tests.support.relayed_zup import Party

LIMIT_S = 31
OK, DOWN, BAD, LATE = (200, None), (502, "SYNC_FAILED"), (502, "BAD_UPSTREAM_RESPONSE"), (504, "UPSTREAM_TIMEOUT")
REQUIRED = {
    "getAgents": "/agents/*/agent_id",
    "sendSchedule": "/status",
    "getNormHours": "/norm_hours",
    "getTimetypeInfo": "/*/agentId",
    "sendFactWorkTime": "/result",
}


@dataclass(frozen=True)
class Row:
    """One fault of 1C, and what the caller sees: (status, code) and after how many seconds of the clock."""

    fault: dict[str, Any]
    seen: tuple[int, str | None]
    after_s: float = 0


TABLE = {
    "latency 5 s": Row({"fault": "latency", "seconds": 5}, OK, 5),
    "latency 29 s": Row({"fault": "latency", "seconds": 29}, OK, 29),
    "latency 31 s": Row({"fault": "latency", "seconds": 31}, LATE, 30),
    "uniform 1…2 s": Row({"fault": "uniform", "lower": 1, "upper": 2}, OK, 2),
    "lognormal around 1 s": Row({"fault": "lognormal", "median": 1, "sigma": 0.1}, OK, 2),
    "hang": Row({"fault": "hang"}, LATE, 30),
    "hang, applied": Row({"fault": "hang", "applied": True}, LATE, 30),
    "drip of the body": Row({"fault": "drip"}, LATE, 30),
    "drip of the head": Row({"fault": "drip", "part": "head"}, LATE, 30),
    "refuse": Row({"fault": "refuse"}, DOWN),
    "reset": Row({"fault": "reset"}, DOWN),
    "reset, applied": Row({"fault": "reset", "applied": True}, DOWN),
    "empty": Row({"fault": "empty"}, DOWN),
    "half-head": Row({"fault": "half-head"}, DOWN),
    "truncate": Row({"fault": "truncate"}, DOWN),
    "status 400": Row({"fault": "status", "status": 400}, (400, "VALIDATION_ERROR")),
    "status 401": Row({"fault": "status", "status": 401}, DOWN),
    "status 429": Row({"fault": "status", "status": 429}, DOWN),
    "status 500": Row({"fault": "status", "status": 500}, DOWN),
    "status 503": Row({"fault": "status", "status": 503}, DOWN),
    "status 418": Row({"fault": "status", "status": 418}, DOWN),
    "status 404, unknown code": Row({"fault": "status", "status": 404, "code": "WHO_KNOWS"}, BAD),
    "malformed": Row({"fault": "malformed"}, BAD),
    "html": Row({"fault": "html"}, BAD),
    "content-type": Row({"fault": "content-type", "media_type": "text/plain"}, BAD),
    "charset windows-1251": Row({"fault": "charset"}, BAD),
    "charset utf-16, undeclared": Row({"fault": "charset", "charset": "utf-16", "declared": False}, BAD),
    "amend: a required member removed": Row({"fault": "amend", "patch": "REQUIRED"}, BAD),
}


@pytest.fixture
def party(faulty_zup: tuple[Party, Caller]) -> Party:
    faulty_zup[0].behind.control("/seed", {"seed": 1, "agents": 20})
    return faulty_zup[0]


@pytest.fixture
def argus(faulty_zup: tuple[Party, Caller]) -> Caller:
    assert faulty_zup[1].control("/reset", {}).ok
    return faulty_zup[1]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", TABLE)
def test_each_fault_by_each_operation(party: Party, argus: Caller, name: str, operation: str) -> None:
    row, ask = TABLE[name], OPERATIONS[operation]
    fault = dict(row.fault)
    if fault.get("patch") == "REQUIRED":
        fault["patch"] = [{"op": "remove", "path": REQUIRED[operation]}]
    party.inject(fault if fault["fault"] == "refuse" else {**fault, "operation": operation})
    span = Span(argus, party)
    with calling(ask, argus) as call:
        if row.after_s:
            until(lambda: party.state()["arrived"].get(operation) or call.done())
            span.pass_(row.after_s - 1)
            early = call.done()
            assert not early or row.after_s <= 2 or span.passed() >= row.after_s, "answered too early"
            span.pass_(row.after_s)
        reply = call.result(10)
    took_s = span.passed()
    code = None if reply.ok else reply.json()["code"]
    assert (reply.status_code, code) == row.seen, reply.text
    assert row.after_s <= took_s <= LIMIT_S, took_s
    party.lift()
    assert ask(argus).status_code == 200, "no recovery"


def test_lifted_hang_does_not_carry_out_what_it_held(party: Party, argus: Caller) -> None:
    party.inject({"fault": "hang"})
    with calling(OPERATIONS["sendSchedule"], argus) as call:
        until(lambda: party.state()["arrived"])
        party.lift()
        assert call.result(10).json()["code"] == "SYNC_FAILED"
    assert party.state()["sheets"] == []


def test_fifty_hung_calls_slow_nobody_else(party: Party, argus: Caller) -> None:
    argus.get(AGENTS)
    party.inject({"fault": "hang", "operation": "getNormHours"})
    with ThreadPoolExecutor(50) as pool:
        held = [pool.submit(OPERATIONS["getNormHours"], Caller(argus.url)) for _ in range(50)]
        until(lambda: party.state()["arrived"].get("getNormHours") == 50)
        for _ in range(20):
            assert argus.root("/health").json()["upstreams"]["zup"]["breaker"]["state"] == "closed"
            assert argus.get(AGENTS).headers["cache-status"] == "argus; hit"
            assert OPERATIONS["getTimetypeInfo"](argus).ok
        assert not any(call.done() for call in held)
        argus.control("/clock", {"move_seconds": 30})
        assert {call.result(10).status_code for call in held} == {504}
    assert argus.root("/health").json()["upstreams"]["zup"]["breaker"]["state"] == "open"


def test_many_waiting_for_one_cached_reply_wait_together(party: Party, argus: Caller) -> None:
    """A queue of them would wait 30 s each, one after the other."""
    party.inject({"fault": "hang"})
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(Caller(argus.url).get, AGENTS) for _ in range(20)]
        until(lambda: party.state()["arrived"].get("getAgents"))
        until(lambda: all(call.done() for call in waiting) or not argus.control("/clock", {"move_seconds": 30}))
        assert {call.result(10).status_code for call in waiting} == {504}
    assert party.state()["arrived"]["getAgents"] <= 3  # one, unless some came in late


def test_a_fetch_begun_before_a_write_is_not_kept(party: Party, argus: Caller) -> None:
    party.inject({"fault": "latency", "seconds": 50, "operation": "getAgents", "times": 1})
    argus.control("/clock", {"move_seconds": 0})
    with calling(lambda caller: caller.get(AGENTS), argus) as call:
        until(lambda: party.state()["arrived"].get("getAgents"))
        assert OPERATIONS["sendSchedule"](argus).ok
        assert argus.get(AGENTS).headers["cache-status"] == "argus; fwd=miss"
        party.behind.control("/clock", {"move_seconds": 50})
        assert call.result(10).ok
    assert party.state()["arrived"]["getAgents"] == 2


def test_a_write_that_1c_was_not_asked_for_leaves_the_cache(party: Party, argus: Caller) -> None:
    argus.get(AGENTS)
    party.inject({"fault": "status", "status": 503})
    for _ in range(5):
        OPERATIONS["getNormHours"](argus)
    assert OPERATIONS["sendSchedule"](argus).json()["code"] == "CIRCUIT_OPEN"
    assert argus.get(AGENTS).headers["cache-status"] == "argus; hit"


@contextlib.contextmanager
def calling(ask: Ask, argus: Caller) -> Iterator[Future[requests.Response]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(ask, Caller(argus.url))


class Span:
    """Seconds of the parties' time since it was made, real ones and moved ones."""

    def __init__(self, argus: Caller, party: Party) -> None:
        self._argus, self._party, self._began, self._moved_s = argus, party, time.monotonic(), 0.0

    def passed(self) -> float:
        return time.monotonic() - self._began + self._moved_s

    def pass_(self, seconds: float) -> None:
        """Move both clocks until so many have passed; 1C's first, so that what it owes by then is there in time."""
        step = max(0.0, seconds - self.passed())
        self._moved_s += step
        for caller in (self._party.behind, self._argus):
            assert caller.control("/clock", {"move_seconds": step}).ok
