"""Mixed work for the mock 1C, in which each piece can be told from every other, and what 1C made of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import sqlalchemy as sa

from argus_wfm.gateway.queue.kinds import KINDS, OPEN, OperationStatus
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.database import connect, migrate
from argus_wfm.gateway.storage.tables import attempts, audit, employees, operations
from argus_wfm.json_type import Json
from argus_wfm.mocks.people import WINDOW, cast
from tests.support.http_client import USER
from tests.support.relayed_zup import Party

AGENTS = 513
CREW = 130  # employees of one upload: two requests of 100 and 30
MONTHS = [dt.date(2025 + month // 12, month % 12 + 1, 15) for month in range(7, 24)]  # August 2025 to December 2026
SHIFTS = 4  # facts of one transfer


@dataclass
class Scene:
    """A queue on one database, and what was submitted to it; use it as a context."""

    url: str
    now: Callable[[], dt.datetime]
    ids: list[str] = field(default_factory=list)
    sheets: set[tuple[str, str]] = field(default_factory=set)
    facts: set[tuple[str, str]] = field(default_factory=set)
    requests: int = 0  # that write, each with a key of its own

    def __post_init__(self) -> None:
        self.engine = connect(self.url)
        migrate(self.engine)
        self.queue = Queue(self.engine, self.now)
        self.people = [person.agent_id for person in cast(AGENTS) if _steady(person.hired, person.dismissed)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def submit(self, count: int) -> None:
        """So many operations, each kind in its turn."""
        kinds = list(KINDS)
        for index in range(len(self.ids), len(self.ids) + count):
            kind = kinds[index % len(kinds)]
            payload = self._payload(kind, index // len(kinds))
            self.ids.append(self.queue.submit(kind, payload, key=None, principal=USER, request_id=f"r{index}"))

    def _payload(self, kind: str, turn: int) -> Json:
        if kind == "schedule_upload":
            return self._schedule(turn)
        if kind == "fact_transfer":
            return {"facts": [self._fact(turn * SHIFTS + number) for number in range(SHIFTS)]}
        if kind == "timesheet_request":
            agents = [self.people[(turn + number) % len(self.people)] for number in range(60)]
            return {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-10T23:59:59", "agents": agents}
        if kind == "site_transfer":
            return {"period": "2025-07"}
        return {"report_id": "personnel_list", "format": "csv"} if kind == "report_export" else {}

    def _schedule(self, turn: int) -> Json:
        """An employee and month that no other upload holds."""
        crews = len(self.people) // CREW
        crew = self.people[turn % crews * CREW :][:CREW]
        day = MONTHS[turn // crews]
        self.sheets |= {(agent, f"{day:%Y-%m}") for agent in crew}
        self.requests += -(-CREW // KINDS["schedule_upload"].batch)
        shift = {"start_time": "09:00", "end_time": "18:00", "break_minutes": 60, "shift_type": "WORK"}
        shifts = [{"date": day.isoformat(), **shift}]
        schedules = [{"employee_id": agent, "shifts": shifts} for agent in crew]
        return {"period_start": f"{day:%Y-%m}-01", "period_end": day.isoformat(), "schedules": schedules}

    def _fact(self, number: int) -> Json:
        """An agent and day that no other transfer holds."""
        agent = self.people[number % len(self.people)]
        day = dt.date(2025, 7, 1) + dt.timedelta(days=number // len(self.people))
        self.facts.add((agent, day.isoformat()))
        self.requests += 1
        start = f"{day}T09:00:00"
        return {"agentId": agent, "date_start": start, "loginfo": [{"start": start, "time": 900000}]}

    def statuses(self) -> Counter[str]:
        with self.engine.connect() as connection:
            return Counter(connection.scalars(sa.select(operations.c.status)))

    def running(self) -> set[str]:
        return self._in(OperationStatus.RUNNING)

    def unfinished(self) -> set[str]:
        return self._in(*OPEN)

    def _in(self, *statuses: OperationStatus) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.scalars(sa.select(operations.c.id).where(operations.c.status.in_(statuses))))

    def over(self) -> int:
        """Operations that nothing more happens to."""
        return sum(count for status, count in self.statuses().items() if status not in OPEN)

    def untold(self) -> int:
        """Operations whose end is not in the audit trail, or there more than once."""
        told = sa.select(audit.c.operation_ref).where(audit.c.direction == "queue")
        with self.engine.connect() as connection:
            counted = Counter(connection.scalars(told))
        return sum(counted[id_] != 1 for id_ in self.ids)

    def check(self, party: Party) -> None:
        """Nothing was lost, and 1C did each piece of work once."""
        self._check_operations()
        state = party.state()
        assert {(sheet["agent_id"], sheet["month"]) for sheet in state["sheets"]} == self.sheets
        assert {sheet["version"] for sheet in state["sheets"]} == {1}
        assert {(fact["agent_id"], fact["date"]) for fact in state["facts"]} == self.facts
        assert state["idempotency_keys"] == self.requests

    def _check_operations(self) -> None:
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(operations)).all()
            open_ = connection.scalar(sa.select(sa.func.count()).where(attempts.c.ended_at.is_(None)))
            stored = list(connection.scalars(sa.select(employees.c.external_employee_id).where(employees.c.active)))
        assert sorted(row.id for row in rows) == sorted(self.ids)
        wrong = {row.id: (row.kind, row.status, row.error) for row in rows if row.status != OperationStatus.COMPLETED}
        assert wrong == {}
        assert open_ == 0
        assert (len(stored), len(set(stored))) == (_employed(rows), _employed(rows))
        for row in rows:
            assert _whole(row.kind, row.result), (row.kind, row.result)


def _employed(rows: Sequence[sa.Row[Any]]) -> int:
    """How many people the syncs found, all of them the same."""
    (total,) = {row.result["total"] for row in rows if row.kind == "personnel_sync"}
    return int(total)


def _whole(kind: str, result: Json) -> bool:
    """Whether the result tells of all of the work, however often it was interrupted."""
    if kind == "schedule_upload":
        return bool(result["status"] == "success" and result["employees_processed"] == CREW)
    if kind == "fact_transfer":
        return bool(result["taken"] == SHIFTS)
    if kind == "timesheet_request":
        return bool(result["timesheets"] == 60)
    if kind == "personnel_sync":
        return bool(sum(result["batches"]) == result["total"])
    if kind == "site_transfer":
        return bool(result["shifts"] == 0)  # no site has told of anything
    return bool(result["rows"] >= 0)


def _steady(hired: dt.date, dismissed: dt.date | None) -> bool:
    return hired <= WINDOW[0] and dismissed is None
