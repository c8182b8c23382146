"""Actual work time that sites push: stored in UTC, counted on the site's date, each shift once (A32, A44)."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway.personnel.mapping import central_id
from argus_wfm.gateway.sites.registry import NoSuchWallTime, Site
from argus_wfm.gateway.storage.database import take_turn
from argus_wfm.gateway.storage.tables import actuals
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import exact, instant

LOCK = 0x73697400  # of an advisory lock, and the site's own number in it
LONGEST = dt.timedelta(hours=24)
ASKED = 500  # shifts looked up at once


@dataclass(frozen=True, slots=True)
class Actual:
    """One shift somebody has worked: instants in UTC, `date` as the site's calendar has its start."""

    shift_id: str
    sequence: int | None
    employee_id: str
    start_at: dt.datetime
    end_at: dt.datetime
    date: dt.date

    @classmethod
    def of(cls, site: Site, given: Mapping[str, Json]) -> Actual:
        """Raises RefusedShift for times that cannot be."""
        try:
            start, end = site.moment(given["start"]), site.moment(given["end"])
        except NoSuchWallTime as error:
            raise RefusedShift(given["shift_id"], error.code, str(error)) from error
        if not dt.timedelta(0) < end - start:
            raise RefusedShift(given["shift_id"], "SHIFT_ENDS_BEFORE_START", "It ends at or before its start.")
        if end - start > LONGEST:
            raise RefusedShift(given["shift_id"], "SHIFT_TOO_LONG", "It is longer than 24 hours.")
        who = central_id(given["employee_id"])
        return cls(given["shift_id"], given.get("sequence"), who, start, end, site.local(start).date())

    def row(self) -> dict[str, Any]:
        """Column by column."""
        return asdict(self)

    def facts(self) -> tuple[Json, ...]:
        """What two tellings of one shift have to agree in."""
        return self.sequence, self.employee_id, self.start_at, self.end_at


class RefusedShift(Exception):
    """One shift of a push that is not taken; the others are."""

    def __init__(self, shift_id: str, code: str, message: str) -> None:
        super().__init__(message)
        self.row = {"shift_id": shift_id, "code": code, "message": message}


class Actuals:
    """Safe to share between threads and processes."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._now = engine, now

    def take(self, site: Site, pushed: Sequence[Mapping[str, Json]]) -> Json:
        """Of a push: how many shifts are new, how many were known, and which were refused for what."""
        good: dict[str, Actual] = {}
        repeats: list[str] = []
        refused: list[Json] = []
        with self._engine.begin() as connection:
            take_turn(connection, LOCK + zlib.crc32(site.id.encode()))
            known = _known(connection, site, [given["shift_id"] for given in pushed])
            for given in pushed:
                try:
                    actual = Actual.of(site, given)
                    before = known.get(actual.shift_id) or good.get(actual.shift_id)
                    if before is None:
                        good[actual.shift_id] = actual
                    elif before.facts() == actual.facts():
                        repeats.append(actual.shift_id)
                    else:
                        raise RefusedShift(actual.shift_id, "SHIFT_CHANGED", "It was told of before, with other times.")
                except RefusedShift as error:
                    refused.append(error.row)
            self._write(connection, site, list(good.values()), repeats)
        return {"taken": len(good), "duplicates": len(repeats), "refused": refused}

    def _write(self, connection: sa.Connection, site: Site, new: Sequence[Actual], repeats: Sequence[str]) -> None:
        now = self._now()
        stamp = {"site": site.id, "received_at": now, "repeats": 0}
        if new:
            rows = [one.row() | stamp | {"late_s": int((now - one.end_at).total_seconds())} for one in new]
            connection.execute(actuals.insert(), rows)
        if repeats:
            again = actuals.update().where(actuals.c.site == site.id, actuals.c.shift_id == sa.bindparam("again"))
            counted = again.values(repeats=actuals.c.repeats + 1)
            connection.execute(counted, [{"again": shift_id} for shift_id in repeats])

    def page(self, site: Site, period: str | None, *, after: int, limit: int) -> Json:
        """Of one site, as they were received; of a month by the site's dates."""
        a = actuals.c
        query = sa.select(actuals).where(a.site == site.id, a.number > after).order_by(a.number).limit(limit + 1)
        if period:
            query = query.where(in_month(period))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        items = [shown(site, row) for row in rows[:limit]]
        return {"items": items, "next": str(rows[limit - 1].number) if len(rows) > limit else None}


def in_month(period: str) -> sa.ColumnElement[bool]:
    """Of a month YYYY-MM, by the sites' own dates."""
    first = dt.date.fromisoformat(f"{period}-01")
    following = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return sa.and_(actuals.c.date >= first, actuals.c.date < following)


def shown(site: Site, row: sa.Row[Any]) -> Json:
    """As openapi/operations.yaml has it."""
    return {
        "shift_id": row.shift_id,
        "employee_id": row.employee_id,
        "date": row.date.isoformat(),
        "start_at": instant(row.start_at),
        "end_at": instant(row.end_at),
        "local_start": site.local(row.start_at).isoformat(timespec="seconds"),
        "local_end": site.local(row.end_at).isoformat(timespec="seconds"),
        "sequence": row.sequence,
        "received_at": exact(row.received_at),
        "late_s": row.late_s,
        "repeats": row.repeats,
        "transferred_at": row.transferred_at and exact(row.transferred_at),
        "refusal": row.refusal,
    }


def _known(connection: sa.Connection, site: Site, shift_ids: Sequence[str]) -> dict[str, Actual]:
    a, found = actuals.c, dict[str, Actual]()
    columns = [a[name] for name in Actual.__slots__]
    for start in range(0, len(shift_ids), ASKED):
        some = a.shift_id.in_(shift_ids[start : start + ASKED])
        for row in connection.execute(sa.select(*columns).where(a.site == site.id, some)):
            found[row.shift_id] = Actual(*row)
    return found
