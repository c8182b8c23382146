"""What the mock sites hold and send: clockings, pushed in batches to the gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.messages import MessageFaults, Sending
from argus_wfm.mocks.gateway_client import GatewayClient
from argus_wfm.mocks.people import SITES
from argus_wfm.mocks.sites.site import SimulatedSite

OPERATIONS = frozenset({"pushActuals"})
KINDS = frozenset({"duplicate", "reorder", "late", "drop", "lose", "non-json"})  # of faults
BATCH = 500


@dataclass(eq=False, slots=True)
class Later:
    """A push that a fault holds back until the clock's elapsed() says `due`, or until the fault is lifted."""

    site: SimulatedSite
    sending: Sending[list[Json]]
    due: float

    def is_due(self, elapsed: float) -> bool:
        active = self.sending.active
        return elapsed >= self.due or bool(active and active.lifted.is_set())


class MockSites:
    """All of them in one process; every `beat_s` seconds of the clock they live, with 0 only when told."""

    def __init__(
        self,
        *,
        seed: int,
        agents: int,
        clock: Clock,
        gateway: GatewayClient,
        active_faults: ActiveFaults,
        beat_s: float,
    ) -> None:
        self.clock, self.seed, self.agents = clock, seed, agents
        self._gateway, self._beat_s = gateway, beat_s
        self._tampering: MessageFaults[list[Json]] = MessageFaults(active_faults, "pushActuals", "shift_id")
        self._turn = asyncio.Lock()
        self.reset()

    def reset(self, seed: int | None = None, agents: int | None = None) -> None:
        """Sites that know nobody and have told nothing; the clock is not touched."""
        self.seed = self.seed if seed is None else seed
        self.agents = self.agents if agents is None else agents
        self.branches = {name: SimulatedSite(name) for name in SITES}
        self._later: list[Later] = []
        self._lived = self.clock.now()
        self._tampering.forget()

    async def settle(self) -> None:
        """Until what fell due has been told."""
        async with self._turn:
            elapsed = self.clock.elapsed()
            due = [one for one in self._later if one.is_due(elapsed) and not one.site.is_cut_off]
            for one in due:
                if await self._arrive(one.site, one.sending):
                    self._later.remove(one)
        if self._beat_s:
            await self.live()

    async def live(self) -> None:
        """Everything that a site does of itself: pull, clock who has gone home since, push."""
        since, self._lived = self._lived, self.clock.now()
        for site in self.branches.values():
            await self.pull(site)
            site.work(self.seed, since, self._lived)
            await self.push(site)

    async def pull(self, site: SimulatedSite) -> bool:
        """Employees as they are now, and confirmations that are new; whether all came."""
        if site.is_cut_off:
            return False
        people = await self._gateway.pages(f"/sites/{site.id}/employees")
        known = site.confirmations[-1]["cursor"] if site.confirmations else ""
        news = await self._gateway.pages(f"/sites/{site.id}/confirmations", known)
        if people is not None:
            site.employees = {one["employee_id"]: one for one in people}
        site.confirmations += news or []
        return people is not None and news is not None

    async def push(self, site: SimulatedSite) -> None:
        """What has not been told, in batches; whatever does not arrive stays and is told the next time."""
        async with self._turn:
            while not site.is_cut_off and (batch := site.batch(BATCH)):
                for sending in self._tampering.of(site.id, batch, {"actuals": batch}):
                    if sending.late_s:
                        self._later.append(Later(site, sending, self.clock.elapsed() + sending.late_s))
                    elif not sending.withheld and not await self._arrive(site, sending):
                        return
                site.told += len(batch)

    async def _arrive(self, site: SimulatedSite, sending: Sending[list[Json]]) -> bool:
        """Whether Central has said something of it; one that was spoiled on the way is sent again as it is meant."""
        path = f"/sites/{site.id}/actuals"
        if sending.drop:
            await self._gateway.cut_off(path, sending.text)
        site.counts["pushes"] += 1
        reply = await self._gateway.post(path, sending.text)
        if reply and reply[0] == 400 and sending.fault:
            reply = await self._gateway.post(path, orjson.dumps({"actuals": sending.item}))
        if reply is None or reply[0] != 200:
            site.counts["unreachable"] += 1
            return False
        site.answered(reply[1])
        return True

    def view(self) -> dict[str, Json]:
        """What a test may look at."""
        return {
            "seed": self.seed,
            "beat_s": self._beat_s,
            "late": len(self._later),
            "sites": {name: site.view() for name, site in self.branches.items()},
        }

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Time passes at the sites inside of this context."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await self._gateway.close()

    async def _beat(self) -> None:
        while self._beat_s:
            await self.settle()
            await self.clock.sleep_until(self.clock.elapsed() + self._beat_s)
