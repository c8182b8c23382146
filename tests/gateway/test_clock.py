"""The gateway's clock: forward only, within the calendar; deadlines follow it when it is moved."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from argus_wfm.gateway.clock import Clock


def test_deadline_wakes_on_moved_time_and_not_before() -> None:
    async def run() -> tuple[bool, bool]:
        clock = Clock()
        entered = asyncio.Event()

        async def wait() -> None:
            async with clock.deadline(30):
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(wait())
        await entered.wait()
        await asyncio.to_thread(clock.move, 29)
        await asyncio.sleep(0.01)
        early = task.done()
        clock.move(1)
        await clock.settled()
        await asyncio.sleep(0)
        late = task.done()
        with pytest.raises(TimeoutError):
            await task
        return early, late

    assert asyncio.run(run()) == (False, True)


def test_deadline_that_is_met_leaves_nothing_behind() -> None:
    async def run() -> tuple[bool, int]:
        clock, task = Clock(), asyncio.current_task()
        assert task is not None
        async with clock.deadline(30):
            pass
        clock.move(100)
        settling = asyncio.ensure_future(clock.settled())
        await asyncio.sleep(0)  # one turn of the loop: with a deadline left behind it would still be waiting
        settled = settling.done()
        await settling
        return settled, task.cancelling()

    assert asyncio.run(run()) == (True, 0)


def test_clock_ends_with_the_calendar_and_stays_sound() -> None:
    clock = Clock()
    for seconds in (1e12, float("inf")):
        with pytest.raises(ValueError, match="9999"):
            clock.move(seconds)
    assert clock.now().year < 9999


def test_clock_moves_forward_only() -> None:
    clock = Clock(dt.datetime(2025, 7, 29, tzinfo=dt.UTC))
    assert clock.move(10) >= dt.datetime(2025, 7, 29, 0, 0, 10, tzinfo=dt.UTC)
    with pytest.raises(ValueError, match="forward"):
        clock.move(-1)
