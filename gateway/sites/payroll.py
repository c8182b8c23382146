"""Payroll confirmations of 1C, and which sites each concerns (seed section 6, flow 4; A44)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from argus_wfm.gateway.errors import InvalidTransition
from argus_wfm.gateway.personnel.mapping import central_id
from argus_wfm.gateway.sites.actuals import in_month
from argus_wfm.gateway.sites.registry import Site, SiteRegistry
from argus_wfm.gateway.storage.database import take_turn
from argus_wfm.gateway.storage.tables import actuals, confirmed_employees, employees, payroll_confirmations
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import exact, instant

LOCK = 0x70617972  # confirmations are numbered in the order in which they are committed
ASKED = 500
NAMED = 100  # employees of no site that a reply names
NOWHERE = ""  # the site of those


class Payroll:
    """Safe to share between threads and processes."""

    def __init__(self, engine: sa.Engine, sites: SiteRegistry, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._sites, self._now = engine, sites, now

    def confirm(self, given: Json) -> Json:
        """For every site it concerns; a repeat changes nothing. Raises InvalidTransition for other content."""
        who = sorted({central_id(one) for one in given["employee_ids"]})
        moment = dt.datetime.fromisoformat(given["confirmed_at"])
        content = orjson.dumps([given["period"], exact(moment), who])
        digest, document_id = hashlib.sha256(content).hexdigest(), given["document_id"]
        p = payroll_confirmations.c
        with self._engine.begin() as connection:
            take_turn(connection, LOCK)
            query = sa.select(p.number, p.digest).where(p.document_id == document_id)
            before = connection.execute(query).one_or_none()
            if before is None:
                row = {"document_id": document_id, "digest": digest, "period": given["period"]}
                row |= {"confirmed_at": moment, "received_at": self._now()}
                inserted = payroll_confirmations.insert().values(row).returning(p.number)
                number: int = connection.execute(inserted).scalar_one()
                self._address(connection, number, given["period"], who)
            elif before.digest != digest:
                raise InvalidTransition(f"Document {document_id} was confirmed before with another content.")
            else:
                number = before.number
            return {"document_id": document_id, "duplicate": before is not None, **self._reached(connection, number)}

    def page(self, site: Site, *, after: int, limit: int) -> Json:
        """What a site has to know, the oldest first."""
        p, c = payroll_confirmations.c, confirmed_employees.c
        mine = sa.exists().where(c.confirmation == p.number, c.site == site.id)
        query = sa.select(payroll_confirmations).where(mine, p.number > after).order_by(p.number).limit(limit + 1)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            numbers = [row.number for row in rows[:limit]]
            people = sa.select(c.confirmation, c.employee_id).where(c.site == site.id, c.confirmation.in_(numbers))
            told: dict[int, list[str]] = {}
            for number, employee_id in connection.execute(people.order_by(c.employee_id)):
                told.setdefault(number, []).append(employee_id)
        items = [_shown(row, told[row.number]) for row in rows[:limit]]
        return {"items": items, "next": str(rows[limit - 1].number) if len(rows) > limit else None}

    def _address(self, connection: sa.Connection, number: int, period: str, who: Sequence[str]) -> None:
        """To the site of each employee, and to every site where the employee has worked in the period."""
        concerned: set[tuple[str, str]] = set()
        for start in range(0, len(who), ASKED):
            some = who[start : start + ASKED]
            places = {*self._at_home(connection, some), *self._at_work(connection, period, some)}
            reached = {employee_id for employee_id, _ in places}
            concerned |= places | {(one, NOWHERE) for one in some if one not in reached}
        rows = [{"confirmation": number, "site": site, "employee_id": one} for one, site in sorted(concerned)]
        connection.execute(confirmed_employees.insert(), rows)

    def _at_home(self, connection: sa.Connection, who: Sequence[str]) -> Iterable[tuple[str, str]]:
        e = employees.c
        query = sa.select(e.employee_id, e.department_id).where(e.employee_id.in_(who))
        for employee_id, department in connection.execute(query):
            if department in self._sites.of_department:
                yield employee_id, self._sites.of_department[department].id

    def _at_work(self, connection: sa.Connection, period: str, who: Sequence[str]) -> Iterable[tuple[str, str]]:
        a = actuals.c
        query = sa.select(a.employee_id, a.site).distinct().where(in_month(period), a.employee_id.in_(who))
        return ((row.employee_id, row.site) for row in connection.execute(query))

    def _reached(self, connection: sa.Connection, number: int) -> Json:
        c = confirmed_employees.c
        mine = c.confirmation == number
        counts: Counter[str] = Counter()
        for site, count in connection.execute(sa.select(c.site, sa.func.count()).where(mine).group_by(c.site)):
            counts[site] = count
        unplaced = sa.select(c.employee_id).where(mine, c.site == NOWHERE).order_by(c.employee_id).limit(NAMED)
        return {
            "sites": [{"id": site, "employees": counts[site]} for site in sorted(counts) if site != NOWHERE],
            "unassigned": list(connection.scalars(unplaced)),
        }


def _shown(row: sa.Row[Any], employee_ids: Sequence[str]) -> Json:
    return {
        "document_id": row.document_id,
        "period": row.period,
        "employee_ids": list(employee_ids),
        "confirmed_at": instant(row.confirmed_at),
        "received_at": exact(row.received_at),
        "cursor": str(row.number),
    }
