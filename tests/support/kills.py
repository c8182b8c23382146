"""Kill workers with SIGKILL again and again, and count what is lost: nothing may be.

python -m tests.support.kills --rounds 20 --operations 200 --url sqlite:///…|postgresql://… [--workers 2]

Each round one worker is killed in the middle of its work. One that is alone is started again at once; of two, the
other has to take over what the killed one ran before that one is started again.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator

from tests.support.mixed_work import AGENTS, Scene
from tests.support.polling import until
from tests.support.relayed_zup import Party, relayed
from tests.support.workers import Child, now, worker

CONCURRENCY = 4  # of all workers together
SLOW = {1: "latency,seconds=0.03", 2: "latency,seconds=0.15"}  # 1C, so that a kill meets with calls that are under way
HEAD = "round  killed after s  completed  running  waiting  queued  taken over in s"


class Kills:
    """Runs the rounds, by one worker or by two."""

    def __init__(self, scene: Scene, party: Party, *, rounds: int, workers: int = 1, deadline_s: float = 120) -> None:
        self.scene, self.party, self.rounds, self.workers = scene, party, rounds, workers
        self._deadline_s = deadline_s

    def run(self, operations: int) -> Iterator[str]:
        """A line for each round, and one about the end. Raises AssertionError for anything lost or done twice."""
        scene, started = self.scene, time.monotonic()
        yield HEAD
        with contextlib.ExitStack() as stack:
            children = [self._start(stack) for _ in range(self.workers)]
            for number in range(1, self.rounds + 1):
                self._submit(operations, number)
                self._let_work(operations * number // (self.rounds + 1))
                children.pop(0).kill()
                counted, killed_s = scene.statuses(), time.monotonic() - started
                seen = [counted[status] for status in ("completed", "running", "waiting", "queued")]
                taken_s = self._taken_over() if self.workers > 1 else 0.0
                columns = "  ".join(f"{one:7}" for one in seen)
                yield f"{number:5}  {killed_s:14.1f}  {columns}  {taken_s:15.1f}"
                children.append(self._start(stack))
            until(lambda: scene.over() == operations, what=f"all over: {scene.statuses()}", within_s=self._deadline_s)
            scene.check(self.party)
            assert all(child.stop() < self._deadline_s for child in children)
        yield f"{operations} operations, {self.rounds} kills, {self.workers} at work: nothing lost, nothing done twice"
        yield f"{scene.untold()} ends are not in the audit trail, or more than once"

    def _start(self, stack: contextlib.ExitStack) -> Child:
        concurrency = CONCURRENCY // self.workers
        return stack.enter_context(worker(self.scene.url, self.party.zup.url, worker_concurrency=concurrency))

    def _submit(self, operations: int, number: int) -> None:
        """All at first; with two workers round by round, since the one that is left does not wait."""
        until_now = operations * number // self.rounds if self.workers > 1 else operations
        self.scene.submit(until_now - len(self.scene.ids))

    def _let_work(self, over: int) -> None:
        """Until so many are over, and so many run that each worker has one."""
        scene, least = self.scene, CONCURRENCY // self.workers + 1 if self.workers > 1 else 1
        until(
            lambda: (self.workers > 1 or scene.over() >= over) and scene.statuses()["running"] >= least,
            what=f"{over} over, {least} run: {scene.statuses()}",
            within_s=self._deadline_s,
        )

    def _taken_over(self) -> float:
        """How long it takes until everything that ran at the kill is over."""
        started, ran = time.monotonic(), self.scene.running()
        until(
            lambda: not ran & self.scene.unfinished(),
            what="what the killed worker ran is over",
            within_s=self._deadline_s,
        )
        return time.monotonic() - started


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--operations", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1, choices=list(SLOW))
    parser.add_argument("--url", required=True)
    given = parser.parse_args(arguments)
    started = time.monotonic()
    with relayed(SLOW[given.workers], agents=AGENTS) as party, Scene(given.url, now) as scene:
        kills = Kills(scene, party, rounds=given.rounds, workers=given.workers, deadline_s=600)
        for line in kills.run(given.operations):
            print(line, flush=True)
    print(f"{time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
