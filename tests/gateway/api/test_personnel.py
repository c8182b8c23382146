"""The gateway before the mock 1C: replies pass through, the cache saves calls, writes empty it."""

from typing import Any

import pytest

from tests.support.http_client import AGENTS, Caller
from tests.support.personnel import NORM, SCHEDULE


def calls(zup: Caller, operation: str) -> int:
    return int(zup.control("/state").json()["calls"].get(operation, 0))


def test_agents_pass_through_whole(argus: Caller, zup: Caller) -> None:
    assert argus.get(AGENTS).json()["agents"] == zup.get(AGENTS).json()["agents"]


def test_second_call_is_a_hit_until_300_s(argus: Caller, zup: Caller) -> None:
    first, second = argus.get(AGENTS), argus.get(AGENTS)
    assert (first.headers["cache-status"], second.headers["cache-status"]) == ("argus; fwd=miss", "argus; hit")
    assert first.content == second.content
    assert calls(zup, "getAgents") == 1
    argus.control("/clock", {"move_seconds": 298})
    assert argus.get(AGENTS).headers["cache-status"] == "argus; hit"
    argus.control("/clock", {"move_seconds": 3})
    assert argus.get(AGENTS).headers["cache-status"] == "argus; fwd=miss"
    assert calls(zup, "getAgents") == 2


def test_no_cache_asks_again(argus: Caller, zup: Caller) -> None:
    argus.get(AGENTS)
    fresh = argus.get(AGENTS, headers={"Cache-Control": "no-cache"})
    assert fresh.headers["cache-status"] == "argus; fwd=request"
    assert calls(zup, "getAgents") == 2


def test_a_write_empties_the_cache(argus: Caller, zup: Caller) -> None:
    argus.get(AGENTS)
    assert argus.post("/sendSchedule", SCHEDULE).json()["status"] == "success"
    assert argus.get(AGENTS).headers["cache-status"] == "argus; fwd=miss"


def test_norms_time_types_and_facts_pass_through(argus: Caller) -> None:
    assert argus.post("/getNormHours", NORM).json()["norm_hours"] == 168
    body: dict[str, Any] = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59"}
    (sheet,) = argus.post("/getTimetypeInfo", {**body, "AR_agents": [{"agentId": "MCE001"}]}).json()
    assert sheet["agentId"] == "MCE001"
    facts = {"agentId": "MCE001", "date_start": "2025-08-02T09:00:00", "loginfo": []}
    assert argus.post("/sendFactWorkTime", facts).json() == {"result": True, "doc": None}


def test_idempotency_key_goes_along(argus: Caller, zup: Caller) -> None:
    for _ in range(2):
        argus.post("/sendSchedule", SCHEDULE, headers={"Idempotency-Key": "k1"})
    (sheet,) = zup.control("/state").json()["sheets"]
    assert sheet["version"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({**NORM, "employee_id": "X"}, 404, "EMPLOYEE_NOT_FOUND", "employee_id"),
        ({**NORM, "period_start": "2099-01-01", "period_end": "2099-12-31"}, 422, "CALENDAR_MISSING", None),
        ({**NORM, "period_end": "2025-07-01"}, 400, "INVALID_PERIOD", "period_end"),
    ],
)
def test_refusals_of_1c_keep_status_code_and_field(
    argus: Caller, body: Any, status: int, code: str, field: str | None
) -> None:
    reply = argus.post("/getNormHours", body)
    assert (reply.status_code, reply.json()["code"], reply.json()["details"].get("field")) == (status, code, field)


def test_invalid_requests_never_reach_1c(argus: Caller, zup: Caller) -> None:
    assert argus.get("/agents/2025-07-31/2025-07-01").json()["code"] == "INVALID_PERIOD"
    assert argus.post("/getNormHours", {**NORM, "weekly_norm": 0}).status_code == 400
    assert zup.control("/state").json()["calls"] == {}
