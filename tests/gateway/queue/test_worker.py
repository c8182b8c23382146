"""A whole worker on dbos: order, a graceful stop, and work that is side by side."""

from __future__ import annotations

import datetime as dt
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.audit import Audit
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.queue.kinds import KINDS, OperationStatus
from argus_wfm.gateway.queue.leases import Leases, Lock
from argus_wfm.gateway.storage.tables import attempts, audit, employees, operations, workers
from argus_wfm.mocks.people import cast
from tests.support.audit import RECORD
from tests.support.mixed_work import Scene
from tests.support.peers import postgres
from tests.support.polling import until
from tests.support.relayed_zup import Party, relayed
from tests.support.workers import is_free, now, worker

pytestmark = pytest.mark.slow
BACKLOG = int(os.environ.get("ARGUS_TEST_BACKLOG", "120")) // len(KINDS) * len(KINDS)  # 1000 take a minute
GONE_S = 10.0  # that a worker waits for what it has given up
HANG = {"fault": "hang", "operation": "sendSchedule"}


def on_sqlite(folder: Path) -> Scene:
    return Scene(f"sqlite:///{folder / 'argus.sqlite3'}", now)


def begun(scene: Scene) -> list[str]:
    """Ids in the order in which their attempts began."""
    joined = attempts.join(operations, attempts.c.operation == operations.c.number)
    with scene.engine.connect() as connection:
        return list(connection.scalars(sa.select(operations.c.id).select_from(joined).order_by(attempts.c.id)))


def one(scene: Scene, operation_id: str) -> sa.Row[Any]:
    with scene.engine.connect() as connection:
        return connection.execute(sa.select(operations).where(operations.c.id == operation_id)).one()


def submit(scene: Scene, kind: str, payload: Any = None) -> str:
    return scene.queue.submit(kind, payload or {}, key=None, principal="argus", request_id="r1")


def cheap(kind: str) -> Any:
    """Work of one call at most."""
    agent = cast(1)[0].agent_id
    start = "2025-07-28T09:00:00"
    shift = {"date": "2025-08-01", "start_time": "09:00", "end_time": "18:00", "break_minutes": 60}
    return {
        "personnel_sync": {},
        "schedule_upload": {
            "period_start": "2025-08-01",
            "period_end": "2025-08-31",
            "schedules": [{"employee_id": agent, "shifts": [{**shift, "shift_type": "WORK"}]}],
        },
        "fact_transfer": {
            "facts": [{"agentId": agent, "date_start": start, "loginfo": [{"start": start, "time": 900000}]}]
        },
        "timesheet_request": {"date_start": start, "date_end": start, "agents": [agent]},
        "report_export": {"report_id": "personnel_list", "format": "csv"},
        "site_transfer": {"period": "2025-07"},
    }[kind]


def test_a_backlog_begins_by_priority_then_arrival(tmp_path: Path) -> None:
    with relayed(agents=2) as party, on_sqlite(tmp_path) as scene:
        kinds = [kind for kind in KINDS for _ in range(BACKLOG // len(KINDS))]
        random.Random(1).shuffle(kinds)
        QueueActions(scene.queue).pause()
        with worker(scene.url, party.zup.url, worker_concurrency=1):
            ids = [submit(scene, kind, cheap(kind)) for kind in kinds]
            assert begun(scene) == []
            QueueActions(scene.queue).resume()
            until(lambda: scene.over() == BACKLOG, what=f"the backlog is over: {scene.statuses()}", within_s=300)
        assert scene.statuses() == {"completed": BACKLOG}
        order = sorted(range(BACKLOG), key=lambda index: (KINDS[kinds[index]].priority, index))
        assert begun(scene) == [ids[index] for index in order]


def test_what_is_urgent_overtakes_a_backlog_that_is_already_under_way(tmp_path: Path) -> None:
    with relayed(agents=2) as party, on_sqlite(tmp_path) as scene:
        ids = [submit(scene, "report_export", cheap("report_export")) for _ in range(100)]
        with worker(scene.url, party.zup.url, worker_concurrency=1):
            until(lambda: scene.over() >= 10, what="some of the backlog is over", within_s=120)
            urgent = submit(scene, "personnel_sync")
            seen = len(begun(scene))
            until(lambda: scene.over() == len(ids) + 1, what=f"all is over: {scene.statuses()}", within_s=120)
        assert begun(scene).index(urgent) <= seen + 20  # about a second of such work, and far before the end


def test_a_worker_that_is_told_to_stop_hands_back_what_hangs(tmp_path: Path) -> None:
    with relayed(agents=2) as party, on_sqlite(tmp_path) as scene:
        party.inject(HANG)
        with worker(scene.url, party.zup.url, stop_grace_s=1) as first:
            hanging = submit(scene, "schedule_upload", cheap("schedule_upload"))
            until(lambda: arrived(party) == 1, what="the upload hangs in 1C", within_s=120)
            later = submit(scene, "schedule_upload", cheap("schedule_upload"))
            until(lambda: arrived(party) == 2, what="the other one as well", within_s=120)
            assert first.stop() < 1 + GONE_S
        rows = [one(scene, id_) for id_ in (hanging, later)]
        assert [(row.status, row.failures) for row in rows] == [(OperationStatus.QUEUED, 0)] * 2
        assert begun(scene) == []  # no try was used
        assert _outbound(scene) == [(None, True)] * 2  # and nobody claims that 1C has answered
        party.lift()
        with worker(scene.url, party.zup.url):
            until(lambda: scene.over() == 2, what=f"the next worker completes them: {scene.statuses()}", within_s=120)
        assert [one(scene, id_).status for id_ in (hanging, later)] == [OperationStatus.COMPLETED] * 2
        assert [sheet["version"] for sheet in party.state()["sheets"]] == [2]  # an upload each, none twice


def test_a_worker_that_is_told_to_stop_lets_what_runs_end_in_its_grace(tmp_path: Path) -> None:
    with relayed("latency,seconds=2,operation=sendSchedule", agents=2) as party, on_sqlite(tmp_path) as scene:
        with worker(scene.url, party.zup.url, stop_grace_s=30) as child:
            running = submit(scene, "schedule_upload", cheap("schedule_upload"))
            until(lambda: arrived(party) == 1, what="the upload is under way", within_s=120)
            assert child.stop() < 30
        assert one(scene, running).status == OperationStatus.COMPLETED


def test_syncs_side_by_side_all_complete_without_waiting_for_a_check(tmp_path: Path) -> None:
    with relayed("latency,seconds=0.5,operation=getAgents", agents=513) as party, on_sqlite(tmp_path) as scene:
        ids = [submit(scene, "personnel_sync") for _ in range(4)]
        with worker(scene.url, party.zup.url) as child:
            until(lambda: scene.over() == len(ids), what=f"all is over: {scene.statuses()}", within_s=120)
            said = child.said()
        assert {one(scene, id_).status for id_ in ids} == {OperationStatus.COMPLETED}
        assert "Traceback" not in said
        assert sorted(begun(scene)) == sorted(ids)  # one attempt each
        assert sum(one(scene, id_).result["created"] for id_ in ids) == _employees(scene)


def test_every_end_is_in_the_audit_trail_once(tmp_path: Path) -> None:
    with relayed(agents=2) as party, on_sqlite(tmp_path) as scene:
        wrong = cheap("timesheet_request") | {"agents": ["nobody"]}
        ids = [
            submit(scene, kind, payload)
            for kind, payload in (("report_export", cheap("report_export")), ("timesheet_request", wrong))
        ]
        with worker(scene.url, party.zup.url) as child:
            until(lambda: scene.over() == 2, what="both are over", within_s=120)
            child.stop()
        query = sa.select(audit.c.operation_ref, audit.c.failed).where(audit.c.direction == "queue")
        with scene.engine.connect() as connection:
            told = sorted(tuple(row) for row in connection.execute(query))
        assert told == sorted([(ids[0], False), (ids[1], True)])


def test_a_worker_forgets_records_older_than_three_years(tmp_path: Path) -> None:
    with relayed(agents=2) as party, on_sqlite(tmp_path) as scene:
        trail = Audit(scene.engine)
        trail.start()
        for days in (4 * 366, 30):
            trail.record(replace(RECORD, requested_at=now() - dt.timedelta(days=days))).result(30)
        trail.stop()

        def kept() -> int:
            with scene.engine.connect() as connection:
                return connection.scalar(sa.select(sa.func.count()).select_from(audit)) or 0

        assert kept() == 2
        with worker(scene.url, party.zup.url):
            until(lambda: kept() == 1, what="the older record is gone", within_s=120)


def _outbound(scene: Scene) -> list[tuple[int | None, bool]]:
    """(status, failed) of the calls to 1C, by the audit trail."""
    query = sa.select(audit.c.status, audit.c.failed).where(audit.c.direction == "outbound")
    with scene.engine.connect() as connection:
        return [(row.status, row.failed) for row in connection.execute(query)]


def arrived(party: Party) -> int:
    return int(party.state()["arrived"].get("sendSchedule", 0))


def _employees(scene: Scene) -> int:
    with scene.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(employees)) or 0


def test_a_worker_that_lost_its_slot_for_a_while_holds_it_again() -> None:
    """Or it would count as dead for ever, and whatever it runs be run by another one too."""
    with postgres() as url, relayed(agents=2) as party, Scene(url, now) as scene, worker(url, party.zup.url):
        leases = Leases(scene.engine)
        until(lambda: _seen(scene) is not None, what="the worker says that it is alive", within_s=120)
        with scene.engine.connect() as connection:
            lost = sa.text(  # pg_locks are those of all databases of the server
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            connection.execute(lost)
        held: list[Lock] = []
        until(lambda: _took(leases, held), what="its slot is free", within_s=30)
        before = _seen(scene)
        until(lambda: _seen(scene) not in (None, before), what="it has looked round meanwhile", within_s=30)
        held[0].release()
        until(lambda: not is_free(leases, 0), what="it holds its slot again", within_s=30)


def _took(leases: Leases, held: list[Lock]) -> bool:
    lock = leases.lock(0)
    held.extend([lock] if lock else [])
    return lock is not None


def _seen(scene: Scene) -> object:
    with scene.engine.connect() as connection:
        return connection.scalar(sa.select(workers.c.seen_at))
