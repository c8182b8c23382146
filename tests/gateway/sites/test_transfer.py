"""Actual work time of all sites into 1C: an employee's day is one call, each shift arrives once, on its own day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.errors import UpstreamDown, UpstreamRejected
from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.queue.job import Cancelled, HandedBack, Job
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.gateway.sites.actuals import Actuals
from argus_wfm.gateway.sites.registry import SiteRegistry
from argus_wfm.gateway.sites.transfer import Consolidation
from argus_wfm.gateway.storage.tables import actuals
from argus_wfm.json_type import Json
from tests.support.http_client import USER
from tests.support.operations import Time
from tests.support.sites import AT, edges, employee, shift

SITES = SiteRegistry.of_file(None)
AUGUST = {"period": "2025-08"}


class Zup:
    """1C as it keeps facts: one presence for an agent's day, by the key once; `refuses`, `fails`: what goes wrong."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, str], list[Json]] = {}
        self.calls: list[tuple[str, Json]] = []
        self.keys: dict[str, Json] = {}
        self.refuses: dict[str, Exception | bool] = {}
        self.fails: Callable[[int], bool] = lambda _number: False

    def get_agents(self, *_arguments: Any) -> Json:
        raise AssertionError("nobody asked for agents")

    def post(self, _claimed: Claimed, operation_id: str, body: Json, key: str | None = None) -> Json:
        assert operation_id == "sendFactWorkTime"
        assert key
        self.calls.append((key, body))
        if self.fails(len(self.calls)):
            raise UpstreamDown("1C ZUP answered 503.", last_error="1C ZUP answered 503")
        refusal = self.refuses.get(body["agentId"])
        if isinstance(refusal, Exception):
            raise refusal
        if refusal:
            return {"result": False, "doc": None}
        assert self.keys.setdefault(key, body) == body
        self.days[body["agentId"], body["date_start"][:10]] = body["loginfo"]
        return {"result": True, "doc": None}

    def hours(self) -> dict[tuple[str, str], float]:
        return {day: sum(one["time"] for one in loginfo) / 3_600_000 for day, loginfo in self.days.items()}


class Company:
    """Sites that push, and transfers of a month."""

    def __init__(self, queue: Queue, time: Time) -> None:
        self.queue, self.zup = queue, Zup()
        self.actuals = Actuals(queue.engine, time)
        self._act = Consolidation(queue.engine, SITES, time).run
        self.stopping = False

    def know(self, *people: Employee) -> None:
        with self.queue.engine.begin() as connection:
            Employees(self.queue.engine, self.queue.now).write(connection, people, ())

    def push(self, site: str, *shifts: Json) -> None:
        assert self.actuals.take(SITES[site], shifts)["refused"] == []

    def submit(self, payload: Json | None = None) -> Job:
        operation_id = self.queue.submit("site_transfer", payload or AUGUST, key=None, principal=USER, request_id="r")
        return self._job(operation_id, 0)

    def again(self, job: Job) -> Job:
        return self._job(job.claimed.id, job.claimed.turn + 1)

    def _job(self, operation_id: str, turn: int) -> Job:
        claimed = self.queue.begin(operation_id, turn)
        assert claimed
        return Job(claimed, self.queue, self.zup, lambda: self.stopping)

    def run(self, job: Job) -> Json:
        result = self._act(job)
        assert self.queue.finish(job.claimed, result)
        return result

    def transfer(self, payload: Json | None = None) -> Json:
        return self.run(self.submit(payload))


@pytest.fixture
def company(queue: Queue, time: Time) -> Company:
    return Company(queue, time)


def test_sites_merge_into_one_transfer(company: Company) -> None:
    company.know(employee(1), employee(2, "vladivostok"))
    company.push("moscow", shift(1))
    company.push("vladivostok", shift(1, "EMP002"))
    result = company.transfer()
    assert result == {
        "period": "2025-08",
        "sites": {"moscow": 1, "vladivostok": 1},
        "shifts": 2,
        "employees": 2,
        "refused": 0,
        "unknown": 0,
    }
    assert company.zup.hours() == {("MCE001", "2025-08-01"): 9.0, ("MCE002", "2025-08-01"): 9.0}
    starts = {body["agentId"]: body["date_start"] for _, body in company.zup.calls}
    assert starts == {"MCE001": "2025-08-01T09:00:00+03:00", "MCE002": "2025-08-01T09:00:00+10:00"}


def test_what_1c_has_is_not_sent_again(company: Company) -> None:
    company.know(employee(1))
    company.push("moscow", shift(1))
    assert company.transfer()["shifts"] == 1
    assert company.transfer()["shifts"] == 0
    assert len(company.zup.calls) == 1


def test_a_day_of_several_shifts_is_one_call_and_goes_whole_when_more_comes(company: Company) -> None:
    company.know(employee(1))
    company.push("moscow", shift(1, end="2025-08-01T12:00:00"), shift(2, start="2025-08-01T13:00:00"))
    company.transfer()
    assert company.zup.hours() == {("MCE001", "2025-08-01"): 8.0}
    company.push("moscow", shift(3, start="2025-08-01T20:00:00", end="2025-08-01T22:00:00"))
    company.transfer()
    assert company.zup.hours() == {("MCE001", "2025-08-01"): 10.0}
    assert len(company.zup.calls) == 2


def test_presence_goes_in_quarters_of_an_hour_and_what_is_left(company: Company) -> None:
    company.know(employee(1))
    company.push("moscow", shift(1, end="2025-08-01T09:40:00"))
    company.transfer()
    ((_, body),) = company.zup.calls
    assert [one["time"] // 60_000 for one in body["loginfo"]] == [15, 15, 10]


def test_work_at_another_site_counts_on_the_day_of_the_employees_own(company: Company) -> None:
    """09:00 on 1 August in Vladivostok is 02:00 in Moscow; with a shift of that Moscow day it is one presence."""
    company.know(employee(1, "moscow"))
    company.push("vladivostok", shift(1, end="2025-08-01T12:00:00"))
    company.push("moscow", shift(1, start="2025-08-01T20:00:00", end="2025-08-01T22:00:00"))
    company.transfer()
    ((_, body),) = company.zup.calls
    assert sum(one["time"] for one in body["loginfo"]) == 5 * 3_600_000


def test_an_employee_whom_1c_refuses_keeps_nobody_else_from_it(company: Company) -> None:
    company.know(employee(1), employee(2), employee(3))
    for number in (1, 2, 3):
        company.push("moscow", shift(number, f"EMP{number:03d}"))
    company.zup.refuses = {
        "MCE001": UpstreamRejected(404, "EMPLOYEE_NOT_FOUND", "1C knows no employee MCE001.", field="agentId"),
        "MCE002": True,
    }
    result = company.transfer()
    assert (result["shifts"], result["refused"]) == (1, 2)
    with company.queue.engine.connect() as connection:
        refusals = list(connection.scalars(sa.select(actuals.c.refusal).order_by(actuals.c.number)))
    assert refusals[0] == "EMPLOYEE_NOT_FOUND: 1C knows no employee MCE001."
    assert "result false" in refusals[1]
    company.zup.refuses = {}
    assert (company.transfer()["shifts"], company.transfer()["shifts"]) == (2, 0)


def test_unknown_employees_wait_until_central_knows_them(company: Company) -> None:
    company.push("moscow", shift(1, "MCE007"))
    assert company.transfer() == {
        "period": "2025-08", "sites": {}, "shifts": 0, "employees": 0, "refused": 0, "unknown": 1,
    }  # fmt: skip
    company.know(employee(7))
    assert company.transfer()["shifts"] == 1
    assert company.zup.hours() == {("MCE007", "2025-08-01"): 9.0}


def test_an_interrupted_transfer_goes_on_and_does_nothing_twice(company: Company) -> None:
    company.know(*(employee(number) for number in range(1, 6)))
    company.push("moscow", *(shift(number, f"EMP{number:03d}") for number in range(1, 6)))
    company.zup.fails = lambda number: number == 3
    job = company.submit()
    with pytest.raises(UpstreamDown):
        company.run(job)
    company.queue.hand_back(job.claimed)
    result = company.run(company.again(job))
    assert (result["shifts"], result["employees"]) == (5, 5)
    assert Counter(body["agentId"] for _, body in company.zup.calls) == {
        "MCE001": 1, "MCE002": 1, "MCE003": 2, "MCE004": 1, "MCE005": 1,
    }  # fmt: skip
    assert len({key for key, _ in company.zup.calls}) == 5


def test_a_worker_that_stops_and_an_operator_who_cancels_are_heard_between_batches(company: Company) -> None:
    company.know(employee(1))
    company.push("moscow", shift(1))
    company.stopping = True
    job = company.submit()
    with pytest.raises(HandedBack):
        company.run(job)
    company.stopping = False
    company.queue.hand_back(job.claimed)
    job = company.again(job)
    QueueActions(company.queue).cancel(job.claimed.id)
    with pytest.raises(Cancelled):
        company.run(job)
    assert company.queue.cancelled(job.claimed)
    assert company.zup.calls == []
    assert company.transfer()["shifts"] == 1  # of a cancelled one nothing is left behind


def test_at_every_edge_each_shift_reaches_1c_once_on_its_own_day_and_in_its_own_month(company: Company) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for number, site in enumerate(AT, 1):
        company.know(employee(number, site))
        given = edges(site)
        pushed = [
            shift(name, f"EMP{number:03d}", start.isoformat(), end.isoformat()) for name, (start, end) in given.items()
        ]
        company.push(site, *pushed)
        wanted.update((f"MCE{number:03d}", f"{start:%Y-%m-%d}") for start, _ in given.values())
    months = sorted({day[:7] for _, day in wanted})
    carried = sum(company.transfer({"period": month})["shifts"] for month in months)
    assert carried == wanted.total()
    assert company.zup.hours() == {day: 9.0 * count for day, count in wanted.items()}
    assert [company.transfer({"period": month})["shifts"] for month in months] == [0] * len(months)
    assert dt.date(2024, 2, 29).isoformat() in {day for _, day in wanted}
