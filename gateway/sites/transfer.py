"""The sites' actual work time of a month into 1C: one sendFactWorkTime for each employee and day, over all sites.

1C keeps one presence for an employee's day, so whatever any site told of that day goes out together, again if more of
it becomes known. The key of a call is made of its shifts, so that a repeat of any kind is done once. An employee whom
1C refuses keeps nobody else from it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.errors import UpstreamRejected
from argus_wfm.gateway.queue.job import Job, batches
from argus_wfm.gateway.sites.actuals import in_month
from argus_wfm.gateway.sites.registry import SiteRegistry
from argus_wfm.gateway.storage.tables import actuals, employees
from argus_wfm.json_type import Json

Row = sa.Row[Any]
INITIATOR = "Argus"
PERIOD = dt.timedelta(minutes=15)  # of loginfo, as the vendor has it
DAY = dt.timedelta(days=1)
a, e = actuals.c, employees.c


class Consolidation:
    """The act of site_transfer; unknown employees wait until a sync has brought them."""

    def __init__(self, engine: sa.Engine, sites: SiteRegistry, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._sites, self._now = engine, sites, now

    def run(self, job: Job) -> dict[str, Json]:
        """Shifts that an earlier attempt has brought over are not sent again."""
        period, number = job.payload()["period"], job.claimed.number
        done, waiting = self._counted(number, period)
        total = done + sum(waiting.values())
        job.queue.progress(number, done=done, total=total)
        for crew in batches(sorted(waiting), job.claimed.kind.batch):
            job.check()
            for employee_id in crew:
                self._bring(job, employee_id, period)
                done += waiting[employee_id]
            job.queue.progress(number, done=done, total=total)
        return self._summary(number, period)

    def _counted(self, number: int, period: str) -> tuple[int, dict[str, int]]:
        """Shifts that this operation has brought over, and those that wait, by employee."""
        mine = sa.select(sa.func.count()).where(a.operation == number, a.transferred_at.is_not(None))
        query = sa.select(a.employee_id, sa.func.count()).join_from(actuals, employees, e.employee_id == a.employee_id)
        query = query.where(in_month(period), a.transferred_at.is_(None)).group_by(a.employee_id)
        with self._engine.connect() as connection:
            return connection.scalar(mine) or 0, {row[0]: row[1] for row in connection.execute(query)}

    def _bring(self, job: Job, employee_id: str, period: str) -> None:
        """Every day of the employee that has something new in it."""
        agent_id, days = self._days(employee_id, period)
        for shifts in days:
            body = self._body(agent_id, shifts)
            refusal = None
            try:
                reply = job.upstream.post(job.claimed, "sendFactWorkTime", body, _key(body, shifts))
                refusal = None if reply["result"] else "1C made no document of it (result false)"
            except UpstreamRejected as error:
                refusal = f"{error.code}: {error}"
            self._keep(job.claimed.number, shifts, refusal)

    def _days(self, employee_id: str, period: str) -> tuple[str, list[list[Row]]]:
        """The agent in 1C, and all shifts of each day, as the employee's own site counts days, with one to bring."""
        who = sa.select(e.external_employee_id, e.department_id).where(e.employee_id == employee_id)
        first = dt.date.fromisoformat(f"{period}-01")
        near = a.date.between(first - DAY, first + 32 * DAY)
        mine = sa.select(actuals).where(a.employee_id == employee_id, near).order_by(a.start_at, a.number)
        with self._engine.connect() as connection:
            agent_id, department = connection.execute(who).one()
            rows = connection.execute(mine).all()
        by_day: dict[dt.date, list[Row]] = {}
        for row in rows:
            home = self._sites.of_department.get(department) or self._sites[row.site]
            by_day.setdefault(home.local(row.start_at).date(), []).append(row)
        return agent_id, [shifts for shifts in by_day.values() if any(_waits(row, period) for row in shifts)]

    def _body(self, agent_id: str, shifts: Sequence[Row]) -> Json:
        """With the offset of the site it was told from: whoever reads the date alone reads the right one."""
        first = shifts[0]
        site = self._sites[first.site]
        return {
            "agentId": agent_id,
            "initiator_name": INITIATOR,
            "date_start": site.local(first.start_at).isoformat(timespec="seconds"),
            "loginfo": [period for row in shifts for period in self._periods(row)],
        }

    def _periods(self, row: Row) -> Iterator[Json]:
        site, start = self._sites[row.site], row.start_at
        while start < row.end_at:
            end = min(start + PERIOD, row.end_at)
            milliseconds = (end - start) // dt.timedelta(milliseconds=1)
            yield {"start": site.local(start).isoformat(timespec="seconds"), "time": milliseconds}
            start = end

    def _keep(self, number: int, shifts: Sequence[Row], refusal: str | None) -> None:
        told: dict[str, Any] = {"operation": number, "refusal": refusal}
        told["transferred_at"] = None if refusal else self._now()
        with self._engine.begin() as connection:
            numbers = [row.number for row in shifts]
            connection.execute(actuals.update().where(a.number.in_(numbers)).values(told))

    def _summary(self, number: int, period: str) -> dict[str, Json]:
        """Over all attempts."""
        mine = a.operation == number
        by_site = sa.select(a.site, sa.func.count()).where(mine, a.transferred_at.is_not(None)).group_by(a.site)
        people = sa.select(sa.func.count(a.employee_id.distinct())).where(mine, a.transferred_at.is_not(None))
        refused = sa.select(sa.func.count()).select_from(actuals).where(mine, a.refusal.is_not(None))
        strangers = a.employee_id.not_in(sa.select(e.employee_id))
        unknown = sa.select(sa.func.count()).select_from(actuals).where(in_month(period), strangers)
        with self._engine.connect() as connection:
            sites = {row[0]: row[1] for row in connection.execute(by_site.order_by(a.site))}
            return {
                "period": period,
                "sites": sites,
                "shifts": sum(sites.values()),
                "employees": connection.scalar(people),
                "refused": connection.scalar(refused),
                "unknown": connection.scalar(unknown),
            }


def _waits(row: Row, period: str) -> bool:
    return row.transferred_at is None and row.date.isoformat().startswith(period)


def _key(body: Json, shifts: Sequence[Row]) -> str:
    """The same for the same shifts of the same agent, in whichever operation."""
    told = [body["agentId"], *(f"{row.site}/{row.shift_id}" for row in shifts)]
    return f"site-{hashlib.sha256(chr(0).join(told).encode()).hexdigest()[:40]}"
