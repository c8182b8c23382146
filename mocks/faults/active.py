"""Which faults a party has now, how often each has struck, and what the next request gets."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from argus_wfm.json_type import Json
from argus_wfm.mocks.faults.models import ANY, Fault, Lognormal, Refuse, Uniform


@dataclass(eq=False)
class ActiveFault:
    """A fault that is on; `left` counts down from its `times`. Used up, it stays to be looked at until it is lifted."""

    id: int
    fault: Fault
    left: float = math.inf
    struck: int = 0
    trouble: str = ""  # why it could not do what it says, the last time
    lifted: asyncio.Event = field(default_factory=asyncio.Event)
    dice: random.Random = field(default_factory=random.Random)

    def strikes(self, operation: str) -> bool:
        """Whether this request is one of its own; throws the dice for each that could be."""
        fault = self.fault
        if self.left <= 0 or fault.operation not in (ANY, operation):
            return False
        if fault.probability < 1 and self.dice.random() >= fault.probability:
            return False
        self.left -= 1
        self.struck += 1
        return True

    def delay_s(self) -> float:
        """Of a latency, uniform or lognormal."""
        fault: Any = self.fault
        match fault:
            case Uniform():
                return self.dice.uniform(fault.lower, fault.upper)
            case Lognormal():
                return fault.median * math.exp(self.dice.gauss(0, fault.sigma))
        return float(fault.seconds)

    def shown(self) -> dict[str, Json]:
        """For GET /_control/faults."""
        return {
            "id": self.id,
            **self.fault.model_dump(mode="json", exclude_unset=True),
            "left": None if math.isinf(self.left) else int(self.left),
            "struck": self.struck,
            **({"trouble": self.trouble} if self.trouble else {}),
        }


@dataclass(frozen=True, slots=True)
class FaultDecision:
    """What one request gets: delays, each with its seconds, then at most one other fault."""

    delays: tuple[tuple[ActiveFault, float], ...]
    active: ActiveFault | None

    @property
    def delay_s(self) -> float:
        """In all."""
        return sum(seconds for _, seconds in self.delays)


class ActiveFaults:
    """Faults in the order they were switched on. Delays add up; of the others the first that strikes is the only one.

    `arrived` counts the requests of each operation, struck or not. Safe to ask from any thread; faults are lifted on
    the loop that serves.
    """

    def __init__(self, operations: Iterable[str], at_start: Iterable[Fault] = ()) -> None:
        self.operations = frozenset(operations)
        self.arrived: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._at_start = tuple(at_start)
        self._active: list[ActiveFault] = []
        for fault in self._at_start:
            self.switch_on(fault)

    def switch_on(self, fault: Fault) -> ActiveFault:
        """From the next request on."""
        left = math.inf if fault.times is None else fault.times
        active = ActiveFault(next(self._ids), fault, left, dice=random.Random(fault.seed))
        with self._lock:
            self._active.append(active)
        return active

    def lift(self, fault_id: int | None = None) -> int:
        """End one fault, or all; whoever it holds is let go. Returns how many were lifted."""
        with self._lock:
            lifted = [active for active in self._active if fault_id in (None, active.id)]
            self._active = [active for active in self._active if active not in lifted]
        for active in lifted:
            active.lifted.set()
        return len(lifted)

    def reset(self) -> None:
        """Only the faults it was started with, nothing arrived."""
        self.lift()
        self.arrived.clear()
        for fault in self._at_start:
            self.switch_on(fault)

    def decision(self, operation: str) -> FaultDecision:
        """Count a request of an operation and say what it gets."""
        delays: list[tuple[ActiveFault, float]] = []
        with self._lock:
            self.arrived[operation] += 1
            for active in self._active:
                if isinstance(active.fault, Refuse) or not active.strikes(operation):
                    continue
                if not active.fault.delays:
                    return FaultDecision(tuple(delays), active)
                delays.append((active, active.delay_s()))
        return FaultDecision(tuple(delays), None)

    @property
    def refuses(self) -> bool:
        """Whether connections are refused now."""
        return any(isinstance(active.fault, Refuse) for active in self._active)

    def shown(self) -> list[dict[str, Json]]:
        """Every fault that is on or used up."""
        return [active.shown() for active in self._active]
