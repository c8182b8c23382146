"""Events into the database: in order, in groups, by several writers at once; what fails and what is forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.agent_status.events import RETENTION, Agents, Applied, Load
from argus_wfm.gateway.agent_status.queries import AgentStatusQueries
from argus_wfm.gateway.agent_status.transitions import Event, StatusChange
from argus_wfm.gateway.errors import InvalidTransition
from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.database import connect
from argus_wfm.openapi.errors import ValidationFailed
from tests.support.clock import NOW

SECOND = dt.timedelta(seconds=1)
WAIT_S = 60


class Ear:
    """What a hub would have heard."""

    def __init__(self) -> None:
        self.groups: list[list[StatusChange]] = []

    def __call__(self, changes: Sequence[StatusChange], loads: bool) -> None:
        self.groups.append(list(changes))


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def agents(engine: sa.Engine, ear: Ear) -> Iterator[Agents]:
    """Not started, so that what is submitted comes together."""
    made = Agents(engine, ear)
    yield made
    made.stop()


def event(number: int, name: str, agent: str = "a", **members: Any) -> Event:
    """Number is its id and its second."""
    more = {"call_id": f"C{number}", "queue": "q"} if name == "call_start" else {}
    body = {"event_id": f"E{agent}{number}", "event": name, "agent_id": agent, **more, **members}
    return Event.of(body, NOW + number * SECOND)


def day(agent: str, calls: int) -> list[Event]:
    """One login and so many calls."""
    return [
        event(0, "login", agent),
        *(event(n, ("call_end", "call_start")[n % 2], agent) for n in range(1, 2 * calls + 1)),
    ]


def outcome(future: Future[Applied | None]) -> StatusChange:
    applied = future.result(WAIT_S)
    assert isinstance(applied, Applied)
    return applied.change


def rows(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(tables.agent_changes).order_by(tables.agent_changes.c.sequence)))


def assert_sound(engine: sa.Engine, count: int) -> None:
    """Sequences have no gap, events no repetition, and each change of an agent begins where the last one ended."""
    found = rows(engine)
    assert [row.sequence for row in found] == list(range(1, count + 1))
    assert len({row.event_id for row in found}) == count
    last: dict[str, str] = {}
    for row in found:
        assert row.old_status == last.get(row.agent_id, "offline")
        last[row.agent_id] = row.new_status
    with engine.connect() as connection:
        now = connection.execute(sa.select(tables.agents.c.agent_id, tables.agents.c.status))
        assert {row.agent_id: row.status for row in now} == last


# groups


def test_what_comes_together_is_one_commit_in_the_order_it_came(agents: Agents, engine: sa.Engine, ear: Ear) -> None:
    futures = [agents.apply(one) for one in (*day("a", 20), *day("b", 20))]
    agents.start()
    assert [outcome(future).sequence for future in futures] == list(range(1, 83))
    assert [[change.sequence for change in group] for group in ear.groups] == [list(range(1, 83))]
    assert_sound(engine, 82)


def test_a_refusal_in_a_group_leaves_the_others_as_they_are(agents: Agents, engine: sa.Engine, ear: Ear) -> None:
    good = [event(0, "login"), event(1, "call_start"), event(3, "call_end")]
    wrong = event(2, "break_start")
    futures = [agents.apply(one) for one in (good[0], good[1], wrong, good[2])]
    agents.start()
    with pytest.raises(InvalidTransition):
        futures[2].result(WAIT_S)
    assert [outcome(future).sequence for future in futures if future is not futures[2]] == [1, 2, 3]
    assert outcome(agents.apply(event(4, "break_start"))).sequence == 4
    assert_sound(engine, 4)


def test_a_repeat_in_the_same_group_has_no_second_effect_and_is_told_to_nobody(agents: Agents, ear: Ear) -> None:
    other = event(0, "login", queues=["q"])
    futures = [agents.apply(one) for one in (event(0, "login"), event(0, "login"), other, event(1, "logout"))]
    agents.start()
    applied = [futures[number].result(WAIT_S) for number in (0, 1)]
    assert [one and one.duplicate for one in applied] == [False, True]
    assert outcome(futures[0]) == outcome(futures[1])
    with pytest.raises(ValidationFailed, match="other content"):
        futures[2].result(WAIT_S)
    assert outcome(futures[3]).sequence == 2
    assert [[change.sequence for change in group] for group in ear.groups] == [[1, 2]]


def test_a_group_of_repeats_alone_is_no_news(agents: Agents, ear: Ear) -> None:
    agents.start()
    outcome(agents.apply(event(0, "login")))
    outcome(agents.apply(event(0, "login")))
    assert len(ear.groups) == 1


def test_loads_and_events_of_one_group_are_both_kept(agents: Agents, engine: sa.Engine) -> None:
    futures = [
        agents.load(Load("q", 5, 50, NOW + SECOND)),
        agents.apply(event(0, "login", queues=["q", "r"])),
        agents.load(Load("q", 4, 40, NOW)),
    ]
    agents.start()
    assert [bool(future.result(WAIT_S)) for future in futures] == [False, True, False]
    shown = AgentStatusQueries(engine, lambda: NOW).queues()["queues"]
    assert [(one["queue"], one["waiting"], one["available_agents"]) for one in shown] == [("q", 5, 1), ("r", 0, 1)]


def test_what_cannot_be_committed_fails_and_can_be_told_again(agents: Agents, engine: sa.Engine, ear: Ear) -> None:
    failing = [True]

    def fail(connection: sa.Connection) -> None:
        if failing:
            raise sa.exc.OperationalError("COMMIT", None, OSError("disk full"))

    sa.event.listen(engine, "commit", fail)
    futures = [agents.apply(one) for one in day("a", 2)]
    agents.start()
    for future in futures:
        with pytest.raises(sa.exc.OperationalError):
            future.result(WAIT_S)
    assert (rows(engine), ear.groups) == ([], [])
    failing.clear()
    assert [outcome(agents.apply(one)).sequence for one in day("a", 2)] == [1, 2, 3, 4, 5]
    assert_sound(engine, 5)


def test_what_is_given_up_while_it_waits_is_written_all_the_same_and_stops_nobody(
    agents: Agents, engine: sa.Engine
) -> None:
    futures = [agents.apply(one) for one in day("a", 1)]
    assert futures[1].cancel()
    agents.start()
    assert outcome(futures[2]).sequence == 3
    assert_sound(engine, 3)


# several writers


@pytest.mark.slow
def test_several_writers_on_one_database_make_one_chain(url: str, engine: sa.Engine) -> None:
    """Each has engine and thread of its own, as processes have; they repeat each other."""
    together, calls = Barrier(3), 12

    def write(number: int) -> list[int]:
        mine = connect(url)
        writer = Agents(mine, Ear())
        writer.start()
        try:
            together.wait(WAIT_S)
            futures = [writer.apply(one) for one in day(f"own {number}", calls)]
            futures += [writer.apply(one) for one in day("shared", 0)]
            return [outcome(future).sequence for future in futures]
        finally:
            writer.stop()
            mine.dispose()

    with ThreadPoolExecutor(3) as pool:
        sequences = list(pool.map(write, range(3)))
    assert all(one[:-1] == sorted(one[:-1]) for one in sequences)
    assert len({one[-1] for one in sequences}) == 1, "the shared login was one"
    assert_sound(engine, 3 * (1 + 2 * calls) + 1)


# what is forgotten


def test_the_latest_change_is_never_forgotten_and_sequences_go_on(agents: Agents, engine: sa.Engine) -> None:
    assert agents.purge(NOW) == 0, "of nothing"
    agents.start()
    for one in day("a", 2):
        outcome(agents.apply(one))
    assert agents.purge(NOW + RETENTION + 2 * SECOND) == 2
    assert [row.sequence for row in rows(engine)] == [3, 4, 5]
    assert agents.purge(NOW + 2 * RETENTION) == 2
    assert [row.sequence for row in rows(engine)] == [5]
    assert outcome(agents.apply(event(9, "logout"))).sequence == 6


def test_what_is_kept_has_no_gap_though_some_of_it_is_told_late(agents: Agents, engine: sa.Engine) -> None:
    agents.start()
    for one in (event(0, "login", "a"), event(-(10**8), "login", "late"), event(1, "logout", "a")):
        outcome(agents.apply(one))
    agents.purge(NOW + SECOND)
    kept = [row.sequence for row in rows(engine)]
    assert kept == list(range(kept[0], 4))
