"""Group commit: one thread writes what has come together meanwhile, so that the price of a commit is shared.

What is submitted is written in that order.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

import sqlalchemy as sa

LARGEST = 1000  # items of one transaction
T = TypeVar("T")
R = TypeVar("R")


class Commits(Generic[T, R]):
    """Start it before the first item; safe to share between threads and event loops.

    `write` gets an open transaction and the items of one group, and returns a result, or an exception, for each.
    `committed` is told of them after the commit and before anybody who waits.
    """

    def __init__(
        self,
        engine: sa.Engine,
        name: str,
        write: Callable[[sa.Connection, Sequence[T]], Sequence[R | Exception]],
        committed: Callable[[Sequence[R | Exception]], None] = lambda results: None,
    ) -> None:
        self._engine, self._name, self._write, self._committed = engine, name, write, committed
        self._waiting: queue.SimpleQueue[tuple[T, Future[R]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, then end."""
        if self._thread:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def submit(self, item: T) -> Future[R]:
        """Its result once it is committed; fails when it cannot be."""
        future: Future[R] = Future()
        self._waiting.put((item, future))
        return future

    def _run(self) -> None:
        while group := self._together():
            self._commit(group)

    def _together(self) -> list[tuple[T, Future[R]]]:
        """What waits now, one item at least; nothing once the end is asked for."""
        group: list[tuple[T, Future[R]]] = []
        while not group or (len(group) < LARGEST and not self._waiting.empty()):
            given = self._waiting.get()
            if given is None:
                if group:
                    self._waiting.put(None)  # for the next look
                break
            group.append(given)
        return group

    def _commit(self, group: list[tuple[T, Future[R]]]) -> None:
        try:
            with self._engine.begin() as connection:
                results = self._write(connection, [item for item, _ in group])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, sa.exc.DBAPIError):
                for one in group:  # one of them cannot be written down: the others can
                    self._commit([one])
                return
            results = [error] * len(group)
        else:
            self._committed(results)
        for (_, future), result in zip(group, results, strict=True):
            _settle(future, result)


def _settle(future: Future[R], result: R | Exception) -> None:
    """Whoever waited may have been given up meanwhile; what is written is written all the same."""
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
