"""A baseline and a report of the release before: a deviation has the fingerprint, a report the members that it had.

Both are of runs on mocks that deviate in the ways of make.DEVIATING.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from argus_wfm.conformance import report
from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Finding, Findings
from argus_wfm.conformance.report import baseline
from tests.compatibility import make
from tests.compatibility.before import ENVIRONMENT, HERE, kept
from tests.support.command_line import ARGUS
from tests.support.contact_centre import TOKEN, served
from tests.support.deviating_messages import DEVIATING_MESSAGES
from tests.support.exchanges import ENVELOPE, EXAMPLES, amended, departed, exchange
from tests.support.runs import FAILED, GENERATED, HELD, KNOWN, PASSED, UNTESTED, run
from tests.support.scenario_player import play

BASELINE = HERE / "baseline.toml"
REPORT = kept("report.json")
FOUND = {one["fingerprint"]: one for one in REPORT["findings"]}
OTHERS_ALONE = "/capabilities/*/", "/findings/*/seen/"  # of a host of others, and of requests that were repeated
TODAY = dt.date(2025, 7, 29)


def miscounted() -> Exchange:
    body = copy.deepcopy(EXAMPLES["getAgents 200"])
    body["total_count"] += 1
    return exchange(body=body)


def refused(due: int) -> Finding:
    """What getTimetypeInfo, which answers all with 422, is told where another status is due."""
    return departed(exchange("getTimetypeInfo", 422, {**ENVELOPE, "code": "CALENDAR_MISSING"}), due)


JUDGED: dict[str, Callable[[], Finding]] = {
    "a95057814249": lambda: judge(amended(lambda one: one.update(area="x")))[0],
    "6e9f4fa28a8b": lambda: judge(amended(lambda one: one.pop("tab_number")))[0],
    "13619508fafd": lambda: judge(amended(lambda one: one.update(norm_week="40")))[0],
    "70054a94c812": lambda: judge(miscounted())[0],
    "58dfb4ce846c": lambda: judge(exchange("getNormHours", content_type="text/html"))[0],
    "8c5d33f0faa1": lambda: refused(200),
    "161a33975c28": lambda: refused(400),
    "29a39433f56f": lambda: refused(401),
    "2ed7c9945eee": lambda: refused(406),
    "d022383b63ac": lambda: refused(415),
}  # by the fingerprint that the release before has told

TOLD_BEFORE = {
    "member renamed": "b4d9f292cebc",
    "message twice": "0db7429fec78",
    "broken chain": "f3b8bd347bac",
}  # what the release before has told of contact centres that deviate in these ways


@pytest.mark.parametrize("fingerprint", JUDGED)
def test_a_deviation_has_the_fingerprint_that_it_had(fingerprint: str) -> None:
    found, before = JUDGED[fingerprint](), FOUND[fingerprint]
    told = (found.fingerprint, found.code, found.operation, found.drift.value, found.severity)
    assert told == tuple(before[name] for name in ("fingerprint", "code", "operation", "drift", "severity"))


def test_what_stream_and_directory_were_told_has_the_fingerprint_that_it_had() -> None:
    others = {name: one for name, one in FOUND.items() if name not in JUDGED}
    assert {one["operation"] for one in others.values()} == {"agentStatus", "directory"}
    assert {name: Finding.from_dict(one).fingerprint for name, one in others.items()} == {name: name for name in others}


@pytest.mark.parametrize("name", TOLD_BEFORE)
def test_a_deviation_of_the_stream_has_the_fingerprint_that_it_had(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TARGET_TOKEN", TOKEN)
    made, scenario, code = DEVIATING_MESSAGES[name]
    with served(made()) as url:
        found = play(scenario, url).findings
    assert (code, TOLD_BEFORE[name]) in {(one.code, one.fingerprint) for one in found}


def test_the_baseline_accepts_all_that_was_found_and_nothing_else() -> None:
    entries = baseline.read(BASELINE)
    found = [JUDGED[name]() if name in JUDGED else Finding.from_dict(one) for name, one in FOUND.items()]
    result = baseline.sort(Findings(found), entries, TODAY)
    assert (result.new, result.stale, len(result.accepted)) == ([], [], len(FOUND))
    other = Findings([*found, judge(amended(lambda one: one.pop("lastname")))[0]])
    assert [one.finding.where for one in baseline.sort(other, entries, TODAY).new] == ["/agents/0/lastname"]


def test_a_report_has_the_members_that_it_had(tmp_path: Path) -> None:
    done = dataclasses.replace(run(PASSED, FAILED, HELD, UNTESTED, generated=GENERATED), baseline=(KNOWN,))
    report.write(done, tmp_path)
    made, before = make.paths(report.read(tmp_path)), make.paths(REPORT)
    assert made == {path for path in before if not path.startswith(OTHERS_ALONE)}


@pytest.mark.slow
def test_a_run_on_the_same_host_finds_nothing_that_the_baseline_does_not_know(tmp_path: Path) -> None:
    with make.deviating(ARGUS, tmp_path, env=ENVIRONMENT) as profile:
        options = ("--baseline", str(BASELINE))
        status, made = make.conform(ARGUS, profile, tmp_path / "report", *options, env=ENVIRONMENT)
    assert [one for one in made["findings"] if not one["accepted"]] == []
    assert {one["fingerprint"] for one in made["findings"]} == set(FOUND)
    assert (status, made["baseline"]["stale"], made["baseline"]["expired"]) == (0, [], [])
    assert make.paths(made) == make.paths(REPORT), json.dumps(made)[:2000]
    sarif = json.loads((tmp_path / "report" / "sarif.json").read_text(encoding="utf-8"))
    told = [one["partialFingerprints"]["argus/v1"] for one in sarif["runs"][0]["results"]]
    assert sorted(told) == sorted(FOUND)
