"""The operations of openapi/personnel.yaml: checked, then answered by 1C ZUP or from the caches."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import orjson

from argus_wfm.gateway.api.responses import accepted, cached
from argus_wfm.gateway.errors import CircuitOpen, UpstreamRejected
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.views import QueueViews
from argus_wfm.gateway.storage.cache import Caches
from argus_wfm.gateway.upstream.zup import Origin, ZupClient
from argus_wfm.openapi import ApiResponse, Call, Handlers
from argus_wfm.openapi.errors import InvalidPeriod

ASYNC = re.compile(r"(^|[,;\s])respond-async($|[,;\s])", re.IGNORECASE)


class Personnel:
    """One method per operation."""

    def __init__(self, zup: ZupClient, caches: Caches, queue: Queue, views: QueueViews) -> None:
        self._zup, self._caches, self._queue, self._views = zup, caches, queue, views

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "getAgents": self.get_agents,
            "sendSchedule": self.send_schedule,
            "getNormHours": self.get_norm_hours,
            "getTimetypeInfo": self.get_timetype_info,
            "sendFactWorkTime": self.send_fact_work_time,
        }

    async def get_agents(self, call: Call, start_date: str, end_date: str) -> ApiResponse:
        """Raises InvalidPeriod and the errors of the 1C client."""
        _check_period(start_date, end_date, "endDate")
        key = f"GET /agents/{start_date}/{end_date} {call.principal}"
        fetch = partial(self._zup.get_agents, origin(call), start_date, end_date)
        return await cached(self._caches.api_response, call, key, fetch)

    async def get_norm_hours(self, call: Call) -> ApiResponse:
        """Raises InvalidPeriod and the errors of the 1C client. A norm is 1C's answer, kept as the calendar is."""
        _check_period(call.body["period_start"], call.body["period_end"], "period_end")
        key = orjson.dumps(call.body, option=orjson.OPT_SORT_KEYS).decode()
        fetch = partial(self._zup.post, origin(call), call.operation.id, call.body)
        return await cached(self._caches.calendar, call, key, fetch)

    async def get_timetype_info(self, call: Call) -> ApiResponse:
        """Raises the errors of the 1C client; periods may mix zones, so 1C compares them."""
        return ApiResponse(raw=await self._zup.post(origin(call), call.operation.id, call.body))

    async def send_schedule(self, call: Call) -> ApiResponse:
        """Raises InvalidPeriod and the errors of the 1C client; with Prefer: respond-async it is queued."""
        _check_period(call.body["period_start"], call.body["period_end"], "period_end")
        if ASYNC.search(call.headers.get("prefer", "")):
            return await self._queued(call)
        return await self._modify(call)

    async def send_fact_work_time(self, call: Call) -> ApiResponse:
        """Raises the errors of the 1C client."""
        return await self._modify(call)

    async def _queued(self, call: Call) -> ApiResponse:
        reply = await accepted(self._queue, self._views, call, "schedule_upload", call.body)
        return replace(reply, headers={**reply.headers, "Preference-Applied": "respond-async"})

    async def _modify(self, call: Call) -> ApiResponse:
        """A write: its key goes along, so that 1C does the work once; kept replies may be stale afterwards."""
        key = call.headers.get("idempotency-key")
        try:
            reply = ApiResponse(
                raw=await self._zup.post(origin(call), call.operation.id, call.body, idempotency_key=key)
            )
        except (CircuitOpen, UpstreamRejected):  # 1C was not asked, or refused: nothing has changed
            raise
        except BaseException:
            self._caches.on_modification()
            raise
        self._caches.on_modification()
        return reply


def origin(call: Call) -> Origin:
    """On whose behalf 1C is called."""
    return Origin(call.principal, call.request_id)


def _check_period(start: str, end: str, field: str) -> None:
    """Dates of the contract (YYYY-MM-DD) compare as text. Raises InvalidPeriod."""
    if end < start:
        raise InvalidPeriod(f"The period ends on {end}, before it starts on {start}.", field=field)
