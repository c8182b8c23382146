"""Generated tests check more than the contract: server errors, counts, text."""

from __future__ import annotations

import json

import pytest

from argus_wfm.conformance.generated.checks import findings
from argus_wfm.conformance.model.exchange import Exchange
from tests.support.exchanges import ENVELOPE, EXAMPLES, exchange


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (exchange(status=500, body={**ENVELOPE, "code": "INTERNAL_ERROR"}), "SERVER_ERROR"),
        (exchange(body={**EXAMPLES["getAgents 200"], "total_count": 9}), "COUNT"),
        (
            exchange(body=json.dumps({**EXAMPLES["getAgents 200"], "x": "\ufffd"}, ensure_ascii=False).encode()),
            "MOJIBAKE",
        ),
    ],
)
def test_generated_tests_ask_more(seen: Exchange, code: str) -> None:
    assert code in [finding.code for finding in findings(seen)]
