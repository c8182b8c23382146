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

from argus_wfm.mocks.faults.models import ANY, Fault, Lognormal, Refuse, Uniform

Json = Any


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
    switched: ActiveFault | None

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
        self._switched: list[ActiveFault] = []
        for fault in self._at_start:
            self.switch_on(fault)

    def switch_on(self, fault: Fault) -> ActiveFault:
        """From the next request on."""
        left = math.inf if fault.times is None else fault.times
        switched = ActiveFault(next(self._ids), fault, left, dice=random.Random(fault.seed))
        with self._lock:
            self._switched.append(switched)
        return switched

    def lift(self, fault_id: int | None = None) -> int:
        """End one fault, or all; whoever it holds is let go. Returns how many were lifted."""
        with self._lock:
            lifted = [switched for switched in self._switched if fault_id in (None, switched.id)]
            self._switched = [switched for switched in self._switched if switched not in lifted]
        for switched in lifted:
            switched.lifted.set()
        return len(lifted)

    def reset(self) -> None:
        """Only the faults it was started with, nothing arrived."""
        self.lift()
        self.arrived.clear()
        for fault in self._at_start:
            self.switch_on(fault)

    def strike(self, operation: str) -> FaultDecision:
        """Count a request of an operation and say what it gets."""
        delays: list[tuple[ActiveFault, float]] = []
        with self._lock:
            self.arrived[operation] += 1
            for switched in self._switched:
                if isinstance(switched.fault, Refuse) or not switched.strikes(operation):
                    continue
                if not switched.fault.delays:
                    return FaultDecision(tuple(delays), switched)
                delays.append((switched, switched.delay_s()))
        return FaultDecision(tuple(delays), None)

    @property
    def refuses(self) -> bool:
        """Whether connections are refused now."""
        return any(isinstance(switched.fault, Refuse) for switched in self._switched)

    def shown(self) -> list[dict[str, Json]]:
        """Every fault that is on or used up."""
        return [switched.shown() for switched in self._switched]
