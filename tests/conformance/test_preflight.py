"""What a third-party host has: one request per operation tells absent, down, slow and broken apart."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from argus_wfm.conformance import preflight
from argus_wfm.conformance.plan import CONTRACTS
from argus_wfm.conformance.preflight import explore
from argus_wfm.conformance.target import Target, by_url
from argus_wfm.conformance.target.capabilities import Capability, OperationState, blocks, degraded, down, skew
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.kill_switch import Limits
from tests.support.amended_host import Amend, Reply, host, page, unchanged
from tests.support.environment import without_target_settings
from tests.support.export_host import ExportHost, served
from tests.support.http_client import PASSWORD, USER

FEW = 12


@contextlib.contextmanager
def asked(amend: Amend, folder: Path) -> Iterator[dict[str, Capability]]:
    """Of a host with personnel alone: by operation."""
    with host(amend, agents=FEW) as url:
        yield found(url, folder)


def found(url: str, folder: Path, only: tuple[str, ...] = ("personnel",)) -> dict[str, Capability]:
    limits = Limits(journal=str(folder / "journal.jsonl"), rate=1e6)
    return {one.operation: one for one in explore(Target(replace(by_url(url, Policy()), limits=limits)), only)}


def states(found: dict[str, Capability]) -> dict[str, OperationState]:
    return {operation: one.state for operation, one in found.items()}


def requests(folder: Path) -> int:
    return (folder / "journal.jsonl").read_text(encoding="utf-8").count('"method"')


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    without_target_settings(monkeypatch)
    monkeypatch.setenv("ARGUS_TARGET_USER", USER)
    monkeypatch.setenv("ARGUS_TARGET_PASSWORD", PASSWORD)


def test_what_is_there_is_asked_once_and_only_reading(tmp_path: Path) -> None:
    with asked(unchanged, tmp_path) as told:
        assert states(told) == dict.fromkeys(("getAgents", "getNormHours", "getTimetypeInfo"), OperationState.THERE)
        assert requests(tmp_path) == 3
        assert not degraded([*told.values()])
        assert blocks([*told.values()], slow=True) == {}
        assert skew([*told.values()]) != 0  # the host lives in 2025


def absent(method: str, path: str, reply: Reply) -> Reply:
    gone = 404, [(b"content-type", b"text/html")], b"<html>404</html>"
    return gone if "getNormHours" in path else reply


def broken(method: str, path: str, reply: Reply) -> Reply:
    return (500, reply[1], b"{}") if "getTimetypeInfo" in path else reply


def refusing(method: str, path: str, reply: Reply) -> Reply:
    return 401, reply[1], b'{"error": true, "code": "INVALID_CREDENTIALS", "message": "-", "details": {}}'


@pytest.mark.parametrize(
    ("amend", "operation", "state", "code"),
    [
        (page, "getAgents", OperationState.PROTOCOL, "WRONG_PROTOCOL"),
        (absent, "getNormHours", OperationState.ABSENT, "OPERATION_ABSENT"),
        (broken, "getTimetypeInfo", OperationState.BROKEN, "SERVER_ERROR"),
        (refusing, "getAgents", OperationState.AUTH, "AUTH_REFUSED"),
    ],
)
def test_what_departs_is_told_apart_and_blocked(
    tmp_path: Path, amend: Amend, operation: str, state: OperationState, code: str
) -> None:
    with asked(amend, tmp_path) as told:
        one = told[operation]
        block = blocks([*told.values()], slow=True)[operation]
    assert (one.state, one.finding and one.finding.code) == (state, code)
    assert (block.finding and block.finding.code, block.credentials) == (code, state is OperationState.AUTH)
    assert degraded([*told.values()])


def test_a_thing_that_is_not_there_is_no_operation_that_is_not_there(tmp_path: Path) -> None:
    def unknown(method: str, path: str, reply: Reply) -> Reply:
        code = b'{"error": true, "code": "EMPLOYEE_NOT_FOUND", "message": "-", "details": {}}'
        return (404, reply[1], code) if "getNormHours" in path else reply

    with asked(unknown, tmp_path) as told:
        assert told["getNormHours"].state is OperationState.THERE


def test_what_fails_once_is_unsteady_and_not_blocked(tmp_path: Path) -> None:
    times = iter(range(100))

    def first(method: str, path: str, reply: Reply) -> Reply:
        return (500, reply[1], b"{}") if next(times) == 0 else reply

    with asked(first, tmp_path) as told:
        assert told["getAgents"].state is OperationState.UNSTEADY
        assert told["getAgents"].words == "broken once, there when it was asked again"
        assert blocks([*told.values()], slow=True) == {}
        assert degraded([*told.values()])


def test_where_one_operation_is_slow_the_contract_is_not_asked_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "SLOW_S", 0.05)

    def slow(method: str, path: str, reply: Reply) -> Reply:
        time.sleep(0.06)  # what a slow host does
        return reply

    with asked(slow, tmp_path) as told:
        assert set(states(told).values()) == {OperationState.SLOW}
        assert requests(tmp_path) == 1
        blocked = blocks([*told.values()], slow=True)
        assert {"personnel", "getAgents", "getNormHours", "getTimetypeInfo"} == blocked.keys()
        assert blocked["getAgents"].finding is None
        assert blocks([*told.values()], slow=False) == {}  # for whoever asks for one scenario by name


def test_a_host_that_is_down_is_tried_twice_a_contract(tmp_path: Path) -> None:
    told = found("http://127.0.0.1:9", tmp_path, CONTRACTS)
    assert down([*told.values()])
    assert {one.state for one in told.values()} == {OperationState.UNREACHABLE, OperationState.UNKNOWN}
    assert requests(tmp_path) == 4
    assert told["mce"].words == "needs a token, and issueToken is unreachable"


def test_a_host_with_personnel_alone_has_no_others(tmp_path: Path) -> None:
    with host(unchanged, agents=FEW) as url:
        told = found(url, tmp_path, CONTRACTS)
    assert told["issueToken"].state is OperationState.ABSENT
    assert told["export"].state is OperationState.UNKNOWN
    assert not down([*told.values()])


def test_a_task_that_nobody_knows_is_no_operation_that_the_host_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Pages(ExportHost):
        async def download(self, request: Request) -> Response:
            return Response("<!doctype html><p>404", 404, media_type="text/html")

    monkeypatch.setenv("ARGUS_TARGET_REPORTS_TOKEN", "token-for-reports")
    limits = Limits(journal=str(tmp_path / "journal.jsonl"), rate=1e9)
    with served(Pages()) as url:
        found = explore(Target(replace(by_url(url, Policy()), limits=limits)), ["export"])
    (one,) = [one for one in found if one.operation == "downloadExport"]
    assert (one.state, "no such thing, or no such operation" in one.words) == (OperationState.UNKNOWN, True)
    assert "downloadExport" not in blocks(found, slow=True)
