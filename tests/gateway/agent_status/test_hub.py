"""The hub alone, with a board and outlets that are not real: order, once each, and nobody waits for anybody."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from argus_wfm.gateway.agent_status.hub import Subscriber
from tests.support.clock import NOW
from tests.support.hub import BACKLOG, FAR, Outlet, Scene, change


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_changes_are_told_in_order_and_once_each_however_often_they_are_heard(scene: Scene) -> None:
    async def act() -> None:
        one, other = scene.subscriber(), scene.subscriber(extended=False)
        scene.commit(change(1), change(2))
        scene.commit(change(3))
        for _ in range(3):
            scene.hub.heard([change(1), change(2), change(3)])
            scene.hub.stir()
        await scene.told(3)
        scene.commit(change(4))
        await scene.told(4)
        assert one.sequences == [1, 2, 3, 4]
        assert [len(message) for message in other.messages] == [7] * 4

    scene.run(act)


def test_what_was_before_the_hub_is_told_to_nobody(scene: Scene) -> None:
    scene.commit(change(1), change(2), heard=False)

    async def act() -> None:
        outlet = scene.subscriber()
        scene.commit(change(3))
        await scene.told(3)
        assert outlet.sequences == [3]

    scene.run(act)


def test_a_gap_in_what_was_heard_is_read_from_the_board(scene: Scene) -> None:
    async def act() -> None:
        outlet = scene.subscriber()
        scene.commit(*map(change, range(1, 6)), heard=False)  # another process has committed these
        scene.commit(change(6))
        await scene.told(6)
        scene.commit(change(7), heard=False)
        scene.hub.stir()
        await scene.told(7)
        assert outlet.sequences == [1, 2, 3, 4, 5, 6, 7]

    scene.run(act)


def test_what_is_heard_out_of_order_is_told_in_order(scene: Scene) -> None:
    async def act() -> None:
        outlet = scene.subscriber()
        scene.queries.changes += [change(number) for number in range(1, 5)]
        for number in (3, 4, 1, 2):
            scene.hub.heard([change(number)])
        await scene.told(4)
        assert outlet.sequences == [1, 2, 3, 4]

    scene.run(act)


def test_nobody_has_to_say_that_something_was_committed(scene: Scene) -> None:
    async def act() -> None:
        outlet = scene.subscriber()
        scene.commit(change(1), heard=False)
        await scene.told(1)
        assert outlet.sequences == [1]

    scene.run(act)


@pytest.mark.parametrize("broken", [1, 3])
def test_a_database_that_is_away_delays_and_loses_nothing(
    scene: Scene, broken: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def act() -> None:
        outlet = scene.subscriber()
        scene.queries.broken = broken
        for number in range(2, 6):
            scene.queries.changes = [change(one) for one in range(1, number + 1)]
            scene.hub.heard([change(number)])
            await asyncio.sleep(0)
        await scene.told(5)
        assert outlet.sequences == [1, 2, 3, 4, 5]

    scene.run(act)
    assert len(caplog.records) == broken


def test_who_cannot_be_told_of_everything_is_sent_away_and_the_others_go_on(scene: Scene) -> None:
    """2 and 3 were committed elsewhere, and purged before this process looked."""

    async def act() -> None:
        before = scene.subscriber()
        scene.commit(change(1))
        await scene.told(1)
        scene.commit(change(4), change(5), heard=False)
        scene.hub.stir()
        await scene.told(5)
        after = scene.subscriber()
        scene.commit(change(6))
        await scene.told(6)
        assert (before.sequences, before.ends, after.sequences) == ([1], [1012], [6])

    scene.run(act)


def test_a_database_that_another_process_has_emptied_is_followed_from_its_beginning(scene: Scene) -> None:
    async def act() -> None:
        before = scene.subscriber()
        scene.commit(change(1), change(2), change(3))
        await scene.told(3)
        scene.queries.changes = [change(1)]
        scene.hub.stir()
        await scene.until(lambda: scene.hub.sequence == 1)
        after = scene.subscriber()
        scene.commit(change(2))
        await scene.told(2)
        assert (before.sequences, before.ends, after.sequences) == ([1, 2, 3], [1012], [2])

    scene.run(act)


def test_one_that_is_slow_is_sent_away_and_the_others_are_told(scene: Scene) -> None:
    async def act() -> None:
        quick = [scene.subscriber(), scene.subscriber(agent_id="a")]
        full, slow = scene.subscriber(waits=BACKLOG), scene.subscriber(waits=BACKLOG + 1)
        scene.commit(change(1), change(2))
        await scene.told(2)
        assert [one.sequences for one in (*quick, full)] == [[1, 2]] * 3
        assert (slow.sequences, slow.ends, full.ends) == ([1], [1013], [])
        assert (len(scene.hub), scene.hub.counts["slow"]) == (3, 1)

    scene.run(act)


def test_who_knows_more_than_the_hub_is_not_told_again(scene: Scene) -> None:
    async def act() -> None:
        outlet = scene.subscriber(after=2)
        scene.commit(change(1), change(2), change(3))
        await scene.told(3)
        assert outlet.sequences == [3]

    scene.run(act)


def test_filters_by_agent_and_by_queue_into_and_out_of_its_calls(scene: Scene) -> None:
    async def act() -> None:
        agent, queue, both = (
            scene.subscriber(agent_id="b"),
            scene.subscriber(queue="q"),
            scene.subscriber(agent_id="b", queue="q"),
        )
        scene.commit(change(1), change(2, "b"), change(3, "a", "q"), change(4, "b", "r", "q"), change(5, "b", "r"))
        await scene.told(5)
        assert [one.sequences for one in (agent, queue, both)] == [[2, 4, 5], [3, 4], [4]]

    scene.run(act)


def test_who_leaves_is_told_nothing_more_and_is_forgotten(scene: Scene) -> None:
    async def act() -> None:
        outlet = Outlet()
        for agent_id in (None, "a"):
            one = Subscriber(outlet, FAR, extended=True, agent_id=agent_id)
            scene.hub.join(one)
            scene.hub.leave(one)
            scene.hub.leave(one)
        scene.commit(change(1))
        await scene.told(1)
        assert (outlet.messages, len(scene.hub)) == ([], 0)

    scene.run(act)


def test_loads_are_told_to_who_follows_queues(scene: Scene) -> None:
    async def act() -> None:
        everything, one, plain = scene.subscriber(), scene.subscriber(queue="q"), scene.subscriber(extended=False)
        agent = scene.subscriber(agent_id="a")
        scene.queries.loads += [{"queue": "q"}, {"queue": "r"}]
        scene.hub.heard([])
        await scene.until(lambda: len(everything.messages) == 2)
        assert [message["queue"] for message in one.messages] == ["q"]
        assert (plain.messages, agent.messages) == ([], [])

    scene.run(act)


def test_a_load_that_was_committed_together_with_changes_is_told_as_soon(scene: Scene) -> None:
    async def act() -> None:
        outlet = scene.subscriber()
        await asyncio.sleep(0.01)
        scene.queries.loads.append({"queue": "q"})
        scene.commit(change(1))
        await scene.until(lambda: any(message["event"] == "queue_metrics" for message in outlet.messages))

    scene.run(act)


def test_tokens_that_expire_end_what_they_opened(scene: Scene) -> None:
    async def act() -> None:
        short = scene.subscriber(expires_at=NOW + dt.timedelta(seconds=5), agent_id="a")
        long = scene.subscriber(expires_at=NOW + dt.timedelta(seconds=6))
        scene.moment, scene.passed_s = NOW + dt.timedelta(seconds=5), 1.0
        scene.hub.stir()
        await scene.until(lambda: bool(short.ends))
        assert (short.ends, long.ends, len(scene.hub)) == ([1008], [], 1)

    scene.run(act)


def test_tokens_are_looked_at_once_a_second_and_not_for_every_change(scene: Scene) -> None:
    async def act() -> None:
        short, long = scene.subscriber(expires_at=NOW + dt.timedelta(seconds=5)), scene.subscriber()
        scene.moment, scene.passed_s = NOW + dt.timedelta(seconds=5), 0.9
        for number in range(1, 20):
            scene.commit(change(number))
            await scene.told(number)
        assert not short.ends
        scene.passed_s = 1.0
        scene.commit(change(20))
        await scene.told(20)
        assert (short.ends, long.ends) == ([1008], [])
        assert len(short.sequences) < len(long.sequences) == 20

    scene.run(act)


def test_what_nobody_says_is_looked_for_while_this_process_has_no_quiet_second(scene: Scene) -> None:
    """A load leaves no gap in the numbers of changes."""

    async def act() -> None:
        outlet = scene.subscriber()
        scene.queries.loads.append({"queue": "q"})
        for number in range(1, 200):
            scene.passed_s = number / 50
            scene.commit(change(number))
            await scene.told(number)
        assert "queue_metrics" in [message["event"] for message in outlet.messages]

    scene.run(act)


def test_tokens_expire_while_the_database_is_away(scene: Scene) -> None:
    async def act() -> None:
        short = scene.subscriber(expires_at=NOW + dt.timedelta(seconds=5))
        scene.queries.broken = 1000
        scene.moment, scene.passed_s = NOW + dt.timedelta(seconds=5), 1.0
        scene.hub.stir()
        await scene.until(lambda: bool(short.ends))
        assert short.ends == [1008]

    scene.run(act)


def test_a_heartbeat_is_due_by_the_clock_and_says_how_far_all_was_told(scene: Scene) -> None:
    async def act() -> None:
        extended, plain = scene.subscriber(agent_id="b"), scene.subscriber(extended=False)
        for sequence, passed in ((1, 0.0), (2, 29.0), (3, 30.0), (4, 59.0)):
            scene.passed_s = passed
            scene.commit(change(sequence))
            await scene.told(sequence)
            await scene.until(lambda: passed < 30 or bool(extended.messages))  # noqa: B023
        await asyncio.sleep(0.02)
        assert [one["sequence"] for one in extended.messages if one["event"] == "heartbeat"] == [3]
        assert len(plain.messages) == 4

    scene.run(act)


def test_a_reset_sends_everybody_away_and_begins_again(scene: Scene) -> None:
    async def act() -> None:
        first = scene.subscriber()
        scene.commit(change(1), change(2))
        await scene.told(2)
        scene.queries.changes.clear()
        scene.hub.reset()
        await scene.until(lambda: scene.hub.sequence == 0)
        later = scene.subscriber()
        scene.commit(change(1))
        await scene.told(1)
        assert (first.ends, first.sequences, later.sequences) == ([1012], [1, 2], [1])

    scene.run(act)


def test_a_hub_whose_loop_is_gone_takes_what_it_hears_in_silence(scene: Scene) -> None:
    async def act() -> None:
        scene.subscriber()

    scene.hub.heard([change(1)])
    scene.run(act)
    scene.commit(change(1))
    scene.hub.stir()
    scene.hub.reset()
    assert scene.hub.sequence == 0
