"""What preflight found of each operation of a third-party host, and which operations it blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from argus_wfm.conformance.model.findings import Drift, Finding
from argus_wfm.conformance.target.safety import Block
from argus_wfm.conformance.target.websocket import OPERATION
from argus_wfm.json_type import Json

SLOW_S = 10.0  # a third of what the seed allows; with hundreds of requests a run would take hours


SKEW_S = 5.0  # of clocks, that is worth telling


class OperationState(StrEnum):
    """Of an operation."""

    THERE = "there"
    UNREACHABLE = "unreachable"
    ABSENT = "absent"
    PROTOCOL = "wrong protocol"
    AUTH = "credentials refused"
    BROKEN = "broken"
    UNSTEADY = "unsteady"
    SLOW = "slow"
    UNKNOWN = "not asked"


BLOCKED = (
    OperationState.UNREACHABLE,
    OperationState.ABSENT,
    OperationState.PROTOCOL,
    OperationState.AUTH,
    OperationState.BROKEN,
    OperationState.SLOW,
)


OF_DRIFT = {
    Drift.ABSENT: OperationState.ABSENT,
    Drift.PROTOCOL: OperationState.PROTOCOL,
    Drift.AUTH: OperationState.AUTH,
}


HOPELESS = (  # where one operation is so, its contract's others are not asked; a refused password is not sent again
    OperationState.UNREACHABLE,
    OperationState.SLOW,
    OperationState.AUTH,
)


NO_ENVELOPE = "a 404 without the envelope: the host has no such thing, or no such operation"


@dataclass(frozen=True, slots=True)
class Capability:
    """What one operation said; `finding` is of what departs, `date` the host's clock less ours in seconds."""

    contract: str
    operation: str
    state: OperationState
    words: str = ""
    duration_s: float = 0.0
    finding: Finding | None = None
    ahead_s: float | None = None

    def block(self) -> Block:
        """Why it is not asked again."""
        return Block(self.words, self.finding, credentials=self.state is OperationState.AUTH)

    def as_dict(self) -> dict[str, Json]:
        """For report.json."""
        return {
            "contract": self.contract,
            "operation": self.operation,
            "state": self.state.value,
            "reason": self.words or None,
            "duration_s": round(self.duration_s, 3),
        }


def blocks(capabilities: Sequence[Capability], *, slow: bool) -> dict[str, Block]:
    """By operation, and by contract for one that is hopeless; `slow` says whether slow ones are blocked, too."""
    states = BLOCKED if slow else tuple(state for state in BLOCKED if state is not OperationState.SLOW)
    found = [one for one in capabilities if one.state in states]
    whole = {one.contract: one.block() for one in found if one.state in HOPELESS and one.operation != OPERATION}
    return whole | {one.operation: one.block() for one in found}


def degraded(capabilities: Sequence[Capability]) -> bool:
    """Whether something that was asked is not as it should be."""
    return any(one.state not in (OperationState.THERE, OperationState.UNKNOWN) for one in capabilities)


def answering(capabilities: Sequence[Capability]) -> bool:
    """Whether there is anything that generated requests could ask; so it is where nothing was asked, of mocks."""
    return not capabilities or any(one.state in (OperationState.THERE, OperationState.UNSTEADY) for one in capabilities)


def down(capabilities: Sequence[Capability]) -> bool:
    """Whether nothing that was asked gave any answer."""
    asked = [one for one in capabilities if one.state is not OperationState.UNKNOWN]
    return bool(asked) and all(one.state is OperationState.UNREACHABLE for one in asked)


def skew(capabilities: Sequence[Capability]) -> float:
    """Seconds that the host's clock is ahead of ours."""
    return next((one.ahead_s for one in capabilities if one.ahead_s is not None), 0.0)
