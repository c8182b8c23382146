"""Batches to 1C: their sizes, their keys, what is sent again after a failure, and what the results add up to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from argus_wfm.gateway.errors import UpstreamDown
from argus_wfm.gateway.personnel.uploads import fact_transfer, schedule_upload, timesheet_request
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.queue.job import Cancelled, Job
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.json_type import Json
from tests.support.http_client import USER

PERIOD = {"period_start": "2025-08-01", "period_end": "2025-08-31"}


class Zup:
    """1C that takes down what it was asked, and fails once at the call with number `fails`."""

    def __init__(self, reply: Callable[[Json], Json], fails: int | None = None) -> None:
        self._reply, self._fails = reply, fails
        self.asked: list[tuple[str, Json, str | None]] = []

    def get_agents(self, *_arguments: Any) -> Json:
        raise AssertionError("nobody asked for agents")

    def post(self, _claimed: Claimed, operation_id: str, body: Json, key: str | None = None) -> Json:
        self.asked.append((operation_id, body, key))
        if len(self.asked) == self._fails:
            raise UpstreamDown("1C ZUP answered 503.", last_error="1C ZUP answered 503")
        return self._reply(body)


def job(queue: Queue, zup: Zup, kind: str, payload: Json) -> Job:
    operation_id = queue.submit(kind, payload, key=None, principal=USER, request_id="r")
    claimed = queue.begin(operation_id, 0)
    assert claimed
    return Job(claimed, queue, zup, lambda: False)


def taken(body: Json) -> Json:
    count = len(body["schedules"])
    first = body["schedules"][0]["employee_id"]
    done = {"document_id": f"DOC-{first}", "employees_processed": count, "shifts_created": 2 * count, "errors": []}
    return {"status": "success", **done}


def schedules(count: int) -> Json:
    return {**PERIOD, "schedules": [{"employee_id": f"E{number}", "shifts": []} for number in range(count)]}


def test_a_schedule_goes_out_in_requests_of_a_hundred_each_with_its_own_key(queue: Queue) -> None:
    zup = Zup(taken)
    made = job(queue, zup, "schedule_upload", schedules(250))
    result = schedule_upload(made)
    assert [len(body["schedules"]) for _, body, _ in zup.asked] == [100, 100, 50]
    assert [key for _, _, key in zup.asked] == [f"{made.claimed.id}-{batch}" for batch in range(3)]
    assert all({name: body[name] for name in PERIOD} == PERIOD for _, body, _ in zup.asked)
    assert result == {
        "status": "success",
        "document_ids": ["DOC-E0", "DOC-E100", "DOC-E200"],
        "employees_processed": 250,
        "shifts_created": 500,
        "refused": 0,
        "requests": 3,
    }


def test_finished_batches_are_not_sent_again(queue: Queue) -> None:
    zup = Zup(taken, fails=2)
    made = job(queue, zup, "schedule_upload", schedules(250))
    with pytest.raises(UpstreamDown):
        schedule_upload(made)
    assert schedule_upload(made)["employees_processed"] == 250
    first = [body["schedules"][0]["employee_id"] for _, body, _ in zup.asked]
    assert first == ["E0", "E100", "E100", "E200"]
    assert zup.asked[1][2] == zup.asked[2][2]  # the same piece of work, whichever try 1C has seen


def test_refused_employees_make_it_partial_and_are_its_rows(queue: Queue) -> None:
    row = {"employee_id": "E1", "date": None, "code": "NO_SHIFT_DATA", "message": "нет смен"}

    def partly(body: Json) -> Json:
        return {**taken(body), "employees_processed": len(body["schedules"]) - 1, "errors": [row]}

    made = job(queue, Zup(partly), "schedule_upload", schedules(150))
    result = schedule_upload(made)
    assert (result["status"], result["employees_processed"], result["refused"]) == ("partial", 148, 2)
    kept = queue.batch_results(made.claimed.number)
    assert [batch["rows"] for batch in kept.values()] == [[row], [row]]


def test_facts_go_one_by_one_and_a_refusal_is_no_failure(queue: Queue) -> None:
    facts = [{"agentId": f"MCE{number}", "date_start": "2025-07-28T09:00:00", "loginfo": []} for number in range(3)]
    zup = Zup(
        lambda body: {"result": body["agentId"] != "MCE1", "doc": "Неявка" if body["agentId"] == "MCE2" else None}
    )
    made = job(queue, zup, "fact_transfer", {"facts": facts})
    assert fact_transfer(made) == {"taken": 2, "failed": 1, "documents": 1}
    assert [body for _, body, _ in zup.asked] == facts
    assert len({key for _, _, key in zup.asked}) == 3


def test_time_sheets_go_by_fifty_and_need_no_key(queue: Queue) -> None:
    zup = Zup(lambda body: [{"agentId": agent["agentId"]} for agent in body["AR_agents"]])
    period = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59"}
    agents = [f"MCE{number}" for number in range(120)]
    made = job(queue, zup, "timesheet_request", {**period, "agents": agents})
    assert timesheet_request(made) == {"timesheets": 120, "requests": 3}
    assert [len(body["AR_agents"]) for _, body, _ in zup.asked] == [50, 50, 20]
    assert [key for _, _, key in zup.asked] == [None] * 3


def test_a_cancelled_upload_stops_before_its_next_batch(queue: Queue) -> None:
    def cancelling(body: Json) -> Json:
        QueueActions(queue).cancel(made.claimed.id)
        return taken(body)

    zup = Zup(cancelling)
    made = job(queue, zup, "schedule_upload", schedules(250))
    with pytest.raises(Cancelled):
        schedule_upload(made)
    assert len(zup.asked) == 1
    assert len(queue.batch_results(made.claimed.number)) == 1
