"""Which schema keywords a request tried, and whether with valid or with invalid values."""

from __future__ import annotations

import json

from argus_wfm.conformance.checks.keywords import declared, exercised
from argus_wfm.conformance.model.exchange import Exchange
from tests.support.exchanges import CONTRACT, EXAMPLES, JSON, norm_hours_exchange


def test_keywords_of_a_request_are_tried_rightly_and_wrongly() -> None:
    tried = dict(
        exercised(norm_hours_exchange({**json.loads(json.dumps(EXAMPLES["getNormHours request"])), "weekly_norm": 61}))
    )
    assert tried["getNormHours|body|/weekly_norm|maximum"] is False
    assert tried["getNormHours|body|/weekly_norm|type"] is True
    assert tried["getNormHours|body||additionalProperties"] is True
    assert tried["getNormHours|reply 200|/norm_hours|type"] is True
    assert set(tried) <= set(declared(CONTRACT, CONTRACT.operations["getNormHours"]))


def test_parameters_are_read_from_path_and_query() -> None:
    url = "http://argus.example/x/agents/2025-07-01/01.07.2025"
    of = CONTRACT.operations["getAgents"]
    seen = Exchange(CONTRACT, of, "GET", url, {}, b"", 400, JSON, b"{}", 0.0, "http://argus.example/x")
    tried = dict(exercised(seen))
    assert tried["getAgents|path startDate||format"] is True
    assert tried["getAgents|path endDate||format"] is False
