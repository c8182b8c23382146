"""What a kind of operation is given to work with: its payload, finished batches, and 1C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Protocol, TypeVar

from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.json_type import Json

T = TypeVar("T")


class Cancelled(Exception):
    """Somebody asked to cancel the operation while it ran."""


class HandedBack(Exception):
    """This process stops before the operation is done."""


class ZupCalls(Protocol):
    """1C as work sees it: blocking calls, replies parsed and valid; all fail as ApiError, or with HandedBack."""

    def get_agents(self, claimed: Claimed, day: str) -> Json:
        """Who is employed on `day` (YYYY-MM-DD)."""

    def post(self, claimed: Claimed, operation_id: str, body: Json, key: str | None = None) -> Json:
        """An operation of the personnel contract; `key` makes 1C do it once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of an operation."""

    claimed: Claimed
    queue: Queue
    upstream: ZupCalls
    stopping: Callable[[], bool]

    def payload(self) -> Json:
        """As submitted."""
        return self.queue.payload(self.claimed.number)

    def check(self) -> None:
        """Between batches. Raises Cancelled, HandedBack."""
        if not self.queue.wanted(self.claimed):
            raise Cancelled
        if self.stopping():
            raise HandedBack

    def batched(self, things: Sequence[T], send: Callable[[int, Sequence[T]], Json]) -> list[Json]:
        """The result of each batch; those that an earlier run has finished are not sent again."""
        size, number = self.claimed.kind.batch, self.claimed.number
        finished = self.queue.batch_results(number)
        self.queue.progress(number, done=_done(finished, size, len(things)), total=len(things))
        for batch, part in enumerate(batches(things, size)):
            if batch in finished:
                continue
            self.check()
            finished[batch] = send(batch, part)
            self.queue.keep(number, batch, finished[batch], batch * size + len(part))
        return [finished[batch] for batch in sorted(finished)]

    def kept(self, things: Sequence[T], ask: Callable[[int, Sequence[T]], Json]) -> Iterator[tuple[Sequence[T], Json]]:
        """Each batch with what `ask` brought for it, read back one by one, so that memory does not grow with them.

        All are asked for before the first is given; those that an earlier run has finished are not asked for again.
        """
        size, number = self.claimed.kind.batch, self.claimed.number
        finished = self.queue.finished_batches(number)
        self.queue.progress(number, done=_done(finished, size, len(things)), total=len(things))
        for batch, part in enumerate(batches(things, size)):
            if batch not in finished:
                self.check()
                self.queue.keep(number, batch, ask(batch, part), batch * size + len(part))
        for batch, part in enumerate(batches(things, size)):
            yield part, self.queue.batch_result(number, batch)

    def key(self, batch: int) -> str:
        """Of a batch, the same in every attempt: 1C does each batch once."""
        return f"{self.claimed.id}-{batch}"


def _done(finished: Sized, size: int, total: int) -> int:
    return min(total, len(finished) * size)


def batches(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """In order, the last one may be shorter."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
