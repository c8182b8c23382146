"""What people do to operations: cancel, hurry, redrive, pause; on both databases, without dbos."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa

from argus_wfm.gateway.errors import UpstreamRejected
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.tables import operations
from argus_wfm.openapi.errors import ApiError
from tests.support.operations import TIMEOUT, Time, begun, row, status, submit, tried


def dead(queue: Queue, kind: str = "personnel_sync") -> str:
    operation_id = submit(queue, kind)
    assert queue.fail(begun(queue, operation_id), UpstreamRejected(400, "BAD_REQUEST", "no"), transient=False)
    return operation_id


def told(queue: Queue) -> list[str]:
    """Grows each time somebody is told that something may be due."""
    calls: list[str] = []
    queue.on_due = lambda: calls.append("due")
    return calls


# cancelling


def test_a_queued_operation_is_cancelled_at_once_and_never_begun(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    queue.enqueued(queue.due(10))
    QueueActions(queue).cancel(operation_id)
    assert (status(engine, operation_id), queue.asked_for()) == ("cancelled", [])
    assert queue.begin(operation_id, 0) is None
    assert row(engine, operation_id).finished_at is not None
    assert tried(engine) == []


def test_a_waiting_operation_is_cancelled_at_once(queue: Queue, engine: sa.Engine, time: Time) -> None:
    operation_id = submit(queue)
    queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
    QueueActions(queue).cancel(operation_id)
    time.move(1000)
    assert (status(engine, operation_id), queue.due(10), queue.unstarted()) == ("cancelled", [], 0)


def test_a_running_operation_hears_that_it_is_cancelled_and_ends_so(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    claimed = begun(queue, operation_id)
    assert queue.wanted(claimed)
    QueueActions(queue).cancel(operation_id)
    assert (status(engine, operation_id), queue.wanted(claimed)) == ("running", False)
    assert queue.cancelled(claimed)
    assert status(engine, operation_id) == "cancelled"
    assert tried(engine) == [(0, None)]


def test_an_operation_that_is_done_before_it_hears_of_a_cancellation_is_completed(
    queue: Queue, engine: sa.Engine
) -> None:
    operation_id = submit(queue)
    claimed = begun(queue, operation_id)
    QueueActions(queue).cancel(operation_id)
    assert queue.finish(claimed, {"rows": 1})
    assert (status(engine, operation_id), row(engine, operation_id).cancelling) == ("completed", False)


def test_a_cancelled_operation_whose_worker_died_is_not_begun_again(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    claimed = begun(queue, operation_id)
    QueueActions(queue).cancel(operation_id)
    assert queue.begin(operation_id, claimed.turn) is None
    assert status(engine, operation_id) == "cancelled"
    assert tried(engine)[-1][1] != "open"


def test_a_cancelled_operation_whose_call_fails_does_not_wait_for_another_attempt(
    queue: Queue, engine: sa.Engine
) -> None:
    ends: list[str] = []
    queue.on_end = lambda _connection, _claimed, how, _error: ends.append(str(how))
    for end in ("fail", "hold", "hand_back"):
        claimed = begun(queue, submit(queue))
        QueueActions(queue).cancel(claimed.id)
        if end == "fail":
            queue.fail(claimed, TIMEOUT, transient=True)
        elif end == "hold":
            queue.hold(claimed, 60, "1C is not asked now")
        else:
            queue.hand_back(claimed)
        assert (end, status(engine, claimed.id)) == (end, "cancelled")
    assert ends == ["cancelled"] * 3


# hurrying


def test_a_waiting_operation_is_due_at_once_when_it_is_hurried(queue: Queue, time: Time) -> None:
    operation_id = submit(queue)
    queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
    assert queue.due(10) == []
    calls = told(queue)
    QueueActions(queue).retry_now(operation_id)
    assert begun(queue, operation_id).attempt == 1
    assert calls == ["due"]


# dead letters


def test_a_redriven_dead_letter_has_all_its_attempts_again(queue: Queue, engine: sa.Engine, time: Time) -> None:
    operation_id = submit(queue)
    for delay in (30, 120, 300, 0):
        queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
        time.move(delay)
    calls = told(queue)
    QueueActions(queue).redrive(operation_id)
    now = row(engine, operation_id)
    assert (now.status, now.failures, now.redriven, now.error, now.finished_at) == ("queued", 0, 1, None, None)
    assert calls == ["due"]
    for delay in (30, 120, 300):
        queue.fail(begun(queue, operation_id), TIMEOUT, transient=True)
        time.move(delay)
    queue.finish(begun(queue, operation_id), {})
    assert [number for number, _ in tried(engine)] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert status(engine, operation_id) == "completed"


def test_batches_that_were_finished_stay_finished_after_a_redrive(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue, "schedule_upload")
    claimed = begun(queue, operation_id)
    queue.keep(claimed.number, 0, {"rows": []}, done=100)
    queue.fail(claimed, ApiError("no"), transient=False)
    QueueActions(queue).redrive(operation_id)
    assert queue.batch_results(begun(queue, operation_id).number) == {0: {"rows": []}}


def test_redriving_takes_what_the_filter_takes_and_dead_letters_only(queue: Queue, engine: sa.Engine) -> None:
    dead(queue)
    reports = [dead(queue, "report_export") for _ in range(2)]
    done = submit(queue, "report_export")
    queue.finish(begun(queue, done), {})
    chosen = operations.c.kind == "report_export"
    calls = told(queue)
    assert QueueActions(queue).redrive_all(chosen, dry_run=True) == 2
    assert (queue.due(10), calls) == ([], [])
    assert QueueActions(queue).redrive_all(chosen, dry_run=False) == 2
    assert [due.id for due in queue.due(10)] == reports
    assert calls == ["due"]
    assert QueueActions(queue).redrive_all(chosen, dry_run=False) == 0
    assert QueueActions(queue).redrive_all(sa.true(), dry_run=False) == 1
    assert status(engine, done) == "completed"


# pausing


def test_a_paused_queue_starts_nothing_and_a_resumed_one_all(queue: Queue, engine: sa.Engine) -> None:
    first = submit(queue)
    QueueActions(queue).pause()
    QueueActions(queue).pause()
    second = submit(queue)
    assert (QueueActions(queue).paused(), queue.due(10), queue.unstarted()) == (True, [], 0)
    calls = told(queue)
    QueueActions(queue).resume()
    assert (QueueActions(queue).paused(), [due.id for due in queue.due(10)], calls) == (
        False,
        [first, second],
        ["due"],
    )
    assert queue.unstarted() == 2


def test_a_turn_that_dbos_hands_out_in_a_pause_is_due_again_afterwards(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    queue.enqueued(queue.due(10))
    QueueActions(queue).pause()
    assert queue.begin(operation_id, 0) is None
    assert (status(engine, operation_id), tried(engine)) == ("queued", [])
    QueueActions(queue).resume()
    assert begun(queue, operation_id).attempt == 0


def test_what_runs_when_a_pause_begins_goes_on_also_with_another_worker(queue: Queue) -> None:
    operation_id = submit(queue)
    claimed = begun(queue, operation_id)
    QueueActions(queue).pause()
    assert queue.begin(operation_id, claimed.turn) == claimed
    assert queue.finish(claimed, {})


# at once


def test_one_turn_that_many_begin_and_end_at_once_ends_once(queue: Queue, engine: sa.Engine) -> None:
    operation_id = submit(queue)
    together, ends = Barrier(6), []
    queue.on_end = lambda _connection, claimed, how, _error: ends.append(str(how))

    def take(number: int) -> bool:
        together.wait(30)
        claimed = queue.begin(operation_id, 0)
        return claimed is not None and queue.finish(claimed, {"by": number})

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(6))) == 1
    assert ends == ["completed"]
    assert tried(engine)[-1] == (0, None)


def test_many_submissions_of_one_key_at_once_are_one_operation(queue: Queue) -> None:
    together = Barrier(6)

    def send(_number: int) -> str:
        together.wait(30)
        return submit(queue, key="k")

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(6)))) == 1
    assert len(queue.due(10)) == 1


def test_many_may_pause_at_once(queue: Queue) -> None:
    together = Barrier(6)

    def pause(_number: int) -> None:
        together.wait(30)
        QueueActions(queue).pause()

    for _ in range(20):
        QueueActions(queue).resume()
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(pause, range(6)))
        assert QueueActions(queue).paused()


# one at a time


def test_of_two_syncs_one_runs_whichever_was_submitted_first(queue: Queue, engine: sa.Engine, time: Time) -> None:
    earlier, later = submit(queue), submit(queue)
    running = begun(queue, later)
    (due,) = queue.due(10)
    assert queue.begin(earlier, due.turn) is None
    assert (status(engine, earlier), row(engine, earlier).reason) == ("waiting", "another personnel_sync runs")
    assert row(engine, earlier).failures == 0
    queue.finish(running, {})
    time.move(1)
    assert begun(queue, earlier).attempt == 0


def test_syncs_that_are_begun_at_once_run_one_by_one(queue: Queue, engine: sa.Engine) -> None:
    ids = [submit(queue) for _ in range(6)]
    together = Barrier(len(ids))

    def begin(operation_id: str) -> bool:
        together.wait(30)
        return queue.begin(operation_id, 0) is not None

    with ThreadPoolExecutor(len(ids)) as pool:
        assert sum(pool.map(begin, ids)) == 1


def test_other_kinds_run_side_by_side(queue: Queue) -> None:
    ids = [submit(queue, "report_export") for _ in range(3)]
    assert all(queue.begin(operation_id, 0) for operation_id in ids)


def test_a_cancellation_is_an_end_that_is_told(queue: Queue) -> None:
    ends: list[str] = []
    queue.on_end = lambda _connection, claimed, how, _error: ends.append(f"{claimed.id} {how.value}")
    operation_id = submit(queue)
    QueueActions(queue).cancel(operation_id)
    assert ends == [f"{operation_id} cancelled"]
