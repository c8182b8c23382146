"""junit.xml: a suite of scenarios by feature, and one of generated tests by operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

from argus_wfm.conformance.generated.progress import BROKEN_OFF
from argus_wfm.conformance.model.findings import Verdict, Witnessed
from argus_wfm.conformance.report.results import NOT_REACHED, ON_LIVE, Run

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(run: Run) -> str:
    """The whole document."""
    root = Xml.Element("testsuites", name=f"argus conform {run.target}", time=f"{run.duration_s:.1f}")
    _suite(root, "scenarios", run.started.isoformat(), list(_scenarios(run)))
    if run.generated:
        _suite(root, "generated", run.started.isoformat(), list(_generated(run)))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(root: Xml.Element, name: str, started: str, cases: list[Xml.Element]) -> None:
    counted = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
        "errors": 0,
    }
    suite = Xml.SubElement(root, "testsuite", name=name, timestamp=started)
    for attribute, number in counted.items():
        suite.set(attribute, str(number))
    suite.extend(cases)


def _scenarios(run: Run) -> Iterator[Xml.Element]:
    for result in run.scenarios:
        name = f"{result.id} {result.title}"
        case = Xml.Element("testcase", classname=result.feature, name=name, time=f"{result.duration_s:.3f}")
        entry = run.accepted(result)
        if entry:
            _child(case, "skipped", f"accepted until {entry.expires}: {entry.reason}", "", "")
        elif result.verdict is Verdict.FAIL:
            detail = result.finding.curl if result.finding else ""
            _child(case, "failure", result.reason, result.drift or "", detail)
        elif result.verdict is not Verdict.PASS:
            _child(case, "skipped", f"{result.verdict.value}: {result.reason}", "", "")
        if result.on_live:
            Xml.SubElement(case, "system-out").text = ON_LIVE
        yield case
    for one in run.not_reached:
        case = Xml.Element("testcase", classname=one.feature, name=f"{one.id} {one.title}")
        _child(case, "skipped", NOT_REACHED, "", "")
        yield case


def _generated(run: Run) -> Iterator[Xml.Element]:
    """One case a probe, and one an operation for all that Schemathesis sent."""
    assert run.generated is not None
    for operation, name, outcome, reason in run.generated.probes:
        case = Xml.Element("testcase", classname=operation, name=name)
        if outcome == "fail":
            _child(case, "failure", reason, "", "")
        elif outcome == "held":
            _child(case, "skipped", f"{Verdict.HELD.value}: {reason}", "", "")
        yield case
    for row in run.coverage.rows:
        operation = row.operation.id
        case = Xml.Element("testcase", classname=operation, name="generated requests")
        found = [witnessed for witnessed in run.sorted.new if witnessed.finding.operation == operation]
        if operation in run.generated.held:
            _child(case, "skipped", Verdict.HELD.value, "", "")
        elif found:
            _child(case, "failure", f"{len(found)} findings", "", "\n".join(_line(witnessed) for witnessed in found))
        elif run.interrupted:  # or what was not asked would have passed
            _child(case, "skipped", BROKEN_OFF, "", "")
        yield case


def _line(witnessed: Witnessed) -> str:
    finding = witnessed.finding
    return f"{finding.code} {finding.where}: {finding.message}\n  {finding.curl}"


def _child(case: Xml.Element, tag: str, message: str, kind: str, text: str) -> None:
    child = Xml.SubElement(case, tag, message=NOT_XML.sub("�", message))
    if kind:
        child.set("type", kind)
    child.text = NOT_XML.sub("�", text)
