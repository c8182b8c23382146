"""sendSchedule with Prefer: respond-async (RFC 7240): 202 and an operation, the same for the same key."""

from typing import Any

import pytest
import requests

from tests.support.gateway import Gateway
from tests.support.http_client import Caller

SHIFT = {"date": "2025-08-01", "start_time": "09:00", "end_time": "18:00", "break_minutes": 60, "shift_type": "WORK"}
BODY = {
    "period_start": "2025-08-01",
    "period_end": "2025-08-31",
    "schedules": [{"employee_id": "EMP001", "shifts": [SHIFT]}],
}


@pytest.mark.parametrize("prefer", ["respond-async", "respond-async, wait=10", 'foo; bar="x", Respond-Async'])
def test_it_is_accepted_and_stands_in_the_queue(zup: Caller, gateway: Gateway, prefer: str) -> None:
    with gateway(zup.url) as argus:
        reply = argus.post("/sendSchedule", BODY, headers={"Prefer": prefer, "X-Request-Id": "r-1"})
        assert (reply.status_code, reply.headers["Preference-Applied"]) == (202, "respond-async")
        told = reply.json()
        assert (told["kind"], told["status"], told["principal"], told["request_id"]) == (
            "schedule_upload",
            "queued",
            "argus",
            "r-1",
        )
        assert reply.headers["Location"] == f"/api/integration/operations/{told['id']}"
        looked = requests.get(argus.url + reply.headers["Location"], headers=bearer(argus), timeout=30)
        assert looked.json()["id"] == told["id"]
    assert zup.control("/state").json()["sheets"] == []  # 1C has not been asked


def test_the_same_key_is_the_same_operation(zup: Caller, gateway: Gateway) -> None:
    headers = {"Prefer": "respond-async", "Idempotency-Key": "ключ-1".encode()}
    with gateway(zup.url) as argus:
        ids = {argus.post("/sendSchedule", BODY, headers=headers).json()["id"] for _ in range(3)}
        other = argus.post("/sendSchedule", {**BODY, "period_end": "2025-08-30"}, headers=headers)
    assert len(ids) == 1
    assert (other.status_code, other.json()["details"]["field"]) == (400, "Idempotency-Key")


def test_what_is_wrong_is_refused_at_once(zup: Caller, gateway: Gateway) -> None:
    headers = {"Prefer": "respond-async"}
    many = [{"employee_id": f"EMP{number}", "shifts": []} for number in range(101)]
    with gateway(zup.url) as argus:
        reversed_: dict[str, Any] = {**BODY, "period_end": "2025-07-01"}
        assert argus.post("/sendSchedule", reversed_, headers=headers).json()["code"] == "INVALID_PERIOD"
        large = argus.post("/sendSchedule", {**BODY, "schedules": many}, headers=headers)
        assert (large.status_code, large.json()["code"]) == (400, "BATCH_TOO_LARGE")


def test_another_preference_is_ignored(zup: Caller, gateway: Gateway) -> None:
    with gateway(zup.url) as argus:
        assert argus.post("/sendSchedule", BODY, headers={"Prefer": "return=minimal"}).status_code == 200


def bearer(argus: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {argus.control('/token', {'audience': 'argus'}).json()['access_token']}"}
