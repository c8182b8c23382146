"""Whom to ask about and when: taken from the host itself, so that scenarios run on any host."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

import pytest
from pytest_bdd import given, parsers

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.target import Target
from argus_wfm.json_type import Json

JULY = ("2025-07-01", "2025-07-31")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month."""

    first: dt.date

    @property
    def last(self) -> dt.date:
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    def day(self, text: str) -> dt.date:
        """The day of a number, or of "last"."""
        return self.last if text == "last" else self.first.replace(day=int(text))


@pytest.fixture
def next_month(target: Target) -> Month:
    """The host's next calendar month, which no host has closed."""
    return Month((target.today().replace(day=28) + 4 * DAY).replace(day=1))


@given(parsers.re(r"(?P<count>\d+) employees? who works? all of next month"), target_fixture="employees")
def employees(target: Target, next_month: Month, count: str) -> list[str]:
    """Listed on the month's first day and on its last."""
    on_last = {agent["agent_id"] for agent in listed(target, next_month.last, next_month.last)}
    staying = [agent["agent_id"] for agent in listed(target, next_month.first, next_month.first)]
    found = [agent_id for agent_id in staying if agent_id in on_last][: int(count)]
    return enough(found, int(count), f"who work all of {next_month.first:%Y-%m}")


@given(parsers.parse("an employee hired before {day}"), target_fixture="employee")
def employee(target: Target, day: str) -> str:
    """Somebody still employed today."""
    today = target.today()
    found = [agent["agent_id"] for agent in listed(target, today, today) if agent["start_work"] < day]
    return enough(found[:1], 1, f"hired before {day} and still employed on {today}")[0]


@given(parsers.parse("up to {count:d} agents of July 2025"), target_fixture="employees")
def some_of_july(target: Target, count: int) -> list[str]:
    return enough(_of_july(target)[:count], 1, "in July 2025")


@given(parsers.parse("{count:d} agents of July 2025"), target_fixture="employees")
def just_so_many_of_july(target: Target, count: int) -> list[str]:
    return enough(_of_july(target)[:count], count, "in July 2025")


@given(parsers.parse("all agents of July 2025, at most {count:d}"), target_fixture="employees")
def all_of_july(target: Target, count: int) -> list[str]:
    return enough(_of_july(target)[:count], 1, "in July 2025")


def listed(target: Target, first: dt.date | str, last: dt.date | str) -> list[Json]:
    """The agents of a period; a host without them fails here, by name."""
    agents: list[Json] = target.personnel.get(f"/agents/{first}/{last}").require(200)["agents"]
    return agents


def enough(found: list[str], needed: int, who: str) -> list[str]:
    """Raises CouldNotTest when the host has fewer."""
    if len(found) < needed:
        people = "employee" if needed == 1 else "employees"
        raise CouldNotTest(f"needs {needed} {people} {who}; the host lists {len(found)}")
    return found


def _of_july(target: Target) -> list[str]:
    return [agent["agent_id"] for agent in listed(target, *JULY)]
