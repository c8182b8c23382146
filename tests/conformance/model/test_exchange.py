"""An exchange as a curl line, without credentials."""

from __future__ import annotations

import json

from argus_wfm.conformance.checks.contract import judge
from argus_wfm.conformance.model.exchange import Exchange
from tests.support.exchanges import CONTRACT, JSON


def test_a_line_for_the_shell_has_no_credentials() -> None:
    headers = {"authorization": "Basic c2VjcmV0OnNlY3JldA==", "x-session-id": "s-4711", "accept": "application/json"}
    url = "http://argus.example/agents?access_token=opaque-secret&x=1"
    seen = Exchange(CONTRACT, CONTRACT.operations["getAgents"], "GET", url, headers, b"", 200, JSON, b"{}")
    for secret in ("c2VjcmV0", "s-4711", "opaque-secret"):
        assert secret not in json.dumps([finding.as_dict() for finding in judge(seen)])
    assert "$ARGUS_TARGET_USER" in seen.curl()
    assert "$ARGUS_TARGET_SESSION" in seen.curl()
