"""Whom reports are about: Central's employees, or 1C's list of today where no sync has run yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.gateway.personnel.mapping import Unmapped, employee
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports.month import Month
from argus_wfm.gateway.storage.tables import employees
from argus_wfm.json_type import Json

FETCHED = 1000
COLUMNS = [employees.c[name] for name in Employee.__slots__]
UNSYNCED = "Синхронизации персонала ещё не было: список сотрудников взят из 1С на сегодня."


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the rows of reports come from; `now` is aware UTC."""

    engine: sa.Engine
    now: Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Staff:
    """Employees by their number in 1C, and what a reader has to know of the list."""

    people: tuple[Employee, ...]
    notes: tuple[str, ...] = field(default=())


def of_month(sources: Sources, job: Job, month: Month) -> Staff:
    """Who was employed on some day of it."""
    if not is_empty(sources):
        return Staff(tuple(stored(sources, employed_in(month))))
    today = sources.now().astimezone(MOSCOW).date()
    listed = job.upstream.get_agents(job.claimed, today.isoformat())["agents"]
    people = sorted(filter(None, map(_mapped, listed)), key=lambda one: one.employee_code)
    return Staff(tuple(one for one in people if one.hire_date <= month.last), (UNSYNCED,))


def is_empty(sources: Sources) -> bool:
    """Whether no sync has brought anybody yet."""
    return count(sources, sa.true()) == 0


def count(sources: Sources, chosen: sa.ColumnElement[bool]) -> int:
    """Employees that the condition takes."""
    query = sa.select(sa.func.count()).select_from(employees).where(chosen)
    with sources.engine.connect() as connection:
        return connection.scalar(query) or 0


def stored(sources: Sources, chosen: sa.ColumnElement[bool]) -> Iterator[Employee]:
    """Employees that the condition takes, by their number, read as they are used."""
    e = employees.c
    query = sa.select(*COLUMNS).where(chosen).order_by(e.employee_code, e.external_employee_id)
    with sources.engine.connect().execution_options(yield_per=FETCHED) as connection:
        for row in connection.execute(query):
            yield Employee(*row)


def employed_in(month: Month) -> sa.ColumnElement[bool]:
    """Who was employed on some day of it; the day of inactivity is the first one off."""
    e = employees.c
    stays = sa.or_(e.active, e.inactive_from > month.first)
    return sa.and_(e.hire_date <= month.last, stays)


def full_name(person: Employee) -> str:
    """Фамилия Имя Отчество."""
    return " ".join(filter(None, (person.last_name, person.first_name, person.middle_name)))


def _mapped(agent: Json) -> Employee | None:
    try:
        return employee(agent)
    except Unmapped:
        return None


def this_month(sources: Sources) -> Month:
    """Of today in Moscow."""
    today = sources.now().astimezone(MOSCOW)
    return Month(today.year, today.month)
