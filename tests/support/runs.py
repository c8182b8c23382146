"""Finished runs, as the reports get them: with and without findings, skipped tests and generated ones."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

from argus_wfm.conformance.generated.runner import Generated
from argus_wfm.conformance.model.findings import Drift, Finding, Verdict
from argus_wfm.conformance.report.baseline import Accepted
from argus_wfm.conformance.report.results import Run, joined
from argus_wfm.conformance.scenarios.runner import Result
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.openapi import load

NASTY = "<script>alert(1)</script> Иванов \x00\x1b[31m & ]]>"
FINDING = Finding("MOJIBAKE", Drift.VALUE, "getAgents", "/agents/3/lastname", NASTY, "Иванов", NASTY, "curl -sS 'x'")


def result(scenario_id: str, verdict: Verdict, reason: str = "", finding: Finding | None = None) -> Result:
    return Result(
        scenario_id, f"Сценарий {scenario_id}", "personnel_agents", ("read",), verdict, reason, finding, ExchangeStats()
    )


def run(*results: Result, generated: Generated | None = None) -> Run:
    findings, covered, seen = joined(results, generated, [load("personnel")])
    started = dt.datetime(2025, 7, 29, 1, 30, tzinfo=dt.UTC)
    return Run("стенд", "read-only", started, 1.5, 1, results, generated, findings, covered, seen)


FAILED = result("PER-05", Verdict.FAIL, NASTY, replace(FINDING, scenario="PER-05"))
PASSED = result("PER-01", Verdict.PASS)
HELD = result("SCH-01", Verdict.HELD, "--allow-writes lets it run")
UNTESTED = result("SCH-03", Verdict.UNTESTED, "needs 100 employees")
GENERATED = Generated(
    probes=[("getAgents", "no_credentials", "pass", ""), ("sendSchedule", "chunked", "held", "why"),
            ("getNormHours", "bad_utf8", "fail", "500")],
    cases=7, phases=["coverage"], stop="completed", notes=["shallow"], held=["sendSchedule"],
    seen=ExchangeStats(
        Counter({"getAgents 200": 3, "getAgents 400": 1}), Counter({"getAgents 200": 2}), 4, 0, [FINDING]
    ),
)  # fmt: skip


TODAY = dt.date(2025, 7, 29)  # of run()
KNOWN = Accepted(FINDING.fingerprint, FINDING.code, "1С так хранит", TODAY)
