"""A run against a host of others: 128 verdicts, and a log of the host's own in which nobody wrote anything."""

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from argus_wfm.conformance.launch.tokens import issue_token
from argus_wfm.conformance.model.findings import Verdict
from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY
from argus_wfm.openapi import load
from tests.support.amended_host import Reply, host, in_json, page, unchanged
from tests.support.command_line import conform, running

ON_LIVE = (
    44  # 41 need faults, a clock or the gateway's own view; AUD, MAP, SITE and PRF read a gateway's own operations
)
HELD = 33  # 30 writes, 3 wrong passwords
NOON = dt.datetime(2025, 7, 29, 9, tzinfo=dt.UTC)  # in Moscow, when agents are at work
PORTS = ("--port", "--zup-port", "--oktell-port", "--sites-port", "--ldap-port")


@pytest.fixture(scope="module")
def argus() -> Iterator[str]:
    """An `argus up` without controls."""
    free = [argument for option in PORTS for argument in (option, "0")]
    with running("up", "--no-controls", "--now", NOON.isoformat(), *free) as urls:
        yield urls["gateway"]


def trail(url: str) -> list[Any]:
    """All calls that the gateway's own audit trail has, but for those of the trail."""
    token, found, cursor = issue_token(DEVELOPMENT_KEY, "argus", "test", 3600, NOON), list[Any](), ""
    while True:
        query = f"direction=inbound&limit=500{f'&cursor={cursor}' if cursor else ''}"
        reply = requests.get(
            f"{url}/api/integration/audit?{query}", headers={"Authorization": f"Bearer {token}"}, timeout=20
        ).json()
        found += [one for one in reply["items"] if one["principal"] != "test"]
        if not (cursor := reply["next"]):
            return found


def journal(folder: Path) -> list[Any]:
    text = (folder / "journal.jsonl").read_text(encoding="utf-8")
    return [entry for line in text.splitlines() if "method" in (entry := json.loads(line))]


@pytest.mark.slow
def test_read_only_ends_with_128_verdicts_and_the_host_was_not_written_to(argus: str, tmp_path: Path) -> None:
    exit_code, screen, report = conform(argus, tmp_path, "--max-time", "0")
    assert (exit_code, report["findings"], report["verdicts"][Verdict.UNTESTED.value]) == (0, [], 0)
    assert report["verdicts"][Verdict.HELD.value] == HELD
    assert report["verdicts"][Verdict.PASS.value] == 128 - HELD
    assert sum(row["on_live"] for row in report["scenarios"]) == ON_LIVE
    assert f"{ON_LIVE} scenarios through our gateway with the host behind it; writes were answered here" in screen
    assert "nothing was written to the host" in screen
    writing = {one.id for name in ("personnel", "mce", "sso", "export") for one in load(name).operations.values()}
    reading = {one.id for name in ("personnel", "mce", "sso", "export") for one in _reading(name)}
    asked = {one["operation"] for one in trail(argus) if one["principal"] != "oktell"}
    assert asked & writing == asked & reading
    assert len(asked & reading) > 10
    sent = journal(tmp_path)
    assert len(sent) == report["requests"]
    assert {one["effect"] for one in sent} == {"read"}
    assert {one["by"] for one in sent} > {"capabilities", "PER-01", "WSK-01", "gateway-on-live"}


@pytest.mark.slow
def test_writes_that_are_allowed_run_and_pass_and_are_counted(argus: str, tmp_path: Path) -> None:
    chosen = ("SCH-01", "TMS-07", "MCE-06", "WSK-03", "RPT-05", "SSO-04")
    some = [argument for scenario in chosen for argument in ("--scenario", scenario)]
    exit_code, _, report = conform(argus, tmp_path, *some, "--allow-writes", "--allow-auth-failures")
    assert {row["id"]: row["verdict"] for row in report["scenarios"]} == dict.fromkeys(chosen, "pass")
    assert (exit_code, report["findings"]) == (0, [])
    writes = [one for one in journal(tmp_path) if one["effect"] == "write"]
    assert report["writes"] == len(writes) > 5
    assert {one["operation"] for one in writes} == {"sendSchedule", "sendFactWorkTime", "sendEvent", "exportReport"}


@pytest.mark.slow
def test_a_host_that_is_down_has_128_verdicts_and_could_not_be_judged(tmp_path: Path) -> None:
    exit_code, screen, report = conform("http://127.0.0.1:9", tmp_path)
    assert (exit_code, len(report["scenarios"]), report["verdicts"][Verdict.PASS.value]) == (2, 128, 0)
    assert {row["drift"] for row in report["scenarios"] if row["verdict"] == "fail"} == {"unreachable"}
    assert report["generated"] is None
    assert len(journal(tmp_path)) < 10
    assert "getAgents unreachable" in screen


@pytest.mark.slow
def test_a_host_of_pages_has_128_verdicts_that_say_so(tmp_path: Path) -> None:
    with host(page, agents=3) as url:
        exit_code, _, report = conform(url, tmp_path, "--max-time", "3")
    assert (exit_code, len(report["scenarios"]), report["verdicts"][Verdict.PASS.value]) == (1, 128, 0)
    drifts = [row["drift"] for row in report["scenarios"] if row["verdict"] == "fail"]
    assert drifts.count("wrong protocol") > 40
    assert len(journal(tmp_path)) < 50


@pytest.mark.slow
def test_a_host_that_fails_now_and_then_is_left_alone_in_time(tmp_path: Path) -> None:
    asked = itertools.count(1)

    def third(method: str, path: str, reply: Reply) -> Reply:
        return (500, [(b"content-type", b"text/plain")], b"oops") if next(asked) % 3 == 0 else reply

    with host(third, agents=130) as url:
        options = ("--only", "personnel", "--max-failures", "10", "--max-time", "5")
        exit_code, screen, report = conform(url, tmp_path, *options)
    failed = [finding for finding in report["findings"] if finding["code"] == "SERVER_ERROR"]
    assert (exit_code, bool(failed)) == (1, True)
    assert "failed 10 times and is left alone; --max-failures sets how often it may" in screen
    assert len(journal(tmp_path)) < 60


@pytest.mark.slow
def test_nobody_is_asked_whom_a_host_redirects_to(tmp_path: Path) -> None:
    asked: list[str] = []

    def elsewhere(method: str, path: str, reply: Reply) -> Reply:
        asked.append(path)
        return reply

    with host(elsewhere, agents=3) as other:
        times = itertools.count(1)

        def redirects(method: str, path: str, reply: Reply) -> Reply:
            if next(times) < 10:  # while it is asked what it has
                return reply
            return 307, [(b"location", f"{other}{path}".encode())], b""

        with host(redirects, agents=3) as url:
            conform(url, tmp_path, "--only", "personnel", "--scenario", "none", "--max-time", "2")
    assert asked == []
    assert len(journal(tmp_path)) > 10


@pytest.mark.slow
def test_generated_tests_send_nothing_past_the_gate(tmp_path: Path) -> None:
    """Schemathesis asks two questions of its own before its tests, and repeats what a closed connection swallowed."""
    asked: list[str] = []

    def counted(method: str, path: str, reply: Reply) -> Reply:
        asked.append(f"{method} {path}")
        return reply

    with host(counted, agents=3) as url:
        options = ("--only", "personnel", "--scenario", "none", "--max-time", "30", "--max-requests", "90")
        _, _, report = conform(url, tmp_path, *options)
    sent = journal(tmp_path)
    assert len(asked) <= len(sent) == 90
    assert [one["url"].removeprefix(url) for one in sent if "schemathesis-probe" in one["url"]]
    assert "90 requests were sent, as many as --max-requests allows" in json.dumps(report["generated"])


def on_live(url: str, folder: Path, *chosen: str, more: tuple[str, ...] = ()) -> tuple[int, Any, dict[str, Any]]:
    """(exit code, report, scenarios by id); all of them need our gateway with the host behind it."""
    some = [argument for scenario in chosen for argument in ("--scenario", scenario)]
    exit_code, _, report = conform(url, folder, *some, *more)
    return (
        exit_code,
        report,
        {row["id"]: (row["verdict"], row["on_live"], row["reason"]) for row in report["scenarios"]},
    )


def asked_on_live(folder: Path) -> int:
    return sum(one["by"] == "gateway-on-live" for one in journal(folder))


@pytest.mark.slow
def test_a_limit_that_is_reached_inside_of_a_scenario_is_no_failure_of_anybody(tmp_path: Path) -> None:
    most = 6  # five to learn what it has, one to learn who works there, none for what the scenario is about
    with host(unchanged, agents=130) as url:
        more = ("--max-requests", f"{most}")
        _, report, rows = on_live(url, tmp_path, "AUD-01", "BRK-01", "SYN-01", more=more)
    assert (len(journal(tmp_path)), asked_on_live(tmp_path)) == (most, 1)
    words = f"{most} requests were sent, as many as --max-requests allows"
    assert rows["AUD-01"] == (Verdict.UNTESTED.value, True, words)
    assert {verdict for verdict, _, _ in rows.values()} == {Verdict.UNTESTED.value}
    assert report["findings"] == []


@pytest.mark.slow
def test_a_host_that_refuses_for_a_moment_fails_no_scenario_and_is_asked_again(tmp_path: Path) -> None:
    times = itertools.count(1)

    def third(method: str, path: str, reply: Reply) -> Reply:
        if "/agents/" in path and next(times) == 3:  # after what it has, and who works there
            return 429, [(b"content-type", b"application/json"), (b"retry-after", b"1")], b"{}"
        return reply

    with host(third, agents=130) as url:
        exit_code, report, rows = on_live(url, tmp_path, "AUD-01", "AUD-02", "AUD-04", "PRF-02", "SYN-01")
    words = "getAgents of the host: 429 where 200 was due"
    assert rows.pop("AUD-01") == (Verdict.UNTESTED.value, True, words)
    assert (exit_code, set(rows.values())) == (0, {(Verdict.PASS.value, True, None)})
    assert report["findings"] == []


@pytest.mark.slow
def test_what_the_host_gets_wrong_is_found_where_it_is_asked_and_explains_the_rest(tmp_path: Path) -> None:
    def nameless(body: Any) -> Any:
        del body["agents"][100]["tab_number"]
        return body

    with host(in_json("/agents/", nameless), agents=130) as url:
        exit_code, report, rows = on_live(url, tmp_path, "AUD-01", "MAP-01", "PER-01", "SYN-01")
    words = "getAgents of the host: /agents/100/tab_number: tab_number is missing"
    assert rows["AUD-01"] == rows["SYN-01"] == (Verdict.UNTESTED.value, True, words)
    assert rows["MAP-01"] == (Verdict.PASS.value, True, None)
    assert exit_code == 1
    assert [(one["code"], one["scenarios"]) for one in report["findings"]] == [("MISSING_MEMBER", ["PER-01"])]


def _reading(name: str) -> list[Any]:
    return [one for one in load(name).operations.values() if one.effect == "read"]
