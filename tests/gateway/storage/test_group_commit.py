"""Group commit, as the audit trail uses it: one commit for what comes together, and nothing lost."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial

import sqlalchemy as sa

from argus_wfm.gateway.audit import Audit
from argus_wfm.gateway.storage.group_commit import LARGEST
from tests.support.audit import RECORD, commits, kept

DEADLINE_S = 60


def test_records_that_come_together_are_one_commit_and_done_when_they_are_there(
    sqlite_engine: sa.Engine, trail: Audit
) -> None:
    there: list[bool] = []
    futures = [trail.record(replace(RECORD, request_id=f"r{number}")) for number in range(100)]
    for number, future in enumerate(futures):
        future.add_done_callback(partial(_look, sqlite_engine, f"r{number}", there))
    seen = commits(sqlite_engine)
    trail.start()
    assert not wait(futures, DEADLINE_S).not_done
    trail.stop()
    assert kept(sqlite_engine) == [f"r{number}" for number in range(100)]
    assert there == [True] * 100
    assert len(seen) == 1


def _look(sqlite_engine: sa.Engine, request_id: str, there: list[bool], _done: Future[None]) -> None:
    there.append(request_id in kept(sqlite_engine))


def test_records_of_many_threads_are_all_there(sqlite_engine: sa.Engine, trail: Audit) -> None:
    trail.start()

    def call(number: int) -> None:
        trail.record(replace(RECORD, request_id=f"r{number}")).result(DEADLINE_S)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert sorted(kept(sqlite_engine)) == sorted(f"r{number}" for number in range(100))


def test_more_records_than_one_transaction_holds_are_all_done(sqlite_engine: sa.Engine, trail: Audit) -> None:
    count = 2 * LARGEST + 500
    futures = [trail.record(replace(RECORD, request_id=f"r{number}")) for number in range(count)]
    trail.start()
    left = wait(futures, 20).not_done
    assert (len(left), len(kept(sqlite_engine))) == (0, count)


def test_what_is_waiting_is_written_before_the_trail_ends(sqlite_engine: sa.Engine, trail: Audit) -> None:
    trail.start()
    futures = [trail.record(RECORD) for _ in range(50)]
    trail.stop()
    assert all(future.done() for future in futures)
    assert len(kept(sqlite_engine)) == 50


def test_a_commit_that_fails_fails_its_records_and_no_later_ones(sqlite_engine: sa.Engine, trail: Audit) -> None:
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit RENAME TO away"))
    trail.start()
    lost: list[Future[None]] = [trail.record(RECORD) for _ in range(3)]
    assert all(isinstance(future.exception(DEADLINE_S), sa.exc.OperationalError) for future in lost)
    with sqlite_engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO audit"))
    trail.record(RECORD).result(DEADLINE_S)
    assert len(kept(sqlite_engine)) == 1


def test_a_record_that_cannot_be_written_does_not_take_others_with_it(sqlite_engine: sa.Engine, trail: Audit) -> None:
    bad, good = trail.record(replace(RECORD, payload={"x": object()})), trail.record(RECORD)
    trail.start()
    assert bad.exception(DEADLINE_S) is not None
    good.result(DEADLINE_S)


def test_whoever_gives_up_waiting_stops_nobody(sqlite_engine: sa.Engine, trail: Audit) -> None:
    given_up = trail.record(RECORD)
    assert given_up.cancel()
    trail.start()
    trail.record(RECORD).result(DEADLINE_S)
    assert len(kept(sqlite_engine)) == 2
