"""Personnel sync: 1C's staff of today into the central store, in batches, changes only (seed 5, 6, 8, 9; A41).

Who was listed before and is not now, in a reply that is whole, is inactive from the day that was asked for. A reply
that is empty, counts itself wrong or shrinks the staff by more than a setting allows deactivates nobody: the sync
fails.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.errors import BadUpstreamResponse
from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.gateway.personnel.mapping import Unmapped, central_id, employee
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.queue.job import Job, batches
from argus_wfm.gateway.storage.tables import operations, sync_runs
from argus_wfm.json_type import Json

DIGESTED = 1000
TOLD = 100  # rejected records that a run names


@dataclass(frozen=True, slots=True)
class Walk:
    """Ids met so far in one reply: 1C's, and Central's made of them."""

    agents: set[str]
    employees: set[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one batch comes to."""

    created: list[Employee]
    updated: list[Employee]
    unchanged: int
    rejections: list[dict[str, str]]


class PersonnelSync:
    """`shrinkage` is the share of the active staff that may be missing from a reply; `on_success` empties caches."""

    def __init__(
        self,
        engine: sa.Engine,
        employees: Employees,
        now: Callable[[], dt.datetime],
        *,
        shrinkage: float,
        on_success: Callable[[], None],
    ) -> None:
        self._engine, self._employees, self._now = engine, employees, now
        self._shrinkage, self._on_success = shrinkage, on_success

    def run(self, job: Job) -> dict[str, Json]:
        """Raises BadUpstreamResponse for a reply that is not whole."""
        number = job.claimed.number
        day = self._now().astimezone(MOSCOW).date()
        reply = job.upstream.get_agents(job.claimed, day.isoformat())
        agents: list[Json] = reply["agents"]
        active = self._employees.active()
        self._check(reply, agents, active)
        finished = self._open(number, day, agents)
        job.queue.progress(number, done=sum(finished), total=len(agents))
        walk = Walk(set(), set())
        for index, part in enumerate(batches(agents, job.claimed.kind.batch)):
            if index < len(finished):
                walk.agents.update(agent["agent_id"] for agent in part)
                continue
            job.check()
            self._store(number, part, walk)
        self._close(number, sorted(active - walk.agents), day)
        self._on_success()
        return self._summary(number)

    def _check(self, reply: Json, agents: Sequence[Json], active: set[str]) -> None:
        if reply["total_count"] != len(agents):
            raise _not_whole(f"total_count is {reply['total_count']}, the reply lists {len(agents)} agents")
        if not agents:
            raise _not_whole("the reply lists nobody")
        missing = len(active.difference(agent["agent_id"] for agent in agents))
        if missing > self._shrinkage * len(active):
            raise _not_whole(f"{missing} of {len(active)} active employees are missing, over {self._shrinkage:.0%}")

    def _open(self, number: int, day: dt.date, agents: Sequence[Json]) -> list[int]:
        """Sizes of the batches that an earlier attempt has finished, of this very reply and day."""
        digest = _digest(agents)
        with self._engine.begin() as connection:
            run = connection.execute(sa.select(sync_runs).where(sync_runs.c.operation == number)).one_or_none()
            if run and (run.digest, run.day) == (digest, day):
                return list(run.batches)
            fresh = {"day": day, "digest": digest, "total": len(agents), "batches": [], "unchanged": 0}
            fresh |= {"rejected": 0, "rejections": [], "finished_at": None}
            if run:  # another reply: what was written stays written and counted, the walk begins anew
                connection.execute(sync_runs.update().where(sync_runs.c.operation == number).values(fresh))
            else:
                connection.execute(sync_runs.insert().values(operation=number, started_at=self._now(), **fresh))
        return []

    def _store(self, number: int, part: Sequence[Json], walk: Walk) -> None:
        """One batch: records, counts and progress in one transaction."""
        taken = self._taken(part, walk)
        r = sync_runs.c
        with self._engine.begin() as connection:
            self._employees.write(connection, taken.created, taken.updated)
            query = sa.select(r.batches, r.rejections).where(r.operation == number).with_for_update()
            done, told = connection.execute(query).one()
            connection.execute(
                sync_runs.update()
                .where(r.operation == number)
                .values(
                    batches=[*done, len(part)],
                    created=r.created + len(taken.created),
                    updated=r.updated + len(taken.updated),
                    unchanged=r.unchanged + taken.unchanged,
                    rejected=r.rejected + len(taken.rejections),
                    rejections=[*told, *taken.rejections][:TOLD],
                )
            )
            done_now = sum(done) + len(part)
            connection.execute(operations.update().where(operations.c.number == number).values(done=done_now))

    def _taken(self, part: Sequence[Json], walk: Walk) -> Taken:
        ids = [agent["agent_id"] for agent in part]
        known = self._employees.known(ids)
        owners = self._employees.owners([central_id(id_) for id_ in ids])
        created, updated, rejections, unchanged = [], [], [], 0
        for agent in part:
            try:
                record = _mapped(agent, walk, owners)
            except Unmapped as error:
                rejections.append({"agent_id": agent["agent_id"], "reason": str(error)})
                continue
            before = known.get(record.external_employee_id)
            if before is None:
                created.append(record)
            elif before == record:
                unchanged += 1
            else:
                updated.append(record)
        return Taken(created, updated, unchanged, rejections)

    def _close(self, number: int, gone: Sequence[str], day: dt.date) -> None:
        r = sync_runs.c
        with self._engine.begin() as connection:
            self._employees.deactivate(connection, gone, day)
            counted = r.deactivated + len(gone)
            closed = sync_runs.update().where(r.operation == number)
            connection.execute(closed.values(finished_at=self._now(), deactivated=counted))

    def _summary(self, number: int) -> dict[str, Json]:
        names = ("total", "batches", "created", "updated", "deactivated", "unchanged", "rejected")
        query = sa.select(*(sync_runs.c[name] for name in names)).where(sync_runs.c.operation == number)
        with self._engine.connect() as connection:
            row = connection.execute(query).one()
        return {name: getattr(row, name) for name in names}


def _mapped(agent: Json, walk: Walk, owners: Mapping[str, str]) -> Employee:
    """Raises Unmapped."""
    agent_id = agent["agent_id"]
    if agent_id in walk.agents:
        raise Unmapped("listed twice; the first record was taken")
    walk.agents.add(agent_id)
    record = employee(agent)
    if record.employee_id in walk.employees or owners.get(record.employee_id, agent_id) != agent_id:
        raise Unmapped(f"Central's id for it, {record.employee_id}, belongs to another agent")
    walk.employees.add(record.employee_id)
    return record


def _digest(agents: Sequence[Json]) -> str:
    """The same for the same list; by parts, since the whole may be large."""
    whole = hashlib.sha256()
    for part in batches(agents, DIGESTED):
        whole.update(orjson.dumps(part))
    return whole.hexdigest()


def _not_whole(said: str) -> BadUpstreamResponse:
    return BadUpstreamResponse(
        f"1C ZUP's list of agents is not whole: {said}. Nobody was deactivated.", last_error=said
    )
