"""What ends a run from outside: Ctrl-C, the SIGTERM of a CI job that is cancelled, a terminal that is closed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from types import FrameType

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(KeyboardInterrupt):
    """One of them has come; `exit` is the code by which a shell tells of it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit = 128 + number


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """The first signal raises Interrupted, where the main thread is.

    Those after it, and those after a call of what is yielded, are not heeded: what is being ended or written comes to
    its end. A signal that was ignored before (nohup) is ignored here, too.
    """
    heeded = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in ENDING} if heeded else {}
    mine = [number for number, handler in before.items() if handler != signal.SIG_IGN]

    def unheeded() -> None:
        nonlocal heeded
        heeded = False

    def end(number: int, frame: FrameType | None) -> None:
        if heeded:
            unheeded()
            raise Interrupted(number)

    for number in mine:
        signal.signal(number, end)
    try:
        yield unheeded
    finally:
        for number in mine:
            signal.signal(number, before[number])


def on_end(fd: int, act: Callable[[], None]) -> None:
    """On SIGTERM, `act` and end this process, in a thread of its own, whatever the others are busy with.

    Once nobody reads the pipe `fd` any more, end at once: whoever started this process is gone.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, fd, act), daemon=True).start()


def _watch(signals: int, fd: int, act: Callable[[], None]) -> None:
    watched = select.poll()
    watched.register(signals, select.POLLIN)
    watched.register(fd, 0)  # errors alone
    try:
        while True:
            ready = dict(watched.poll())
            if signals in ready and signal.SIGTERM in os.read(signals, 64):
                act()
                return
            if fd in ready:
                return
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)
