"""A scheduled sync: submitted when due, once whoever sees it due, and once after any downtime."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.scheduler import Scheduler
from argus_wfm.gateway.storage.database import connect, migrate
from argus_wfm.gateway.storage.tables import operations, schedules
from tests.support.clock import NOW
from tests.support.operations import Time
from tests.support.polling import until
from tests.support.relayed_zup import relayed
from tests.support.workers import worker

TEXT = "monthly last saturday 01:30"
DUE = dt.datetime(2025, 8, 29, 22, 30, tzinfo=dt.UTC)
DAY_S = 86_400.0


def schedule(queue: Queue, time: Time, text: str = TEXT) -> Scheduler:
    return Scheduler(queue.engine, queue, time, text)


def submitted(engine: sa.Engine) -> list[tuple[str, str]]:
    """(principal, Idempotency-Key) of every operation."""
    query = sa.select(operations.c.principal, operations.c.idempotency_key).order_by(operations.c.number)
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def to(time: Time, moment: dt.datetime) -> None:
    time.move((moment - time.now).total_seconds())


def test_nothing_is_due_before_its_instant_and_one_sync_at_it(queue: Queue, time: Time) -> None:
    made = schedule(queue, time)
    made.look()
    to(time, DUE - dt.timedelta(microseconds=1))
    made.look()
    assert submitted(queue.engine) == []
    to(time, DUE)
    for _ in range(3):
        made.look()
    assert submitted(queue.engine) == [("schedule", "schedule 2025-08-29T22:30:00Z")]
    latest = made.shown(time.now, 1)["latest"]
    assert (latest["at"], latest["local_time"]) == ("2025-08-29T22:30:00Z", "2025-08-30T01:30:00+03:00")


def test_a_gateway_that_was_never_there_has_missed_nothing(queue: Queue, time: Time) -> None:
    schedule(queue, time).look()
    schedule(queue, time).look()
    assert submitted(queue.engine) == []


def test_after_downtime_the_latest_missed_run_alone_is_caught_up(queue: Queue, time: Time) -> None:
    schedule(queue, time, "daily 01:30").look()
    time.move(10.5 * DAY_S)
    for _ in range(2):
        schedule(queue, time, "daily 01:30").look()  # each is a process that has just been started
    assert submitted(queue.engine) == [("schedule", "schedule 2025-08-07T22:30:00Z")]
    time.move(DAY_S)
    schedule(queue, time, "daily 01:30").look()
    assert [key for _, key in submitted(queue.engine)] == [
        "schedule 2025-08-07T22:30:00Z",
        "schedule 2025-08-08T22:30:00Z",
    ]


def test_one_that_is_off_submits_nothing_and_says_so(queue: Queue, time: Time) -> None:
    made = schedule(queue, time, "off")
    made.look()
    time.move(365 * DAY_S)
    made.look()
    assert submitted(queue.engine) == []
    told = made.shown(time.now, 5)
    assert (told["schedule"], told["runs"], told["latest"]) == ("off", [], None)


def test_a_process_that_dies_between_submitting_and_noting_it_has_submitted_it(queue: Queue, time: Time) -> None:
    schedule(queue, time).look()
    to(time, DUE)
    schedule(queue, time).look()
    with queue.engine.begin() as connection:
        connection.execute(schedules.update().values(due_at=None))
    schedule(queue, time).look()
    assert len(submitted(queue.engine)) == 1


def test_of_many_that_see_it_due_at_once_one_submits_it(url: str, time: Time) -> None:
    together = Barrier(6)

    def look(_number: int) -> None:
        engine = connect(url)
        try:
            made = schedule(Queue(engine, time), time)
            together.wait(60)
            made.look()
        finally:
            engine.dispose()

    engine = connect(url)
    migrate(engine)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, range(6)))  # all of them see it for the first time
        to(time, DUE)
        list(pool.map(look, range(6)))
    assert submitted(engine) == [("schedule", "schedule 2025-08-29T22:30:00Z")]
    engine.dispose()


@pytest.mark.slow
def test_two_gateway_processes_over_a_due_sync_run_it_once(url: str) -> None:
    """Both are started after an outage over 2025-07-25T22:30Z, which the database still knows of."""
    engine = connect(url)
    migrate(engine)
    with engine.begin() as connection:
        watched = {"name": "personnel_sync", "seen_at": NOW - dt.timedelta(days=20)}
        connection.execute(schedules.insert().values(watched))
    with relayed(agents=30) as party:
        with worker(url, party.zup.url), worker(url, party.zup.url):
            until(lambda: _over(engine) >= 1, what="the sync that was missed", within_s=120)
            until(lambda: _workers(engine) == 2, what="both at work", within_s=120)
        assert submitted(engine) == [("schedule", "schedule 2025-07-25T22:30:00Z")]
        assert _over(engine) == 1
        assert party.state()["calls"] == {"getAgents": 1}
    engine.dispose()


def _over(engine: sa.Engine) -> int:
    query = sa.select(sa.func.count()).select_from(operations).where(operations.c.status == "completed")
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def _workers(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM workers")) or 0
