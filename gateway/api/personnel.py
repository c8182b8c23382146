"""The operations of openapi/personnel.yaml: checked, then answered by 1C ZUP or from the cache."""

from __future__ import annotations

from functools import partial

from gateway.cache import Cache
from gateway.errors import CircuitOpen, UpstreamRejected
from gateway.upstream.zup import ZupClient
from openapi import Call, Handlers, Reply
from openapi.errors import InvalidPeriod


class Personnel:
    """One method per operation."""

    def __init__(self, zup: ZupClient, cache: Cache) -> None:
        self._zup, self._cache = zup, cache

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "getAgents": self.get_agents,
            "sendSchedule": self.send_schedule,
            "getNormHours": self.get_norm_hours,
            "getTimetypeInfo": self.get_timetype_info,
            "sendFactWorkTime": self.send_fact_work_time,
        }

    async def get_agents(self, call: Call, start_date: str, end_date: str) -> Reply:
        """Raises InvalidPeriod and the errors of the 1C client."""
        _check_period(start_date, end_date, "endDate")
        key = f"GET /agents/{start_date}/{end_date} {call.principal}"
        fresh = "no-cache" in call.headers.get("cache-control", "").lower()
        served = await self._cache.get_or_fetch(key, partial(self._zup.get_agents, start_date, end_date), refresh=fresh)
        status = "argus; hit" if served.hit else f"argus; fwd={'request' if fresh else 'miss'}"
        return Reply(raw=served.body, headers={"Age": str(int(served.age_s)), "Cache-Status": status})

    async def get_norm_hours(self, call: Call) -> Reply:
        """Raises InvalidPeriod and the errors of the 1C client."""
        _check_period(call.body["period_start"], call.body["period_end"], "period_end")
        return await self._forward(call)

    async def get_timetype_info(self, call: Call) -> Reply:
        """Raises the errors of the 1C client; periods may mix zones, so 1C compares them."""
        return await self._forward(call)

    async def send_schedule(self, call: Call) -> Reply:
        """Raises InvalidPeriod and the errors of the 1C client."""
        _check_period(call.body["period_start"], call.body["period_end"], "period_end")
        return await self._modify(call)

    async def send_fact_work_time(self, call: Call) -> Reply:
        """Raises the errors of the 1C client."""
        return await self._modify(call)

    async def _forward(self, call: Call) -> Reply:
        return Reply(raw=await self._zup.post(call.operation.id, call.body))

    async def _modify(self, call: Call) -> Reply:
        """A write: its key goes along, so that 1C does the work once; kept replies may be stale afterwards."""
        key = call.headers.get("idempotency-key")
        try:
            reply = Reply(raw=await self._zup.post(call.operation.id, call.body, idempotency_key=key))
        except (CircuitOpen, UpstreamRejected):  # 1C was not asked, or refused: nothing has changed
            raise
        except BaseException:
            self._cache.clear()
            raise
        self._cache.clear()
        return reply


def _check_period(start: str, end: str, field: str) -> None:
    """Dates of the contract (YYYY-MM-DD) compare as text. Raises InvalidPeriod."""
    if end < start:
        raise InvalidPeriod(f"The period ends on {end}, before it starts on {start}.", field=field)
