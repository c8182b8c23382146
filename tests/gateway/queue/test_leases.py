"""Who works: a slot is held by one process at a time, and free the moment that one is gone, however it went."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from argus_wfm.conformance.launch.process import child_environment
from argus_wfm.gateway.queue import leases
from argus_wfm.gateway.queue.leases import Leases, NoLease, executor, slot_of
from tests.support.polling import until
from tests.support.workers import ROOT, is_free


@contextlib.contextmanager
def holder(url: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A process of its own that holds the slot it took."""
    command, pipe = [sys.executable, "-m", "tests.support.lease_holder", url], subprocess.PIPE
    environment = {**child_environment(), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, env=environment, cwd=ROOT, text=True, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process
        finally:
            process.kill()


def test_the_first_free_slot_is_taken_and_a_held_one_is_not_given_twice(engine: sa.Engine) -> None:
    here, there = Leases(engine), Leases(engine)
    taken = [here.take(), there.take(), here.take()]
    assert [slot for slot, _ in taken] == [0, 1, 2]
    assert there.lock(0) is None
    taken[1][1].release()
    slot, lock = there.take()
    assert slot == 1
    for held in (lock, taken[0][1], taken[2][1]):
        assert held.held()
        held.release()


def test_there_are_no_more_slots_than_there_may_be(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "SLOTS", 2)
    taken = [Leases(engine).take() for _ in range(2)]
    with pytest.raises(NoLease, match="2 workers run on this database already"):
        Leases(engine).take()
    for _, lock in taken:
        lock.release()


def test_a_killed_process_leaves_its_slot_and_a_living_one_does_not(engine: sa.Engine, url: str) -> None:
    mine = Leases(engine)
    with holder(url) as (slot, process):
        assert slot == 0
        assert mine.lock(0) is None
        with mine.of_the_dead(0) as dead:
            assert not dead
        process.kill()
        process.wait(30)
        until(lambda: is_free(mine, 0), what="the slot of a killed process is free", within_s=30)
        with mine.of_the_dead(0) as dead:
            assert dead
            assert Leases(engine).lock(0) is None  # nobody takes its place meanwhile
    # PostgreSQL takes note of a closed connection by and by
    until(lambda: is_free(mine, 0), what="it is let go of", within_s=30)


def test_slots_of_another_process_are_passed_over(engine: sa.Engine, url: str) -> None:
    with holder(url) as (first, _), holder(url) as (second, _):
        assert (first, second) == (0, 1)
        slot, lock = Leases(engine).take()
        assert slot == 2
        lock.release()


def test_a_lost_connection_loses_the_slot_and_is_noticed(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("files have no connection to lose")
    slot, lock = Leases(engine).take()
    with engine.connect() as connection:
        mine = sa.text(  # pg_locks are those of all databases of the server
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :slot"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert connection.scalars(mine, {"slot": slot}).all() == [True]
    until(lambda: not lock.held(), what="the lock is lost", within_s=30)
    lock.release()
    until(lambda: is_free(Leases(engine), slot), what="it is let go of", within_s=30)


def test_names_of_slots_are_read_back_and_those_of_others_are_none() -> None:
    assert [slot_of(executor(slot)) for slot in (0, 7, 63)] == [0, 7, 63]
    assert [slot_of(name) for name in ("local", "worker-", "worker-x", "other-1")] == [None] * 4
