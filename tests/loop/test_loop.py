"""The loop: mock, gateway and judge read one contract, and an independent eye watches every exchange between them.

After Specmatic's loop test: everything loads and runs, every operation is exercised, nobody sends what the contract
has not, every request and every response conforms.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.conformance.generated import runner as generated
from argus_wfm.conformance.generated.runner import Generated
from argus_wfm.conformance.processes.children import Children
from argus_wfm.conformance.target import TargetConfig
from argus_wfm.conformance.target.client import Policy
from argus_wfm.openapi import load
from tests.loop.watcher import Fault, Watcher
from tests.support.gateway import gateway_on
from tests.support.http_client import AGENTS, BASE, Caller
from tests.support.relayed_zup import Party, relayed
from tests.support.relays import relay

SECONDS = 12.0
EXPECTED = tomllib.loads((Path(__file__).parent / "expected.toml").read_text(encoding="utf-8"))["expected"]
OPERATIONS = set(load("personnel").operations)


def watcher() -> Watcher:
    return Watcher(load("personnel"), BASE)


def expected(between: str) -> set[Fault]:
    assert all(line["reason"] for line in EXPECTED)
    return {Fault(line["who"], line["operation"], line["kind"]) for line in EXPECTED if line["between"] == between}


def told(watched: Watcher) -> str:
    return "\n".join(
        f"{fault} ({times} times), e.g. {watched.examples[fault]}" for fault, times in watched.faults.items()
    )


def judged(url: str, controls: dict[str, str], log: Path) -> Generated:
    """The generated contract tests of `argus conform`, in their own process."""
    config = TargetConfig("loop", url + BASE, Policy(ours=True), controls=controls)
    return generated.run(
        Children(), generated.GeneratedTestOptions(config.as_dict(), SECONDS, 1), log, lambda cases, phase: None
    )


def assert_whole_and_clean(done: Generated) -> None:
    assert done.phases == ["examples", "coverage", "fuzzing", "stateful"]
    assert {outcome for *_, outcome, _ in done.probes} == {"pass"}
    assert [(finding.code, finding.operation, finding.message) for finding in done.seen.findings] == []
    assert done.cases > 0


def exercised(watched: Watcher) -> set[str]:
    """Operations that answered 200."""
    return {operation for operation, status in watched.seen if status == 200}


def by_party(watched: Watcher) -> set[Fault]:
    """A judge sends wrong requests on purpose; what counts is how they are answered."""
    return {fault for fault in watched.faults if fault.who == "party"}


@contextlib.contextmanager
def gateway(party: Party) -> Iterator[str]:
    with gateway_on(party.zup.url) as url:
        yield url


@pytest.mark.slow
def test_mock_alone(tmp_path: Path) -> None:
    outer = watcher()
    with relayed(tap=outer.tap) as party:
        done = judged(party.zup.url, {"zup": party.behind.url}, tmp_path / "log")
    assert by_party(outer) == expected("judge and 1C"), told(outer)
    assert exercised(outer) == OPERATIONS
    assert_whole_and_clean(done)
    assert sum(outer.seen.values()) >= done.seen.requests - outer.not_http


@pytest.mark.slow
def test_gateway_before_the_mock(tmp_path: Path) -> None:
    outer, inner = watcher(), watcher()
    with relayed(tap=inner.tap) as party, gateway(party) as url:
        host, port = url.removeprefix("http://").split(":")
        with relay((host, int(port)), tap=outer.tap) as (made, _):
            through = f"http://{made.address[0]}:{made.address[1]}"
            done = judged(through, {"zup": party.behind.url}, tmp_path / "log")
    assert by_party(outer) == expected("judge and gateway"), told(outer)
    assert set(inner.faults) == expected("gateway and 1C"), told(inner)
    assert exercised(outer) == exercised(inner) == OPERATIONS
    assert sum(outer.seen.values()) >= done.seen.requests - outer.not_http
    assert inner.not_http == 0
    assert_whole_and_clean(done)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a member too many": (
        {"fault": "amend", "patch": [{"op": "add", "path": "/salary", "value": 1}]},
        "party getAgents: UNDECLARED_MEMBER /salary",
    ),
    "a wrong type": ({"fault": "content-type"}, "party getAgents: MEDIA_TYPE header Content-Type"),
    "a status of its own": ({"fault": "status", "status": 418}, "party getAgents: STATUS_UNDOCUMENTED status"),
    "a right request refused": (
        {"fault": "status", "status": 400},
        "party getAgents: refused a right request: VALIDATION_ERROR ",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_watcher_sees_what_a_party_does_wrong(name: str) -> None:
    fault, seen = FAULTS[name]
    watched = watcher()
    with relayed(tap=watched.tap, agents=3) as party:
        party.inject(fault)
        party.zup.get(AGENTS)
    assert [str(fault) for fault in watched.faults] == [seen]


@pytest.mark.parametrize(
    ("method", "path", "options", "seen"),
    [
        ("GET", "/agents/2025-02-30/2025-07-31", {}, "caller getAgents: a wrong startDate"),
        ("GET", f"{AGENTS}?x=1", {}, "caller getAgents: an undeclared query parameter"),
        ("GET", "/nowhere", {}, "caller no operation: no such operation"),
        ("POST", "/getNormHours", {"json": {"employee_id": 1}}, "caller getNormHours: a wrong body"),
        (
            "POST",
            "/getNormHours",
            {"data": b"{", "headers": {"Content-Type": "application/json"}},
            "caller getNormHours: a body that is not JSON",
        ),
    ],
)
def test_watcher_sees_what_a_caller_does_wrong(method: str, path: str, options: dict[str, Any], seen: str) -> None:
    watched = watcher()
    with relayed(tap=watched.tap, agents=3) as party:
        caller = Caller(party.zup.url)
        reply = caller.get(path, **options) if method == "GET" else caller.post(path, **options)
        assert reply.status_code >= 400
    assert [str(fault) for fault in watched.faults] == [seen]
