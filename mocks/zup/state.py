"""What the mock 1C remembers: people, schedule sheets, facts, given replies and calls; one lock around all of it."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, replace
from typing import Any, Protocol

import orjson

from argus_wfm.json_type import Json
from argus_wfm.mocks import people
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.people import Person
from argus_wfm.mocks.zup import timesheet
from argus_wfm.mocks.zup.calendar import Calendar
from argus_wfm.mocks.zup.schedules import Registry, ScheduleSheet
from argus_wfm.mocks.zup.shifts import Interval
from argus_wfm.openapi import Call
from argus_wfm.openapi.errors import EmployeeNotFound, ValidationFailed

Facts = dict[dt.date, list[Interval]]


class Roster(Protocol):
    """Who works here: the cast, or the people of a host of others."""

    def cast(self, agents: int, seed: int, /) -> Iterable[Person]:
        """Everybody, numbered from 1 on."""

    def hire(self, employed: list[Person], seed: int, day: dt.date, /) -> Person:
        """The next one."""


class ZupState:
    """Take `lock` around what reads or changes it; nothing waits while holding it."""

    def __init__(self, *, seed: int, agents: int, clock: Clock, calendar: Calendar, roster: Roster = people) -> None:
        self.clock, self.calendar, self._roster = clock, calendar, roster
        self.lock = threading.RLock()
        self.seed, self.agents = seed, agents
        self.on_due: Callable[[], Awaitable[None]] = _nothing
        self.reset()

    def reset(self, seed: int | None = None, agents: int | None = None) -> None:
        """Back to the cast and to empty books; the clock is not touched."""
        with self.lock:
            self.seed = self.seed if seed is None else seed
            self.agents = self.agents if agents is None else agents
            self.people: list[Person] = []
            self.by_id: dict[str, Person] = {}
            for person in self._roster.cast(self.agents, self.seed):
                self._enrol(person)
            self._changed: set[int] = set()
            self.registry = Registry()
            self.facts: dict[int, Facts] = {}
            self.unconfirmed: dict[str, set[str]] = {}  # agents with facts that no payroll has yet, by month
            self.latest_fact = 0.0  # by the clock's elapsed()
            self.payroll: list[dict[str, Json]] = []  # documents, and what Central said of each
            self.calls: Counter[str] = Counter()
            self._replies: dict[tuple[str, str, str], tuple[bytes, Json]] = {}
            self._listed: dict[tuple[dt.date, dt.date], list[bytes]] = {}

    async def settle(self) -> None:
        """Until payroll that has fallen due is calculated."""
        await self.on_due()

    def present(self, person: Person, day: dt.date, presence: list[Interval]) -> None:
        """Facts of a day; payroll has to be calculated for it."""
        with self.lock:
            self.facts.setdefault(person.number, {})[day] = presence
            self.unconfirmed.setdefault(f"{day:%Y-%m}", set()).add(person.agent_id)
            self.latest_fact = self.clock.elapsed()

    def person(self, any_id: str, field: str) -> Person:
        """By either id (A23). Raises EmployeeNotFound naming the field that held it."""
        person = self.by_id.get(any_id)
        if person is None:
            raise EmployeeNotFound(f"1C knows no employee {any_id}.", field=field)
        return person

    def listed(self, start: dt.date, end: dt.date) -> list[bytes]:
        """Everyone employed on a day of the period, serialised once until the staff changes."""
        with self.lock:
            if (start, end) not in self._listed:
                listed = (person for person in self.people if person.employed_within(start, end))
                self._listed[start, end] = [orjson.dumps(agent(person)) for person in listed]
            return self._listed[start, end]

    def book(self, person: Person) -> timesheet.EmployeeRecord:
        """A person's plan, facts and absences, as the time sheet reads them."""
        sheets = {month: sheet.shifts for month, sheet in self.registry.of(person).items()}
        facts = self.facts.get(person.number, {})
        return timesheet.EmployeeRecord(person, sheets, facts, self.calendar, self.clock.today(), self.seed)

    def once(self, call: Call, act: Callable[[Call], Json]) -> Json:
        """Act, or give the reply that the same Idempotency-Key and body had before."""
        key = call.headers.get("idempotency-key")
        body = orjson.dumps(call.body, option=orjson.OPT_SORT_KEYS)
        with self.lock:
            self.calls[call.operation.id] += 1
            if key is None:
                return act(call)
            slot = call.principal, call.operation.id, key
            if slot not in self._replies:
                self._replies[slot] = body, act(call)
            first_body, reply = self._replies[slot]
        if first_body != body:
            raise ValidationFailed(
                f"Idempotency-Key {key} came with another body before; use a new key.", field="Idempotency-Key"
            )
        return reply

    def hire(self, day: dt.date) -> Person:
        """The next person of the cast, hired on `day`."""
        with self.lock:
            self._enrol(self._roster.hire(self.people, self.seed, day))
            self._changed.add(self.people[-1].number)
            self._listed.clear()
            return self.people[-1]

    def change(self, any_id: str, **fields: Any) -> Person:
        """Change fields of a person (norm_week, dismissed, …). Raises EmployeeNotFound."""
        with self.lock:
            old = self.person(any_id, "agent_id")
            new = replace(old, **fields)
            self.people[old.number - 1] = new
            self.by_id[new.agent_id] = self.by_id[new.employee_id] = new
            self._changed.add(new.number)
            self._listed.clear()
            return new

    def changed(self) -> dict[str, Person]:
        """Who was hired or changed since the last reset, by agent_id."""
        with self.lock:
            return {person.agent_id: person for person in (self.people[number - 1] for number in self._changed)}

    def view(self) -> dict[str, Json]:
        """What a test may look at: people, departments, sheets, facts and calls so far."""
        with self.lock:
            return {
                "seed": self.seed,
                "people": len(self.people),
                "employed_today": sum(person.employed_on(self.clock.today()) for person in self.people),
                "departments": [asdict(department) for department in people.departments()],
                "sheets": [
                    {"agent_id": self._agent_id(number), "month": f"{year}-{month:02d}"} | _summary(sheet)
                    for number, of_person in self.registry.sheets.items()
                    for (year, month), sheet in of_person.items()
                ],
                "facts": [
                    {"agent_id": self._agent_id(number), "date": day.isoformat()}
                    for number, of_person in self.facts.items()
                    for day in of_person
                ],
                "payroll": [dict(document) for document in self.payroll],
                "idempotency_keys": len(self._replies),
                "calls": dict(self.calls),
            }

    def _enrol(self, person: Person) -> None:
        self.people.append(person)
        self.by_id[person.agent_id] = self.by_id[person.employee_id] = person

    def _agent_id(self, number: int) -> str:
        return self.people[number - 1].agent_id


def agent(person: Person) -> dict[str, Json]:
    """A person as getAgents lists them."""
    return {
        "agent_id": person.agent_id,
        "tab_number": person.tab_number,
        "lastname": person.lastname,
        "firstname": person.firstname,
        "secondname": person.secondname,
        "position_id": person.position_id,
        "department_id": person.department_id,
        "start_work": person.hired.isoformat(),
        "norm_week": person.norm_week,
        "employment_rate": person.employment_rate,
    }


async def _nothing() -> None:
    """Nothing falls due with a 1C that confirms no payroll."""


def _summary(sheet: ScheduleSheet) -> dict[str, Json]:
    shifts = sum(len(of_day) for of_day in sheet.shifts.values())
    return {"document_id": sheet.number, "version": sheet.version, "shifts": shifts}
