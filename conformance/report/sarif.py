"""sarif.json: findings for whoever shows SARIF 2.1.0, such as code scanning of a forge."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version

from argus_wfm.conformance.model.codes import CODES
from argus_wfm.conformance.model.findings import Witnessed
from argus_wfm.conformance.report.results import FOUND, PASSED, Run
from argus_wfm.json_type import Json

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(run: Run) -> str:
    """The whole document."""
    used = sorted({witnessed.finding.code for witnessed in run.findings})
    rules = {code: index for index, code in enumerate(used)}
    accepted = {witnessed.finding.fingerprint: entry.reason for witnessed, entry in run.sorted.accepted}
    results = [_result(witnessed, rules, accepted, run) for witnessed in run.findings]
    driver = {"name": "argus", "version": _version(), "rules": [_rule(code) for code in used]}
    one = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"argus conform/{run.target}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": run.exit in (PASSED, FOUND),
                "exitCode": run.exit,
                "startTimeUtc": run.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [one]}, ensure_ascii=False, indent=2) + "\n"


def _rule(code: str) -> Json:
    about = CODES[code]
    name = "".join(word.capitalize() for word in code.split("_"))
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": about.means},
        "fullDescription": {"text": about.means},
        "help": {"text": f"Look at: {about.look} Example: {about.example}"},
        "defaultConfiguration": {"level": about.severity},
    }


def _result(witnessed: Witnessed, rules: dict[str, int], accepted: dict[str, str], run: Run) -> Json:
    """A host has no files: the artifact is the contract, the place inside it a logical location."""
    finding = witnessed.finding
    place = f"{finding.operation} {finding.where}"
    shown = f" Expected {finding.expected}, actual {finding.actual}." if finding.expected or finding.actual else ""
    result = {
        "ruleId": finding.code,
        "ruleIndex": rules[finding.code],
        "level": finding.severity,
        "message": {"text": f"{place}: {finding.message}.{shown}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"openapi/{run.contract_of(finding.operation)}"}},
                "logicalLocations": [{"fullyQualifiedName": place, "name": finding.operation, "kind": "function"}],
            }
        ],
        "partialFingerprints": {"argus/v1": finding.fingerprint},
        "occurrenceCount": max(witnessed.times, 1),
        "properties": {
            "drift": finding.drift.value,
            "where": finding.where,
            "curl": finding.curl,
            "scenarios": witnessed.witnesses,
        },
    }
    if finding.fingerprint in accepted:
        result["suppressions"] = [{"kind": "external", "justification": accepted[finding.fingerprint]}]
    return result


def _version() -> str:
    try:
        return version("argus-wfm")
    except PackageNotFoundError:
        return "0"
