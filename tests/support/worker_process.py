"""A worker without a web server, as a process that may be killed: python -m tests.support.worker_process '{"user": …}'.

The argument holds settings, and `offset_s`: how far the worker's clock is from real time, so that one that is started
again goes on where the one before it was. Says "ready", works until SIGTERM or until stdin ends, then stops gracefully.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import threading

from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.components import Components, working
from argus_wfm.gateway.logs import configure
from argus_wfm.gateway.settings import ExplicitSettings


def main(arguments: list[str]) -> int:
    given = json.loads(arguments[0])
    offset = dt.timedelta(seconds=given.pop("offset_s", 0.0))
    configure("WARNING")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda _signum, _frame: stopped.set())
    threading.Thread(target=_watch, args=(stopped,), daemon=True).start()
    with working(Components(ExplicitSettings(**given), Clock(dt.datetime.now(dt.UTC) + offset))):
        print("ready", flush=True)
        stopped.wait()
    return 0


def _watch(stopped: threading.Event) -> None:
    while os.read(0, 1024):  # not sys.stdin, whose lock a thread that reads would hold at exit
        pass
    stopped.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
