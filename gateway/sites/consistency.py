"""Checks across the sites, of one month: what does not add up, is told twice, late or missing (seed section 6).

Everything is counted by the database; of each kind the first hundred are named, and all are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.sites.actuals import in_month
from argus_wfm.gateway.sites.registry import SiteRegistry
from argus_wfm.gateway.storage.tables import actuals, employees
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import exact, instant

NAMED = 100
a, e = actuals.c, employees.c


class Consistency:
    """Safe to share between threads; `late_s` after the end of a shift its actual work time is late."""

    def __init__(self, engine: sa.Engine, sites: SiteRegistry, late_s: float) -> None:
        self._engine, self._sites = engine, sites
        self._late_s = late_s

    def report(self, period: str) -> Json:
        """Of a month YYYY-MM by the sites' dates, as openapi/operations.yaml has it."""
        unknown = a.employee_id.not_in(sa.select(e.employee_id))
        with self._engine.connect() as connection:
            placed = self._placed(connection)
            sites = list(self._by_site(connection, period, placed))
            twice = self._on_two_sites(connection, period)
            found = {
                "on_two_sites": {"count": len(twice), "items": twice[:NAMED]},
                "overlaps": _told(connection, _overlaps(period), _overlap),
                "missing": _told(connection, _missing(), _gap),
                "late": _told(connection, _shifts(period, a.late_s >= self._late_s), _late),
                "unknown_employees": _told(connection, _shifts(period, unknown), _shift),
                "refused": _told(connection, _shifts(period, a.refusal.is_not(None)), _refused),
            }
        at_sites, central = sum(site["employees"] for site in sites), sum(placed.values())
        employed = {"central": central, "sites": at_sites, "unassigned": central - at_sites}
        faultless = not any(one["count"] for one in found.values()) and central == at_sites
        return {"period": period, "consistent": faultless, "employees": employed, "sites": sites, **found}

    def _placed(self, connection: sa.Connection) -> dict[str, int]:
        """Active employees by site; those of departments of no site under ""."""
        counts = {site.id: 0 for site in self._sites} | {"": 0}
        query = sa.select(e.department_id, sa.func.count()).where(e.active).group_by(e.department_id)
        for department, count in connection.execute(query):
            site = self._sites.of_department.get(department)
            counts[site.id if site else ""] += count
        return counts

    def _by_site(self, connection: sa.Connection, period: str, placed: dict[str, int]) -> Iterable[Json]:
        counts = (sa.func.count(), sa.func.sum(a.repeats), sa.func.count(a.transferred_at), sa.func.max(a.received_at))
        query = sa.select(a.site, *counts).where(in_month(period)).group_by(a.site)
        found = {row[0]: row[1:] for row in connection.execute(query)}
        for site in self._sites:
            told, repeats, transferred, received = found.get(site.id, (0, 0, 0, None))
            yield {
                "id": site.id,
                "employees": placed[site.id],
                "actuals": told,
                "repeats": int(repeats or 0),
                "transferred": transferred,
                "last_received_at": received and exact(received),
            }

    def _on_two_sites(self, connection: sa.Connection, period: str) -> list[Json]:
        """Whose actual work time comes from another site than their own, or whose personnel number is at two."""
        places: dict[str, set[str]] = {}
        query = sa.select(a.employee_id, a.site, e.department_id).distinct()
        joined = query.join_from(actuals, employees, e.employee_id == a.employee_id).where(in_month(period))
        for employee_id, site, department in connection.execute(joined):
            home = self._sites.of_department.get(department)
            places.setdefault(employee_id, {home.id} if home else set()).add(site)
        found = [
            {"employee_ids": [employee_id], "sites": sorted(sites), "because": "actuals"}
            for employee_id, sites in sorted(places.items())
            if len(sites) > 1
        ]
        return found + list(self._of_one_number(connection))

    def _of_one_number(self, connection: sa.Connection) -> Iterable[Json]:
        twice = sa.select(e.employee_code).where(e.active).group_by(e.employee_code).having(sa.func.count() > 1)
        query = sa.select(e.employee_code, e.employee_id, e.department_id)
        rows: dict[str, list[tuple[str, str]]] = {}
        for code, employee_id, department in connection.execute(query.where(e.active, e.employee_code.in_(twice))):
            site = self._sites.of_department.get(department)
            rows.setdefault(code, []).append((employee_id, site.id if site else ""))
        for _, held in sorted(rows.items()):
            sites = sorted({site for _, site in held if site})
            if len(sites) > 1:
                people = sorted(employee_id for employee_id, _ in held)
                yield {"employee_ids": people, "sites": sites, "because": "personnel_number"}


def _told(connection: sa.Connection, query: sa.Select[Any], shown: Callable[[sa.Row[Any]], Json]) -> Json:
    """All counted, the first of them named."""
    count = connection.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery()))
    return {"count": count, "items": [shown(row) for row in connection.execute(query.limit(NAMED))]}


def _overlaps(period: str) -> sa.Select[Any]:
    """Two shifts of one employee that share time, under two ids."""
    other = actuals.alias("other")
    o = other.c
    later = sa.or_(o.start_at > a.start_at, o.number > a.number)
    during = sa.and_(o.start_at >= a.start_at, o.start_at < a.end_at, o.number != a.number, later)
    names = (a.employee_id, a.site, a.shift_id, o.site.label("other_site"), o.shift_id.label("other_id"))
    query = sa.select(*names).join_from(actuals, other, sa.and_(o.employee_id == a.employee_id, during))
    return query.where(in_month(period)).order_by(a.number, o.number)


def _missing() -> sa.Select[Any]:
    """Numbers that a site has left out: what it told of is not all that it had. Of all time, not of a month."""
    before = sa.func.lag(a.sequence, 1, 0).over(partition_by=a.site, order_by=a.sequence).label("before")
    n = sa.select(a.site, a.sequence, before).where(a.sequence.is_not(None)).subquery().c
    return sa.select(n.site, n.before, n.sequence).where(n.sequence - n.before > 1).order_by(n.site, n.sequence)


def _shifts(period: str, chosen: sa.ColumnElement[bool]) -> sa.Select[Any]:
    columns = (a.site, a.shift_id, a.employee_id, a.date, a.end_at, a.received_at, a.late_s, a.refusal)
    return sa.select(*columns).where(in_month(period), chosen).order_by(a.number)


def _overlap(row: sa.Row[Any]) -> Json:
    pairs = ((row.site, row.shift_id), (row.other_site, row.other_id))
    return {
        "employee_id": row.employee_id,
        "shifts": [{"site": site, "shift_id": shift_id} for site, shift_id in pairs],
    }


def _gap(row: sa.Row[Any]) -> Json:
    return {"site": row.site, "first": row.before + 1, "last": row.sequence - 1}


def _shift(row: sa.Row[Any]) -> Json:
    who = {name: getattr(row, name) for name in ("site", "shift_id", "employee_id")}
    return {**who, "date": row.date.isoformat()}


def _late(row: sa.Row[Any]) -> Json:
    told = {"ended_at": instant(row.end_at), "received_at": exact(row.received_at), "late_s": row.late_s}
    return {**_shift(row), **told}


def _refused(row: sa.Row[Any]) -> Json:
    return {**_shift(row), "reason": row.refusal}
