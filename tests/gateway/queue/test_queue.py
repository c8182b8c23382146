"""Every way in which an operation changes, on both databases, by a clock that stands still; without dbos."""

import datetime as dt

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.errors import (
    CircuitOpen,
    InvalidTransition,
    OperationNotFound,
    UpstreamRejected,
)
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.queue.kinds import KINDS, LEVEL, place
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.views import QueueViews
from argus_wfm.openapi.errors import ApiError, ValidationFailed
from tests.support.clock import NOW
from tests.support.operations import REPORT, SEVEN_S, TIMEOUT, Time, begun, row, status, submit, tried

# submitting


def test_a_payload_comes_back_as_it_was_submitted(queue: Queue) -> None:
    payload = {"б": [1, 2.5, None, "\0 Ёж"], "a": {"nested": True}}
    operation_id = queue.submit("fact_transfer", payload, key=None, principal="argus", request_id="r1")
    assert queue.payload(begun(queue, operation_id).number) == payload


def test_the_same_key_and_body_is_the_same_operation_whatever_the_order_of_members(queue: Queue) -> None:
    first = queue.submit("report_export", REPORT, key="k", principal="argus", request_id="r1")
    again = queue.submit("report_export", dict(reversed(REPORT.items())), key="k", principal="argus", request_id="r2")
    assert again == first
    assert len(queue.due(10)) == 1


def test_the_same_key_with_another_body_is_refused_and_leaves_nothing(queue: Queue) -> None:
    queue.submit("report_export", REPORT, key="k", principal="argus", request_id="r1")
    with pytest.raises(ValidationFailed) as refused:
        queue.submit("report_export", {**REPORT, "format": "xml"}, key="k", principal="argus", request_id="r2")
    assert refused.value.details["field"] == "Idempotency-Key"
    assert len(queue.due(10)) == 1


def test_keys_of_other_principals_and_kinds_and_no_keys_are_independent(queue: Queue) -> None:
    ids = [
        submit(queue, key="k"),
        submit(queue, key="k", principal="other"),
        submit(queue, "report_export", key="k"),
        submit(queue),
        submit(queue),
    ]
    assert len(set(ids)) == 5


def test_a_key_with_nul_and_cyrillic_is_a_key_like_any(queue: Queue) -> None:
    assert submit(queue, key="\0ключ") == submit(queue, key="\0ключ")


def test_whoever_waits_for_work_is_told_of_it(queue: Queue) -> None:
    told: list[str] = []
    queue.on_due = lambda: told.append("due")
    submit(queue)
    assert told == ["due"]


# order


def test_due_is_in_order_of_priority_and_inside_of_one_of_arrival(queue: Queue) -> None:
    kinds = ["report_export", "schedule_upload", "timesheet_request", "fact_transfer", "personnel_sync"] * 2
    ids = [submit(queue, kind) for kind in kinds]
    order = sorted(range(len(kinds)), key=lambda index: (KINDS[kinds[index]].priority, index))
    assert [due.id for due in queue.due(100)] == [ids[index] for index in order]
    assert [due.id for due in queue.due(3)] == [ids[index] for index in order[:3]]


def test_places_go_by_priority_then_number_and_fit_what_dbos_takes() -> None:
    places = [place(priority, number) for priority in (1, 2, 5) for number in (1, 2, LEVEL - 1)]
    assert places == sorted(set(places))
    assert place(1, LEVEL) >= 1
    assert place(5, LEVEL - 1) <= 2**31 - 1


def test_what_dbos_was_asked_for_is_not_due_again_until_its_turn_changes(queue: Queue) -> None:
    operation_id = submit(queue)
    due = queue.due(10)
    queue.enqueued(due)
    assert queue.due(10) == []
    assert [one.id for one in queue.asked_for()] == [operation_id]
    queue.ask_again(operation_id, due[0].turn + 1)  # of a turn that is none
    assert queue.due(10) == []
    queue.ask_again(operation_id, due[0].turn)
    assert [one.turn for one in queue.due(10)] == [due[0].turn + 1]
    queue.enqueued(due)  # of the turn before, told late
    assert len(queue.due(10)) == 1


# beginning and ending


def test_a_wrong_turn_an_ended_one_and_an_unknown_one_are_not_begun(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    assert queue.begin(operation_id, 1) is None
    assert queue.begin("op-none", 0) is None
    claimed = begun(queue, operation_id)
    assert queue.finish(claimed, {})
    assert queue.begin(operation_id, claimed.turn) is None
    assert tried(engine) == [(0, None)]


def test_a_completed_operation_has_its_result_and_one_attempt(queue: Queue, engine: sa.Engine, time: Time) -> None:
    operation_id = submit(queue)
    claimed = begun(queue, operation_id)
    time.move(7)
    assert queue.finish(claimed, {"rows": 3})
    shown = QueueViews(engine, time).one(operation_id)
    assert (shown["status"], shown["result"], shown["error"]) == ("completed", {"rows": 3}, None)
    moments = [shown["started_at"], shown["finished_at"], shown["attempts"][0]["ended_at"]]
    assert [dt.datetime.fromisoformat(moment) - NOW for moment in moments] == [dt.timedelta(0), SEVEN_S, SEVEN_S]
    assert not queue.finish(claimed, {"rows": 4})
    assert not queue.fail(claimed, TIMEOUT, transient=True)
    assert row(engine, operation_id).result == {"rows": 3}


def test_retries_come_30_120_and_300_s_after_each_failure_and_then_it_is_dead(
    queue: Queue, engine: sa.Engine, time: Time
) -> None:
    operation_id = submit(queue)
    for number, delay in enumerate((30, 120, 300)):
        assert queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
        assert (status(engine, operation_id), row(engine, operation_id).failures) == ("waiting", number + 1)
        time.move(delay - 0.001)
        assert queue.due(10) == []
        assert queue.unstarted() == 0
        time.move(0.001)
        assert queue.unstarted() == 1
    time.move(3)
    assert queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
    assert status(engine, operation_id) == "dead_letter"
    assert tried(engine) == [(number, "UPSTREAM_TIMEOUT") for number in range(4)]
    assert queue.due(10) == []


def test_a_dead_letter_has_the_seeds_error_body(queue: Queue, engine: sa.Engine, time: Time) -> None:
    operation_id = submit(queue)
    for delay in (30, 120, 300, 0):
        queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
        time.move(delay)
    assert row(engine, operation_id).error == {
        "error": True,
        "code": "SYNC_FAILED",
        "message": "Personnel sync failed",
        "details": {"attempt": 3, "last_error": "Connection timeout", "timestamp": "2025-07-29T01:37:30Z"},
    }


def test_a_permanent_failure_is_dead_at_once_with_its_own_code_and_field(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue, "timesheet_request")
    refusal = UpstreamRejected(404, "EMPLOYEE_NOT_FOUND", "1C knows no employee X.", field="AR_agents")
    assert queue.fail(begun(queue, operation_id), refusal, transient=False)
    assert status(engine, operation_id) == "dead_letter"
    error = row(engine, operation_id).error
    assert (error["code"], error["message"]) == ("EMPLOYEE_NOT_FOUND", "Timesheet request failed")
    assert (error["details"]["attempt"], error["details"]["field"]) == (0, "AR_agents")
    assert error["details"]["last_error"] == "1C knows no employee X."


def test_an_end_is_told_once_and_a_wait_is_not(queue: Queue, time: Time) -> None:
    told: list[tuple[str, str, str | None]] = []
    queue.on_end = lambda _connection, claimed, how, error: told.append((claimed.id, str(how), error and error["code"]))
    first, second = submit(queue), submit(queue)
    queue.fail(begun(queue, first), TIMEOUT, transient=True)
    queue.finish(begun(queue, second), {})
    assert told == [(second, "completed", None)]
    time.move(30)
    queue.fail(begun(queue, first), ApiError("no"), transient=False)
    assert told[1:] == [(first, "dead_letter", "INTERNAL_ERROR")]


def test_an_open_breaker_holds_an_operation_without_using_an_attempt(
    queue: Queue, engine: sa.Engine, time: Time
) -> None:
    operation_id = submit(queue)
    queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
    time.move(30)
    assert queue.hold(begun(queue, operation_id), 42, str(CircuitOpen("1C is not asked now")))
    assert (status(engine, operation_id), row(engine, operation_id).failures) == ("waiting", 1)
    assert row(engine, operation_id).reason == "1C is not asked now"
    time.move(41)
    assert queue.due(10) == []
    time.move(1)
    assert begun(queue, operation_id).attempt == 1
    assert tried(engine) == [(0, "UPSTREAM_TIMEOUT"), (1, "open")]


def test_what_is_handed_back_is_due_at_once_and_the_same_attempt(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    assert queue.hand_back(begun(queue, operation_id))
    assert (status(engine, operation_id), tried(engine)) == ("queued", [])
    assert begun(queue, operation_id).attempt == 0


def test_what_a_dead_worker_ran_goes_on_as_the_same_attempt(queue: Queue, engine: sa.Engine, time: Time) -> None:
    operation_id = submit(queue)
    queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
    time.move(30)
    died = begun(queue, operation_id)
    again = queue.begin(operation_id, died.turn)
    assert again == died
    assert again.attempt == 1
    assert tried(engine) == [(0, "UPSTREAM_TIMEOUT"), (1, "INTERRUPTED"), (1, "open")]


def test_a_lost_turn_leaves_nothing_to_whoever_still_runs_it(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    queue.enqueued(queue.due(10))
    late = queue.begin(operation_id, 0)
    assert late is not None
    queue.ask_again(operation_id, 0)
    assert not queue.wanted(late)
    present = begun(queue, operation_id)
    assert not queue.finish(late, {})
    assert not queue.hand_back(late)
    assert not queue.cancelled(late)
    assert queue.wanted(present)
    assert queue.finish(present, {"by": "the present turn"})
    assert tried(engine) == [(0, "INTERRUPTED"), (0, None)]


def test_finished_batches_and_progress_are_kept_together(queue: Queue, engine: sa.Engine) -> None:
    claimed = begun(queue, submit(queue, "schedule_upload"))
    queue.progress(claimed.number, done=0, total=250)
    for batch in (0, 1, 1):
        queue.keep(claimed.number, batch, {"rows": [batch]}, done=(batch + 1) * 100)
    assert queue.batch_results(claimed.number) == {0: {"rows": [0]}, 1: {"rows": [1]}}
    assert (row(engine, claimed.id).done, row(engine, claimed.id).total) == (200, 250)


def test_nothing_is_known_of_an_operation_that_is_none(queue: Queue) -> None:
    for change in (QueueActions(queue).cancel, QueueActions(queue).retry_now, QueueActions(queue).redrive):
        with pytest.raises(OperationNotFound):
            change("op-none")


def test_only_dead_letters_are_redriven_and_only_waiting_ones_hurried(queue: Queue) -> None:
    done = submit(queue)
    queue.finish(begun(queue, done), {})
    for change in (QueueActions(queue).cancel, QueueActions(queue).retry_now, QueueActions(queue).redrive):
        with pytest.raises(InvalidTransition):
            change(done)
    running = begun(queue, submit(queue))
    for change in (QueueActions(queue).retry_now, QueueActions(queue).redrive):
        with pytest.raises(InvalidTransition):
            change(running.id)
