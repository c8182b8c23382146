"""Twisted's reactor: one per process, in a thread of its own, started by the first who needs it and never again."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet import reactor as _installed
from twisted.internet import threads

reactor: Any = _installed  # typed as a module
Result = TypeVar("Result")
START_S = 10.0


def call(act: Callable[[], Result]) -> Result:
    """Do it on the reactor's thread and wait for it; not to be called from there."""
    _started()
    result: Result = threads.blockingCallFromThread(reactor, act)
    return result


def tell(act: Callable[[], object]) -> None:
    """Have it done on the reactor's thread, soon."""
    _started()
    reactor.callFromThread(act)


def adopt(bound: socket.socket, factory: Any) -> Any:
    """On the reactor's thread: a copy of a listening socket has its connections made by `factory`; the port."""
    return reactor.adoptStreamPort(bound.fileno(), bound.family, factory)


@functools.cache
def _thread() -> threading.Thread:
    running = threading.Event()
    reactor.callWhenRunning(running.set)
    # Signals belong to who started this process; a daemon, because a reactor that has stopped cannot be started again
    thread = threading.Thread(target=reactor.run, args=(False,), name="reactor", daemon=True)
    thread.start()
    if not running.wait(START_S):
        raise RuntimeError("Twisted's reactor did not start")
    return thread


_STARTING = threading.Lock()


def _started() -> None:
    with _STARTING:
        _thread()
