"""The operations of openapi/mce.yaml: what the contact centre tells, and what its agents and queues do."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from functools import partial

from argus_wfm.gateway.agent_status.events import Agents, Applied, Load
from argus_wfm.gateway.agent_status.queries import AgentStatusQueries
from argus_wfm.gateway.agent_status.transitions import Event
from argus_wfm.gateway.api.responses import asked, moment
from argus_wfm.gateway.queue.views import position
from argus_wfm.json_type import Json
from argus_wfm.openapi import ApiResponse, Call, Handlers
from argus_wfm.openapi.errors import ValidationFailed, instant

AHEAD = dt.timedelta(seconds=60)  # that another clock may be


class Mce:
    """One method per operation; the database is asked in threads."""

    def __init__(self, agents: Agents, queries: AgentStatusQueries, now: Callable[[], dt.datetime]) -> None:
        self._agents, self._queries, self._now = agents, queries, now

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "listAgentStatuses": self.list_agent_statuses,
            "getAgentStatus": self.get_agent_status,
            "listAgentChanges": self.list_agent_changes,
            "sendEvent": self.send_event,
            "listBreaks": self.list_breaks,
            "listBreakReasons": self.list_break_reasons,
            "getCall": self.get_call,
            "listQueues": self.list_queues,
            "putQueueLoad": self.put_queue_load,
            "getQueueMetrics": self.get_queue_metrics,
        }

    async def list_agent_statuses(self, call: Call, status: str | None = None, queue: str | None = None) -> Json:
        """By agent_id."""
        return await asked(partial(self._queries.statuses, status, queue))

    async def get_agent_status(self, call: Call, agent_id: str) -> Json:
        """Raises AgentNotFound."""
        return await asked(partial(self._queries.one, agent_id))

    async def list_agent_changes(
        self,
        call: Call,
        agent_id: str,
        since: str | None = None,
        until: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Json:
        """The earliest first. Raises AgentNotFound, ValidationFailed."""
        begin, end = since and moment("since", since), until and moment("until", until)
        after = position(cursor) if cursor else 0
        if cursor and not after:
            return {"items": [], "next": None}  # it is none of ours
        found = await asked(partial(self._queries.changes, agent_id, begin or None, end or None, after, limit + 1))
        items = found[:limit]
        return {"items": items, "next": str(items[-1]["sequence"]) if len(found) > limit else None}

    async def send_event(self, call: Call) -> Json:
        """Committed before it is acknowledged. Raises InvalidTransition, AgentNotFound, ValidationFailed."""
        event = Event.of(call.body, self._timestamp(call.body))
        applied = await asyncio.wrap_future(self._agents.apply(event))
        assert isinstance(applied, Applied)
        shown = applied.change.sequenced()
        del shown["event"]
        return {"event_id": event.event_id, **shown, "duplicate": applied.duplicate}

    async def list_breaks(self, call: Call, overrun: bool | None = None) -> Json:
        """The longest first."""
        return await asked(partial(self._queries.breaks, overrun))

    async def list_break_reasons(self, call: Call) -> Json:
        """With the minutes that each allows."""
        return self._queries.reasons()

    async def get_call(self, call: Call, call_id: str) -> Json:
        """Raises CallNotFound."""
        return await asked(partial(self._queries.call, call_id))

    async def list_queues(self, call: Call) -> Json:
        """By name."""
        return await asked(self._queries.queues)

    async def put_queue_load(self, call: Call, queue: str) -> Json:
        """What is known of the queue afterwards. Raises ValidationFailed."""
        load = Load(queue, call.body["waiting"], call.body["longest_wait"], self._timestamp(call.body))
        await asyncio.wrap_future(self._agents.load(load))
        return await asked(partial(self._queries.queue, queue))

    async def get_queue_metrics(self, call: Call, queue: str) -> ApiResponse:
        """Raises QueueNotFound."""
        return ApiResponse(await asked(partial(self._queries.queue, queue)))

    def _timestamp(self, body: Json) -> dt.datetime:
        """As told, or now, in whole seconds. Raises ValidationFailed for what has not happened yet."""
        now = self._now()
        told = moment("timestamp", body["timestamp"]) if "timestamp" in body else now
        if told > now + AHEAD:
            raise ValidationFailed(
                f"timestamp: {instant(told)} has not come yet; it is {instant(now)} here.", field="timestamp"
            )
        return told.replace(microsecond=0)
