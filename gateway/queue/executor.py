"""One turn of an operation: what its kind does, and what becomes of the ways in which that can end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError

import orjson
import sqlalchemy as sa

from argus_wfm.gateway.errors import TRANSIENT, CircuitOpen
from argus_wfm.gateway.queue.event_loop import EventLoopBridge
from argus_wfm.gateway.queue.job import Cancelled, HandedBack, Job
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.gateway.upstream.zup import Origin, ZupClient
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import ApiError

Act = Callable[[Job], dict[str, Json]]
log = logging.getLogger("argus.gateway")
HELD_S = 60.0


class BlockingZup:
    """1C for work in threads: the client lives on the bridge's loop."""

    def __init__(self, zup: ZupClient, bridge: EventLoopBridge) -> None:
        self._zup, self._bridge = zup, bridge

    def get_agents(self, claimed: Claimed, day: str) -> Json:
        """See Upstream."""
        return orjson.loads(self._bridge.run(self._zup.get_agents(_origin(claimed), day, day)))

    def post(self, claimed: Claimed, operation_id: str, body: Json, key: str | None = None) -> Json:
        """See Upstream."""
        call = self._zup.post(_origin(claimed), operation_id, body, idempotency_key=key)
        return orjson.loads(self._bridge.run(call))


def _origin(claimed: Claimed) -> Origin:
    return Origin(claimed.principal, claimed.request_id, claimed.id, claimed.attempt)


class OperationExecutor:
    """Called by the worker with an operation and its turn."""

    def __init__(
        self, queue: Queue, acts: Mapping[str, Act], upstream: BlockingZup, stopping: Callable[[], bool]
    ) -> None:
        self._queue, self._acts, self._upstream, self._stopping = queue, acts, upstream, stopping

    def __call__(self, operation_id: str, turn: int) -> None:
        """Nothing for a turn that is not wanted any more. Raises SQLAlchemyError when the outcome cannot be kept."""
        claimed = self._queue.begin(operation_id, turn)
        if claimed is None:
            return
        job = Job(claimed, self._queue, self._upstream, self._stopping)
        try:
            result = self._acts[claimed.kind.name](job)
        except (sa.exc.OperationalError, sa.exc.InterfaceError):  # the database is away: another turn, no attempt used
            raise
        except (Exception, CancelledError) as error:
            self._ended(claimed, error)
        else:
            self._queue.finish(claimed, result)

    def _ended(self, claimed: Claimed, error: BaseException) -> None:
        match error:
            case HandedBack() | CancelledError():
                self._queue.hand_back(claimed)
            case Cancelled():
                self._queue.cancelled(claimed)
            case CircuitOpen():
                self._queue.hold(claimed, float(error.headers.get("Retry-After", HELD_S)), str(error))
            case ApiError():
                self._queue.fail(claimed, error, transient=isinstance(error, TRANSIENT))
            case _ if not self._queue.wanted(claimed):
                log.warning("operation %s is gone, or somebody else's: %s", claimed.id, error)
            case _:
                log.error("operation %s (%s) failed", claimed.id, claimed.kind.name, exc_info=error)
                defect = ApiError("A defect of the gateway; its log says more.")
                self._queue.fail(claimed, defect, transient=True)
