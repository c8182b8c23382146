"""What /_control of a mock takes, lists and refuses."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.http_client import AGENTS, Caller
from tests.support.relayed_zup import Party


def test_bad_input_to_controls_is_refused_and_spoils_nothing(party: Party) -> None:
    wrong: list[tuple[str, Any]] = [
        ("/clock", {"move_seconds": 1e12}),
        ("/clock", {"now": "9999-12-31T00:00:00Z"}),
        ("/faults", {"fault": []}),
        ("/agents", {"agent_id": "MCE001", "hired": None}),
        ("/agents", {"agent_id": "MCE001", "norm_week": "forty"}),
    ]
    for path, body in wrong:
        assert party.behind.control(path, body).status_code == 400, (path, body)
    assert party.zup.get(AGENTS).json()["total_count"] == 513
    nan = requests.post(f"{party.behind.url}/_control/faults", data='{"fault": "latency", "seconds": NaN}', timeout=5)
    assert nan.status_code == 400
    assert party.behind.control("/clock").ok


def test_controls_list_lift_one_and_refuse_what_is_no_fault(party: Party) -> None:
    party.inject({"fault": "hang", "operation": "getNormHours"}, {"fault": "html", "times": 2})
    one, other = party.behind.control("/faults").json()["faults"]
    assert (one["fault"], one["left"], other["left"], other["struck"]) == ("hang", None, 2, 0)
    (left,) = party.behind.delete(f"/faults/{one['id']}").json()["faults"]
    assert left["id"] == other["id"]
    assert party.behind.delete("/faults/99999").status_code == 404
    wrong: list[Any] = [{"fault": "boom"}, {"fault": "html", "operation": "nope"}, [{"fault": "html"}, {}], "x", [7]]
    for given in wrong:
        refused = party.behind.control("/faults", given)
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR"), refused.text
    assert len(party.behind.control("/faults").json()["faults"]) == 1


def test_a_mock_without_a_relay_takes_no_faults(zup: Caller) -> None:
    assert "relay" in zup.control("/faults", {"fault": "hang"}).json()["message"]
