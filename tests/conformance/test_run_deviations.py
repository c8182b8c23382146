"""A host that deviates in one way: argus conform exits 1 and names the operation and the field; a good host gives 0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.amended_host import Amend, Reply, host, in_json, unchanged, wrong_count
from tests.support.command_line import conform

AT = 100  # the one agent that is amended
FEW = 130  # agents that scenarios need; each reply of 513 costs the judge a third of a second


def agent(change: Any) -> Amend:
    def amend(body: Any) -> Any:
        if len(body["agents"]) > AT:
            change(body["agents"][AT])
        return body

    return in_json("/agents/", amend)


def wrong_norm(body: Any) -> Any:
    if body["norm_hours"] == 168:
        body["norm_hours"] = body["calculation_details"]["final_norm"] = 167
    return body


def russian_date(agent: Any) -> None:
    agent["start_work"] = ".".join(reversed(agent["start_work"].split("-")))


def wrong_status(method: str, path: str, reply: Reply) -> Reply:
    """An invalid period is a 422 here."""
    status, headers, body = reply
    return (422 if b"INVALID_PERIOD" in body else status), headers, body


def plain_errors(method: str, path: str, reply: Reply) -> Reply:
    status, headers, _ = reply
    if status < 400:
        return reply
    others = [(name, value) for name, value in headers if name != b"content-type"]
    return status, [*others, (b"content-type", b"text/plain")], "Ошибка".encode()


def html_type(method: str, path: str, reply: Reply) -> Reply:
    status, headers, body = reply
    if "/getNormHours" not in path or status != 200:
        return reply
    others = [(name, value) for name, value in headers if name != b"content-type"]
    return status, [*others, (b"content-type", b"text/html")], body


DEVIATIONS: dict[str, tuple[Amend, str, str, str]] = {
    "field missing in one agent of 513": (
        agent(lambda one: one.pop("tab_number")),
        "MISSING_MEMBER",
        "getAgents",
        f"/agents/{AT}/tab_number",
    ),
    "wrong type": (
        agent(lambda one: one.update(norm_week="40")),
        "NUMBER_AS_STRING",
        "getAgents",
        f"/agents/{AT}/norm_week",
    ),
    "wrong date format": (agent(russian_date), "DATE_FORMAT", "getAgents", f"/agents/{AT}/start_work"),
    "renamed field": (
        agent(lambda one: one.update(tabN=one.pop("tab_number"))),
        "RENAMED_MEMBER",
        "getAgents",
        f"/agents/{AT}/tab_number",
    ),
    "undeclared field": (
        agent(lambda one: one.update(salary=1)),
        "UNDECLARED_MEMBER",
        "getAgents",
        f"/agents/{AT}/salary",
    ),
    "wrong count": (in_json("/agents/", wrong_count), "COUNT", "getAgents", "/total_count"),
    "wrong norm": (in_json("/getNormHours", wrong_norm), "VALUE", "getNormHours", "/norm_hours"),
    "auth not checked": (unchanged, "AUTH_NOT_CHECKED", "getAgents", "status"),
    "wrong status": (wrong_status, "STATUS_UNEXPECTED", "getNormHours", "status"),
    "plain-text error": (plain_errors, "WRONG_PROTOCOL", "getNormHours", "body"),
    "JSON sent as text/html": (html_type, "MEDIA_TYPE", "getNormHours", "header Content-Type"),
}


def without_sso(url: str, folder: Path) -> tuple[str, str]:
    """Options for a host that is said to have personnel and MCE."""
    profile = folder / "host.toml"
    profile.write_text(
        f'personnel_url = "{url}/services/personnel"\nmce_url = "{url}/services/mce"\n'
        f'stream_url = "{url.replace("http", "ws", 1)}/ws/agent-status"\n',
        encoding="utf-8",
    )
    return "--target", str(profile)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation_is_named(name: str, tmp_path: Path) -> None:
    amend, code, operation, where = DEVIATIONS[name]
    agents = 513 if "of 513" in name else FEW
    with host(amend, let_in=name == "auth not checked", agents=agents) as url:
        exit_code, screen, report = conform(url, tmp_path, "--only", "personnel", "--max-time", "0")
    found = {(finding["code"], finding["operation"], finding["where"]) for finding in report["findings"]}
    assert exit_code == 1
    assert (code, operation, where) in found
    assert f"{code} {operation} {where}" in screen
    assert report["writes"] == 0
    assert any(row["verdict"] == "fail" and row["drift"] for row in report["scenarios"])


@pytest.mark.slow
def test_conforming_host_passes_and_says_what_was_not_run(tmp_path: Path) -> None:
    with host(unchanged, agents=FEW) as url:
        exit_code, screen, report = conform(url, tmp_path, *without_sso(url, tmp_path), "--max-time", "3")
    assert (exit_code, report["findings"]) == (0, [])
    verdicts = {row["id"]: row["verdict"] for row in report["scenarios"]}
    assert len(verdicts) == 128
    on_live = {row["id"] for row in report["scenarios"] if row["on_live"]}
    without_token = {name for name in verdicts if name.startswith(("MCE", "WSK"))}
    without_logins = {name for name in verdicts if name.startswith(("SSO", "RPT"))}
    untested = {name for name, verdict in verdicts.items() if verdict == "could not test"}
    assert untested == (without_token | without_logins) - on_live
    assert "set ARGUS_TARGET_TOKEN" in screen
    assert "the target names no SSO: give sso_url, or a base_url" in screen
    assert {verdict for name, verdict in verdicts.items() if name.startswith("SCH")} == {"held back for safety"}
    assert verdicts["AUT-02"] == "held back for safety"
    assert verdicts["PER-01"] == "pass"
    assert report["writes"] == 0
    assert "nothing was written to the host" in screen
    assert "--allow-writes lets it run" in screen
    assert (tmp_path / "index.html").exists()
    assert (tmp_path / "junit.xml").exists()


@pytest.mark.slow
def test_host_with_few_people_could_not_be_tested_where_more_are_needed(tmp_path: Path) -> None:
    with host(unchanged, agents=3) as url:
        allowed = ("--allow-writes", "--allow-auth-failures")
        options = ("--only", "personnel", "--max-time", "0")
        exit_code, _, report = conform(url, tmp_path, *without_sso(url, tmp_path), *options, *allowed)
    rows = {row["id"]: row for row in report["scenarios"]}
    assert exit_code == 0
    for scenario in ("SCH-03", "SCH-04", "TMS-04"):
        assert rows[scenario]["verdict"] == "could not test"
        assert "the host lists 3" in rows[scenario]["reason"]
    assert rows["SCH-01"]["verdict"] == "pass"
    assert report["writes"] > 0


@pytest.mark.slow
def test_generated_tests_alone_find_what_no_scenario_was_asked_about(tmp_path: Path) -> None:
    with host(agent(lambda one: one.update(salary=1))) as url:
        exit_code, _, report = conform(url, tmp_path, "--scenario", "none", "--max-time", "5")
    assert exit_code == 1
    assert report["scenarios"] == []
    assert "UNDECLARED_MEMBER" in {finding["code"] for finding in report["findings"]}


@pytest.mark.slow
def test_unprotected_host_is_found_by_probes_of_each_reading_operation(tmp_path: Path) -> None:
    with host(unchanged, let_in=True) as url:
        _, _, report = conform(url, tmp_path, "--scenario", "none", "--max-time", "3")
    open_ = {finding["operation"] for finding in report["findings"] if finding["code"] == "AUTH_NOT_CHECKED"}
    assert open_ >= {"getAgents", "getNormHours", "getTimetypeInfo"}


def many_ways(body: Any) -> Any:
    """Seven deviations of every agent's."""
    for one in body["agents"]:
        one["tabN"] = one.pop("tab_number")
        one["employment_rate"] = str(one["employment_rate"]).replace(".", ",")
        one["norm_week"] *= 3_600_000
        russian_date(one)
        one["firstname"] = one["firstname"].encode().decode("koi8-r")
        one["department_id"] = None
        one["area"] = "Москва"
    return body


EACH = {
    "RENAMED_MEMBER": "tab_number",
    "DECIMAL_COMMA": "employment_rate",
    "UNIT": "norm_week",
    "DATE_FORMAT": "start_work",
    "MOJIBAKE": "firstname",
    "NULL_VALUE": "department_id",
    "UNDECLARED_MEMBER": "area",
}


@pytest.mark.slow
def test_each_defect_is_one_finding_of_scenarios_and_generated_tests_alike(tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    with host(in_json("/agents/", many_ways), agents=FEW) as url:
        some = [part for number in (1, 3, 10) for part in ("--scenario", f"PER-{number:02}")]
        _, _, scenarios = conform(url, tmp_path, *some, "--write-baseline", str(baseline))
        alone = ("--only", "personnel", "--scenario", "none", "--max-time", "2")
        _, _, generated = conform(url, tmp_path, *alone)
        reasoned = baseline.read_text(encoding="utf-8").replace("TODO: say", "known: they say")
        baseline.write_text(reasoned, encoding="utf-8")
        accepted, screen, last = conform(url, tmp_path, *alone, "--baseline", str(baseline))
    for report in (scenarios, generated):
        found = {finding["code"]: finding for finding in report["findings"] if finding["operation"] == "getAgents"}
        assert {code: one["where"].rpartition("/")[2] for code, one in found.items()} == EACH
    assert {one["fingerprint"] for one in scenarios["findings"]} == {
        one["fingerprint"] for one in generated["findings"]
    }
    assert len(found["UNIT"]["scenarios"]) == 0
    assert {tuple(one["scenarios"]) for one in scenarios["findings"]} == {("PER-01", "PER-03", "PER-10")}
    assert (accepted, len(last["baseline"]["accepted"]), last["baseline"]["stale"]) == (0, len(EACH), [])
    assert f"accepted until {last['baseline']['accepted'][0]['expires']}" in screen


@pytest.mark.slow
def test_a_host_that_deviates_now_and_then_is_called_intermittent(tmp_path: Path) -> None:
    replies = iter(range(1000))

    def now_and_then(method: str, path: str, reply: Reply) -> Reply:
        third = path.endswith("/2025-07-01/2025-07-31") and next(replies) % 3 == 1
        return in_json("/agents/", wrong_count)(method, path, reply) if third else reply

    with host(now_and_then, agents=FEW) as url:
        some = [part for number in range(1, 8) for part in ("--scenario", f"PER-{number:02}")]
        exit_code, screen, report = conform(url, tmp_path, *some)
    (finding,) = report["findings"]
    assert (exit_code, finding["code"], finding["seen"]["intermittent"]) == (1, "COUNT", True)
    assert 0 < finding["seen"]["times"] < finding["seen"]["attempts"]
    assert "intermittent: seen in" in screen
