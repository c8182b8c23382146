"""Runs what the queue says is due, on dbos: durable, by priority, each turn by one worker, taken over from a dead one.

The one module that imports dbos, and the private part of it that takeover.py needs (pinned, tested). dbos holds one run
a turn and nothing else: delays, attempts and results are in our own tables, on our own clock.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from argus_wfm.gateway.queue.job import batches
from argus_wfm.gateway.queue.kinds import place
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Due
from argus_wfm.gateway.queue.takeover import Takeover
from argus_wfm.gateway.storage.database import is_sqlite

log = logging.getLogger("argus.gateway")
QUEUE = "operations"
VERSION = "1"  # of the workflow below; pinned, or an upgrade would strand what is queued
POLL_S = 0.05
DISPATCH_S = 0.25  # between looks at what others have submitted
LOOK_ROUND_S = 2.0  # between looks at who is alive
CHECK_S = 15.0  # between looks for turns that dbos has lost
KEPT_S = 3600  # of a finished run in dbos's tables
ASKED = 50  # runs asked for at once: what is more urgent need not wait behind more
GONE_S = 10.0
FINAL = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

_run: Callable[[str, int], str] = lambda _operation_id, _turn: "no worker"  # noqa: E731  # dbos is one per process


@DBOS.workflow(name="operation")
def operation(operation_id: str, turn: int) -> str:
    """One turn of an operation."""
    return _run(operation_id, turn)


class Worker:
    """One per process. `run` does a turn; `housekeeping` is called about once an hour of real time, and `look`, which
    submits what falls due of itself, at every look at the queue.
    """

    def __init__(
        self,
        engine: sa.Engine,
        queue: Queue,
        run: Callable[[str, int], None],
        *,
        concurrency: int,
        look: Callable[[], None] = lambda: None,
        housekeeping: Callable[[], None],
    ) -> None:
        self._engine, self._queue, self._do, self._concurrency = engine, queue, run, concurrency
        self._submit_due, self._housekeeping = look, housekeeping
        self._takeover = Takeover(engine, _busy, lambda executor_id: DBOS._recover_pending_workflows([executor_id]))
        self._due, self._stopping = threading.Event(), threading.Event()
        self._running: set[str] = set()
        self._idle = threading.Condition()
        self._thread = threading.Thread(target=self._dispatch, name="dispatch", daemon=True)

    def start(self) -> None:
        """Take a lease and begin to work. Raises NoLease."""
        global _run
        executor_id = self._takeover.begin()
        _run = self._turn
        _launch(self._engine, executor_id)
        DBOS.register_queue(QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=POLL_S)
        self._queue.on_due = self._due.set
        self._thread.start()

    def stop(self, grace_s: float, give_up: Callable[[], None]) -> None:
        """Start nothing more, wait for what runs, then `give_up` on it: it is handed back to the queue."""
        self._stopping.set()
        self._due.set()
        self._thread.join()
        if not self.idle(grace_s):
            give_up()
            self.idle(GONE_S)
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._takeover.end()

    @property
    def stopping(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._stopping.is_set()

    def idle(self, seconds: float) -> bool:
        """Whether nothing runs here, at the latest after so many real seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._running, seconds)

    def _turn(self, operation_id: str, turn: int) -> str:
        if self.stopping:  # dbos had handed it out already
            self._queue.ask_again(operation_id, turn)
            return "not begun"
        with self._idle:
            self._running.add(f"{operation_id}:{turn}")
        try:
            self._do(operation_id, turn)
        except Exception:
            log.exception("turn %s of operation %s ended without an outcome", turn, operation_id)
            raise
        finally:
            with self._idle:
                self._running.discard(f"{operation_id}:{turn}")
                self._idle.notify_all()
        return "done"

    def _dispatch(self) -> None:
        looked = checked = cleaned = -float("inf")
        while not self.stopping:
            now = time.monotonic()
            try:
                self._submit_due()
                self._ask()
                if now - looked >= LOOK_ROUND_S:
                    looked = now
                    self._takeover.look(len(self._running))
                if now - checked >= CHECK_S:
                    checked = now
                    self._check()
                if now - cleaned >= KEPT_S:
                    cleaned = now
                    self._clean()
            except Exception as error:  # the database is away: it is tried again, and nothing is lost
                log.error("the queue cannot be read: %s", error)
                self._stopping.wait(1)
            self._due.wait(DISPATCH_S)
            self._due.clear()

    def _ask(self) -> None:
        """Ask dbos for what is due; asking twice for one turn is asking once."""
        while not self.stopping and (due := self._queue.due(ASKED)):
            for one in due:
                with SetWorkflowID(_workflow(one)), SetEnqueueOptions(priority=place(one.priority, one.number)):
                    DBOS.enqueue_workflow(QUEUE, operation, one.id, one.turn)
            self._queue.enqueued(due)

    def _check(self) -> None:
        """Turns that dbos has ended, or has never heard of, while the table waits for them: asked for again."""
        for part in batches(self._queue.asked_for(), 500):
            some = {_workflow(one): one for one in part}
            runs = DBOS.list_workflows(workflow_ids=list(some), load_input=False, load_output=False)
            states = {run.workflow_id: run.status for run in runs}
            for workflow_id, one in some.items():
                if states.get(workflow_id) in (None, *FINAL):
                    self._queue.ask_again(one.id, one.turn)

    def _clean(self) -> None:
        before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=KEPT_S)
        while runs := self._finished(before.isoformat()):
            DBOS.delete_workflows([run.workflow_id for run in runs])
        self._housekeeping()

    def _finished(self, before: str) -> Sequence[Any]:
        return DBOS.list_workflows(status=list(FINAL), end_time=before, limit=500, load_input=False, load_output=False)


def _busy() -> set[str]:
    """Workers that have runs which have not ended."""
    runs = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
    return {run.executor_id for run in runs if run.executor_id}


def _workflow(due: Due) -> str:
    return f"{due.id}:{due.turn}"


def _launch(engine: sa.Engine, executor_id: str) -> None:
    logging.getLogger("dbos").setLevel(logging.ERROR)
    DBOS(
        config={
            "name": "argus",
            "system_database_url": engine.url.render_as_string(hide_password=False),
            "system_database_engine": engine if is_sqlite(engine) else None,
            "sys_db_pool_size": 10,
            "application_version": VERSION,
            "executor_id": executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "enable_otlp": False,
        }
    )
    DBOS.launch()
