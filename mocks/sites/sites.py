"""What the mock sites hold and send: clockings, pushed in batches to the gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.messages import MessageFaults, Sending
from argus_wfm.mocks.gateway_client import GatewayClient
from argus_wfm.mocks.people import SITES
from argus_wfm.mocks.sites.site import Site

Json = Any
OPERATIONS = frozenset({"pushActuals"})
KINDS = frozenset({"duplicate", "reorder", "late", "drop", "lose", "non-json"})  # of faults
BATCH = 500


@dataclass(eq=False, slots=True)
class Later:
    """A push that a fault holds back until the clock's elapsed() says `due`, or until the fault is lifted."""

    branch: Site
    sending: Sending[list[Json]]
    due: float

    def is_due(self, elapsed: float) -> bool:
        switched = self.sending.switched
        return elapsed >= self.due or bool(switched and switched.lifted.is_set())


class MockSites:
    """All of them in one process; every `beat_s` seconds of the clock they live, with 0 only when told."""

    def __init__(
        self, *, seed: int, agents: int, clock: Clock, central: GatewayClient, switchboard: ActiveFaults, beat_s: float
    ) -> None:
        self.clock, self.seed, self.agents = clock, seed, agents
        self._central, self._beat_s = central, beat_s
        self._tampering: MessageFaults[list[Json]] = MessageFaults(switchboard, "pushActuals", "shift_id")
        self._turn = asyncio.Lock()
        self.reset()

    def reset(self, seed: int | None = None, agents: int | None = None) -> None:
        """Sites that know nobody and have told nothing; the clock is not touched."""
        self.seed = self.seed if seed is None else seed
        self.agents = self.agents if agents is None else agents
        self.branches = {name: Site(name) for name in SITES}
        self._later: list[Later] = []
        self._lived = self.clock.now()
        self._tampering.forget()

    async def settle(self) -> None:
        """Until what fell due has been told."""
        async with self._turn:
            elapsed = self.clock.elapsed()
            due = [one for one in self._later if one.is_due(elapsed) and not one.branch.is_cut_off]
            for one in due:
                if await self._arrive(one.branch, one.sending):
                    self._later.remove(one)
        if self._beat_s:
            await self.live()

    async def live(self) -> None:
        """Everything that a site does of itself: pull, clock who has gone home since, push."""
        since, self._lived = self._lived, self.clock.now()
        for branch in self.branches.values():
            await self.pull(branch)
            branch.work(self.seed, since, self._lived)
            await self.push(branch)

    async def pull(self, branch: Site) -> bool:
        """Employees as they are now, and confirmations that are new; whether all came."""
        if branch.is_cut_off:
            return False
        people = await self._central.pages(f"/sites/{branch.id}/employees")
        known = branch.confirmations[-1]["cursor"] if branch.confirmations else ""
        news = await self._central.pages(f"/sites/{branch.id}/confirmations", known)
        if people is not None:
            branch.employees = {one["employee_id"]: one for one in people}
        branch.confirmations += news or []
        return people is not None and news is not None

    async def push(self, branch: Site) -> None:
        """What has not been told, in batches; whatever does not arrive stays and is told the next time."""
        async with self._turn:
            while not branch.is_cut_off and (batch := branch.batch(BATCH)):
                for sending in self._tampering.of(branch.id, batch, {"actuals": batch}):
                    if sending.late_s:
                        self._later.append(Later(branch, sending, self.clock.elapsed() + sending.late_s))
                    elif not sending.withheld and not await self._arrive(branch, sending):
                        return
                branch.told += len(batch)

    async def _arrive(self, branch: Site, sending: Sending[list[Json]]) -> bool:
        """Whether Central has said something of it; one that was spoiled on the way is sent again as it is meant."""
        path = f"/sites/{branch.id}/actuals"
        if sending.drop:
            await self._central.cut_off(path, sending.text)
        branch.counts["pushes"] += 1
        reply = await self._central.post(path, sending.text)
        if reply and reply[0] == 400 and sending.fault:
            reply = await self._central.post(path, orjson.dumps({"actuals": sending.item}))
        if reply is None or reply[0] != 200:
            branch.counts["unreachable"] += 1
            return False
        branch.answered(reply[1])
        return True

    def view(self) -> dict[str, Json]:
        """What a test may look at."""
        return {
            "seed": self.seed,
            "beat_s": self._beat_s,
            "late": len(self._later),
            "sites": {name: branch.view() for name, branch in self.branches.items()},
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
            await self._central.close()

    async def _beat(self) -> None:
        while self._beat_s:
            await self.settle()
            await self.clock.sleep_until(self.clock.elapsed() + self._beat_s)
