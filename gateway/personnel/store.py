"""The central employee store: what a sync compares with, and what the operations API lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.gateway.storage.tables import employees
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import EmployeeNotFound, instant

FIELDS = tuple(name for name in Employee.__slots__)


class Employees:
    """Safe to share between threads."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._now = engine, now

    def known(self, external_ids: Sequence[str]) -> dict[str, Employee]:
        """By external id, of those that are asked for."""
        query = sa.select(*(employees.c[name] for name in FIELDS)).where(
            employees.c.external_employee_id.in_(external_ids)
        )
        with self._engine.connect() as connection:
            return {row.external_employee_id: Employee(*row) for row in connection.execute(query)}

    def owners(self, employee_ids: Sequence[str]) -> dict[str, str]:
        """External id by Central's, of those that are asked for."""
        e = employees.c
        query = sa.select(e.employee_id, e.external_employee_id).where(e.employee_id.in_(employee_ids))
        with self._engine.connect() as connection:
            return {row.employee_id: row.external_employee_id for row in connection.execute(query)}

    def active(self) -> set[str]:
        """External ids of those who are."""
        query = sa.select(employees.c.external_employee_id).where(employees.c.active)
        with self._engine.connect() as connection:
            return set(connection.scalars(query))

    def write(self, connection: sa.Connection, created: Iterable[Employee], updated: Iterable[Employee]) -> None:
        """Inside of the caller's transaction."""
        stamp = {"updated_at": self._now()}
        if rows := [{**one.row(), **stamp} for one in created]:
            connection.execute(_upsert(connection), rows)
        if rows := [{**one.row(), **stamp, "key": one.external_employee_id} for one in updated]:
            values: dict[str, Any] = {name: sa.bindparam(name) for name in (*FIELDS, "updated_at")}
            matching = employees.c.external_employee_id == sa.bindparam("key")
            connection.execute(employees.update().where(matching).values(values), rows)

    def deactivate(self, connection: sa.Connection, external_ids: Sequence[str], day: dt.date) -> None:
        """From `day` on; inside of the caller's transaction."""
        values = {"active": False, "inactive_from": day, "updated_at": self._now()}
        for start in range(0, len(external_ids), 500):
            some = employees.c.external_employee_id.in_(external_ids[start : start + 500])
            connection.execute(employees.update().where(some).values(values))

    def one(self, any_id: str) -> Json:
        """By Central's id or 1C's. Raises EmployeeNotFound."""
        e = employees.c
        query = sa.select(employees).where(sa.or_(e.employee_id == any_id, e.external_employee_id == any_id))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise EmployeeNotFound(f"Central knows no employee {any_id}.", field="employeeId")
        return shown(next((row for row in rows if row.employee_id == any_id), rows[0]))

    def page(self, *, active: bool | None, after: str, limit: int, departments: Sequence[str] | None = None) -> Json:
        """By employee_id, after the one that the page before ended with; of these departments, or of all."""
        e = employees.c
        query = sa.select(employees).where(e.employee_id > after).order_by(e.employee_id).limit(limit + 1)
        if active is not None:
            query = query.where(e.active == active)
        counts = sa.select(sa.func.count(), sa.func.count().filter(e.active)).select_from(employees)
        if departments is not None:
            query, counts = (one.where(e.department_id.in_(departments)) for one in (query, counts))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            total, here = connection.execute(counts).one()
        items = [shown(row) for row in rows[:limit]]
        return {"items": items, "last": rows[limit - 1].employee_id if len(rows) > limit else None} | {
            "active": here,
            "total": total,
        }


def _upsert(connection: sa.Connection) -> sa.Insert:
    """Two syncs at once, of which one has lost its slot for a while, write the same."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(employees)
    changed = {name: insert.excluded[name] for name in (*FIELDS, "updated_at")}
    upsert: sa.Insert = insert.on_conflict_do_update(index_elements=[employees.c.employee_id], set_=changed)
    return upsert


def shown(row: sa.Row[Any]) -> Json:
    """As openapi/operations.yaml has it."""
    names = ("employee_id", "external_employee_id", "employee_code", "last_name", "first_name", "middle_name")
    return {
        **{name: getattr(row, name) for name in names},
        "position": {"id": row.position_id},
        "department": {"id": row.department_id},
        "hire_date": row.hire_date.isoformat(),
        "standard_hours": row.standard_hours,
        "fte_percentage": row.fte_percentage,
        "active": row.active,
        "inactive_from": row.inactive_from and row.inactive_from.isoformat(),
        "updated_at": instant(row.updated_at),
    }
