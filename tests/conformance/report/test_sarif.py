"""sarif.json keeps to what SARIF 2.1.0 requires of each object, and has no member that it does not know.

The subset below is read off the standard (sections 3.13 to 3.52) for the objects that are written.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from argus_wfm.conformance.report import sarif
from argus_wfm.conformance.report.results import Run
from tests.support.runs import FAILED, FINDING, GENERATED, NASTY, PASSED, run

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def closed(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


RULE = closed(
    "id", id={"type": "string"}, name={"type": "string"}, shortDescription=TEXT, fullDescription=TEXT, help=TEXT,
    defaultConfiguration=closed("", level=LEVEL),
)  # fmt: skip
PLACE = closed(
    "",
    physicalLocation=closed("", artifactLocation=closed("", uri={"type": "string", "format": "uri-reference"})),
    logicalLocations={
        "type": "array",
        "items": closed(
            "", name={"type": "string"}, fullyQualifiedName={"type": "string"}, kind={"type": "string"}
        ),
    },
)  # fmt: skip
RESULT = closed(
    "message",
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=TEXT,
    locations={"type": "array", "items": PLACE},
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    occurrenceCount={"type": "integer", "minimum": 1},
    suppressions={
        "type": "array",
        "items": closed("kind", kind={"enum": ["inSource", "external"]}, justification={"type": "string"}),
    },
    properties={"type": "object"},
)
INVOCATION = closed(
    "executionSuccessful", executionSuccessful={"type": "boolean"}, exitCode={"type": "integer"},
    startTimeUtc={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
)  # fmt: skip
RUN = closed(
    "tool",
    tool=closed(
        "driver",
        driver=closed("name", name={"type": "string"}, version={"type": "string"},
                      rules={"type": "array", "uniqueItems": True, "items": RULE}),
    ),
    automationDetails=closed("", id={"type": "string"}),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations={"type": "array", "items": INVOCATION},
    results={"type": "array", "items": RESULT},
)  # fmt: skip
LOG = {
    **closed("version runs", version={"const": "2.1.0"}, runs={"type": "array", "items": RUN}),
    "patternProperties": {r"^\$schema$": {"type": "string", "format": "uri"}},
}


@pytest.mark.parametrize("done", [run(PASSED), run(PASSED, FAILED, generated=GENERATED), run()])
def test_sarif_keeps_to_its_standard(done: Run) -> None:
    told = json.loads(sarif.render(done))
    jsonschema.Draft202012Validator(LOG).validate(told)
    (one,) = told["runs"]
    rules = one["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in one["results"]] == [r["ruleId"] for r in one["results"]]
    assert one["invocations"][0]["exitCode"] == done.exit


def test_a_result_says_where_and_has_the_fingerprint_that_stays() -> None:
    (result,) = json.loads(sarif.render(run(PASSED, FAILED)))["runs"][0]["results"]
    assert result["partialFingerprints"] == {"argus/v1": FINDING.fingerprint}
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "openapi/personnel.yaml"
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "getAgents /agents/3/lastname"
    assert NASTY in result["message"]["text"]
    assert "Иванов" in sarif.render(run(PASSED, FAILED))
