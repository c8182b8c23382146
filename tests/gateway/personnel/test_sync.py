"""Personnel sync against lists of 1C's: what is written, what is counted, what makes it fail before it does harm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.errors import BadUpstreamResponse
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.personnel.sync import PersonnelSync
from argus_wfm.gateway.queue.job import HandedBack, Job
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.gateway.queue.views import QueueViews
from argus_wfm.gateway.storage.tables import employees
from argus_wfm.json_type import Json
from tests.support.operations import Time, begun, submit

Sync = Callable[..., tuple[Json, Json]]


def agent(number: int, **other: Json) -> Json:
    """One of 1C's, by the contract."""
    return {
        "agent_id": f"MCE{number:03d}",
        "tab_number": f"{122 + number:05d}",
        "lastname": "Иванов",
        "firstname": "Иван",
        "secondname": None,
        "position_id": "POS001",
        "department_id": "DEPT001",
        "start_work": "2020-01-15",
        "norm_week": 40,
        "employment_rate": 0.5,
        **other,
    }


class Listed:
    """1C with a list of agents; `total` is what it counts."""

    def __init__(self, agents: list[Json], total: int | None = None) -> None:
        self.agents, self.total = agents, total
        self.days: list[str] = []

    def get_agents(self, _claimed: Claimed, day: str) -> Json:
        self.days.append(day)
        count = len(self.agents) if self.total is None else self.total
        return {"agents": self.agents, "total_count": count, "sync_timestamp": "2025-07-29T01:30:00Z"}

    def post(self, *_arguments: Any) -> Json:
        raise AssertionError("a sync writes nothing to 1C")


@pytest.fixture
def sync(engine: sa.Engine, queue: Queue, time: Time) -> Sync:
    """sync(1C, …) runs one; returns its result and how it is shown."""
    store = Employees(engine, time)

    def run(zup: Listed, *, claimed: Claimed | None = None, stops_after: int | None = None) -> tuple[Json, Json]:
        claimed = claimed or begun(queue, submit(queue))
        checks = iter(range(10**6))
        stopping = (lambda: next(checks) >= stops_after) if stops_after is not None else lambda: False
        made = PersonnelSync(engine, store, time, shrinkage=0.2, on_success=lambda: None)
        result = made.run(Job(claimed, queue, zup, stopping))
        queue.finish(claimed, result)
        return result, QueueViews(engine, time).sync_run(claimed.id)

    return run


def stored(engine: sa.Engine) -> Mapping[str, sa.Row[Any]]:
    with engine.connect() as connection:
        return {row.external_employee_id: row for row in connection.execute(sa.select(employees))}


def test_a_first_sync_takes_everybody_over_in_batches(sync: Sync, engine: sa.Engine) -> None:
    zup = Listed([agent(number) for number in range(1, 1014)])
    result, shown = sync(zup)
    assert result["batches"] == shown["batches"] == [500, 500, 13]
    assert (result["created"], result["unchanged"], result["deactivated"], result["rejected"]) == (1013, 0, 0, 0)
    assert zup.days == ["2025-07-29"]  # Moscow's day of 01:30 UTC
    one = stored(engine)["MCE001"]
    assert (one.employee_id, one.employee_code, one.middle_name) == ("EMP001", "00123", None)
    assert (one.standard_hours, one.fte_percentage, one.hire_date) == (40.0, 50.0, dt.date(2020, 1, 15))


def test_only_what_changed_is_written(sync: Sync, engine: sa.Engine, time: Time) -> None:
    sync(Listed([agent(number) for number in range(1, 601)]))
    time.move(3600)
    changed = [agent(number, norm_week=36 if number == 7 else 40) for number in range(1, 601)]
    result, _ = sync(Listed([*changed, agent(601)]))
    assert (result["created"], result["updated"], result["unchanged"], result["deactivated"]) == (1, 1, 599, 0)
    written = {id_ for id_, row in stored(engine).items() if row.updated_at == time.now}
    assert written == {"MCE007", "MCE601"}


def test_who_is_not_listed_any_more_is_inactive_from_the_day_asked_for(
    sync: Sync, engine: sa.Engine, time: Time
) -> None:
    people = [agent(number) for number in range(1, 11)]
    sync(Listed(people))
    time.move(24 * 3600)
    result, _ = sync(Listed(people[:-1]))
    gone = stored(engine)["MCE010"]
    assert (result["deactivated"], gone.active, gone.inactive_from) == (1, False, dt.date(2025, 7, 30))
    result, _ = sync(Listed(people))
    back = stored(engine)["MCE010"]
    assert (result["updated"], back.active, back.inactive_from) == (1, True, None)


@pytest.mark.parametrize(
    ("agents", "total", "words"),
    [
        ([], 0, "lists nobody"),
        ([], 10, "total_count is 10"),
        ([agent(number) for number in range(1, 11)], 9, "total_count is 9"),
        ([agent(number) for number in range(1, 8)], None, "3 of 10 active employees are missing"),
    ],
)
def test_a_reply_that_is_not_whole_fails_and_deactivates_nobody(
    sync: Sync, engine: sa.Engine, agents: list[Json], total: int | None, words: str
) -> None:
    sync(Listed([agent(number) for number in range(1, 11)]))
    with pytest.raises(BadUpstreamResponse, match=words):
        sync(Listed(agents, total))
    assert [row.active for row in stored(engine).values()] == [True] * 10


def test_a_fifth_may_be_missing(sync: Sync) -> None:
    sync(Listed([agent(number) for number in range(1, 11)]))
    result, _ = sync(Listed([agent(number) for number in range(1, 9)]))
    assert result["deactivated"] == 2


def test_records_that_cannot_be_taken_are_named_and_the_others_are_taken(sync: Sync, engine: sa.Engine) -> None:
    agents = [agent(1), agent(2), agent(1, lastname="Двойник"), agent(3, agent_id="EMP002"), agent(4)]
    result, shown = sync(Listed(agents))
    assert (result["created"], result["rejected"]) == (3, 2)
    assert [row["agent_id"] for row in shown["rejections"]] == ["MCE001", "EMP002"]
    assert "listed twice" in shown["rejections"][0]["reason"]
    assert "EMP002" in shown["rejections"][1]["reason"]
    assert sorted(stored(engine)) == ["MCE001", "MCE002", "MCE004"]
    assert stored(engine)["MCE001"].last_name == "Иванов"


def test_a_sync_that_was_interrupted_goes_on_where_it_was(sync: Sync, engine: sa.Engine, queue: Queue) -> None:
    people = [agent(number) for number in range(1, 1201)]
    claimed = begun(queue, submit(queue))
    with pytest.raises(HandedBack):
        sync(Listed(people), claimed=claimed, stops_after=1)
    assert len(stored(engine)) == 500
    result, _ = sync(Listed(people), claimed=claimed)
    assert (result["batches"], result["created"], result["unchanged"]) == ([500, 500, 200], 1200, 0)


def test_another_list_after_an_interruption_is_walked_anew(sync: Sync, engine: sa.Engine, queue: Queue) -> None:
    people = [agent(number) for number in range(1, 1201)]
    claimed = begun(queue, submit(queue))
    with pytest.raises(HandedBack):
        sync(Listed(people), claimed=claimed, stops_after=2)
    moved = [agent(0), *people[:-1]]  # every batch holds somebody else now
    result, _ = sync(Listed(moved), claimed=claimed)
    assert (result["batches"], result["created"], result["unchanged"]) == ([500, 500, 200], 1200, 1000)
    assert len(stored(engine)) == 1200
