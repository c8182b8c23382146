"""Faults of a party that does not speak HTTP: done to its connections by the relay before it, by name of operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults import models
from argus_wfm.mocks.faults.active import ActiveFault, ActiveFaults, FaultDecision
from argus_wfm.mocks.faults.models import Fault
from argus_wfm.mocks.faults.relay import Address, Relay, RelayedConnection

KINDS = frozenset({"latency", "uniform", "lognormal", "hang", "drip", "refuse", "reset", "empty"})
CarryOut = Callable[[bool], Awaitable[None]]  # the request; whether its reply goes out


class Ports:
    """The relays before one party, which refuse together."""

    def __init__(self, relays: Sequence[Relay]) -> None:
        self._relays = relays

    async def refuse(self, refuse: bool) -> None:
        """Stop listening and drop who is connected, or listen again."""
        for relay in self._relays:
            await relay.refuse(refuse)

    def of(self, source: Address) -> RelayedConnection | None:
        """The connection that the party sees as coming from `source`."""
        return next(filter(None, (relay.of(source) for relay in self._relays)), None)


class TcpFaults:
    """Strikes requests that come through the relay. Lives on the loop that runs the relay."""

    def __init__(self, active_faults: ActiveFaults, ports: Ports, clock: Clock) -> None:
        self._active_faults, self._ports, self._clock = active_faults, ports, clock

    def decision(self, operation: str, source: Address) -> tuple[FaultDecision, RelayedConnection] | None:
        """From any thread: count a request, and what it gets; None for one that is not struck."""
        decision, connection = self._active_faults.decision(operation), self._ports.of(source)
        if connection is None or (decision.active is None and not decision.delays):
            return None
        return decision, connection

    async def by(self, decision: FaultDecision, connection: RelayedConnection, carry_out: CarryOut) -> None:
        """The delays, then what the fault says; the request is carried out when it has a reply or is to be applied."""
        due = self._clock.elapsed()
        for active, seconds in decision.delays:
            due += seconds
            await _until(self._clock.sleep_until(due), active)
        fault: Fault | None = decision.active.fault if decision.active else None
        if isinstance(fault, models.Drip):
            connection.drip(fault.interval, head=True)  # there is nothing here that would be a head
        elif fault and decision.active:
            if fault.applied:
                await carry_out(False)
            await self._break(decision.active, connection)
            return
        await carry_out(True)

    async def _break(self, active: ActiveFault, connection: RelayedConnection) -> None:
        match active.fault:
            case models.Hang():
                await active.lifted.wait()
                connection.reset()
            case models.Reset():
                connection.reset()
            case models.Empty():
                connection.close()


async def _until(what: Any, active: ActiveFault) -> None:
    """Until that is over or its fault is lifted."""
    others = [asyncio.ensure_future(what), asyncio.ensure_future(active.lifted.wait())]
    try:
        await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in others:
            task.cancel()
