"""Workers that die in the middle of their work: nothing is lost, and 1C does each piece of it once."""

import pytest

from tests.support.kills import SLOW, Kills
from tests.support.mixed_work import AGENTS, Scene
from tests.support.peers import postgres
from tests.support.relayed_zup import relayed
from tests.support.workers import now

pytestmark = pytest.mark.slow


def run(url: str, *, operations: int, rounds: int, workers: int) -> str:
    """Every line that the script would print; fails as the script does."""
    with relayed(SLOW[workers], agents=AGENTS) as party, Scene(url, now) as scene:
        return "\n".join(Kills(scene, party, rounds=rounds, workers=workers).run(operations))


def test_a_worker_that_is_killed_three_times_loses_nothing_and_repeats_nothing(url: str) -> None:
    assert "60 operations, 3 kills, 1 at work" in run(url, operations=60, rounds=3, workers=1)


def test_of_two_workers_the_other_one_takes_over_what_a_killed_one_ran() -> None:
    with postgres() as url:
        assert "20 operations, 1 kills, 2 at work" in run(url, operations=20, rounds=1, workers=2)
