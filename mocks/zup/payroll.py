"""The mock 1C calculates payroll of whoever it has got actual work time of, and confirms it to Central (A44)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator

import orjson

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.gateway_client import GatewayClient
from argus_wfm.mocks.zup.state import ZupState
from argus_wfm.openapi.errors import instant

QUIET_S = 300.0  # of the clock, without another fact: then the accountant begins
LOOK_S = 60.0


class PayrollNotifier:
    """A context of the loop that serves. `state` holds what is not confirmed, and the documents."""

    def __init__(self, state: ZupState, clock: Clock, gateway: GatewayClient) -> None:
        self._state, self._clock, self._gateway = state, clock, gateway
        self._turn = asyncio.Lock()

    async def settle(self) -> None:
        """Calculate what nothing has been added to for QUIET_S; bring what has not arrived."""
        if self._state.unconfirmed and self._clock.elapsed() - self._state.latest_fact >= QUIET_S:
            await self.confirm()
        else:
            await self._bring()

    async def confirm(self, period: str | None = None) -> list[Json]:
        """Calculate one month, or all that have something new, now; the documents as they fared."""
        with self._state.lock:
            months = [period] if period else sorted(self._state.unconfirmed)
            people = {month: sorted(self._state.unconfirmed.pop(month, ())) for month in months}
            made = [self._document(month, who) for month, who in people.items() if who]
            self._state.payroll += made
        await self._bring()
        return made

    def _document(self, period: str, people: list[str]) -> dict[str, Json]:
        """Numbered by what is in it, since a restarted mock would begin to count anew."""
        told = {"period": period, "employee_ids": people, "confirmed_at": instant(self._clock.now())}
        number = hashlib.sha256(orjson.dumps([told, len(self._state.payroll)])).hexdigest()[:8].upper()
        return {"document_id": f"ZP-{period}-{number}", **told, "status": None, "reply": None}

    async def _bring(self) -> None:
        async with self._turn:
            for document in [one for one in self._state.payroll if one["status"] is None]:
                names = ("document_id", "period", "employee_ids", "confirmed_at")
                body = orjson.dumps({name: document[name] for name in names})
                if reply := await self._gateway.post("/payroll-confirmations", body):
                    document["status"], document["reply"] = reply

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Looks every minute of the clock."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await self._gateway.close()

    async def _look(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.elapsed() + LOOK_S)
            await self.settle()
