"""What subscribers heard and what the REST API said, as values that can be judged without either."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from argus_wfm.conformance.stream import messages as frame
from argus_wfm.conformance.stream.matching import AcknowledgedEvent, paired
from argus_wfm.conformance.stream.messages import CHANGE
from argus_wfm.conformance.target.websocket import Closing, Frame, Subscription, wscat
from argus_wfm.json_type import Json


@dataclass(frozen=True, slots=True)
class ReceivedChange:
    """A message about an agent's change, under the contract's names, and when it came."""

    message: Mapping[str, Json]
    at: float

    @property
    def agent(self) -> str:
        return str(self.message.get("agent_id"))

    @property
    def step(self) -> tuple[Json, Json]:
        return self.message.get("old_status"), self.message.get("new_status")


@dataclass(frozen=True, slots=True)
class Transcript:
    """What one subscription brought, between `opened` and `ended` by time.monotonic()."""

    frames: Sequence[Frame]
    opened: float
    ended: float = float("inf")
    query: Mapping[str, str] = field(default_factory=dict)
    closing: Closing | None = None
    repeat: str = ""

    @classmethod
    def of(cls, subscription: Subscription) -> Transcript:
        """As it stands now."""
        frames, repeat = subscription.frames, wscat(subscription.exchange.url)
        return cls(frames, subscription.opened, subscription.ended, subscription.query, subscription.closing, repeat)

    @property
    def extended(self) -> bool:
        return self.query.get("extended") == "1"

    @property
    def since(self) -> int | None:
        """The number it was to go on after."""
        return int(self.query["since"]) if self.extended and "since" in self.query else None

    @property
    def changes(self) -> list[ReceivedChange]:
        """Messages about changes, in the order they came."""
        held = ((frame.message(one), one.at) for one in self.frames)
        return [
            ReceivedChange(frame.named(message), at)
            for message, at in held
            if message is not None and (not self.extended or message.get("event") == CHANGE)
        ]

    def concerns(self, told: AcknowledgedEvent) -> bool:
        """Whether it has to tell of an event."""
        if self.query.get("agent_id", told.agent) != told.agent or "queue" in self.query:
            return False
        after = told.sequence > self.since if self.since is not None else told.sent >= self.opened
        shown = self.extended and told.sequence <= self.shown
        return after and not shown and told.acknowledged <= self.ended

    @property
    def shown(self) -> int:
        """The number up to which a snapshot has shown everything; -1 without any."""
        held = filter(None, map(frame.message, self.frames)) if self.extended else ()
        numbers = [one.get("sequence") for one in held if one.get("event") == "snapshot"]
        return max((number for number in numbers if isinstance(number, int)), default=-1)


def missing(heard: Transcript, told: Sequence[AcknowledgedEvent]) -> list[AcknowledgedEvent]:
    """Acknowledged events that no message has told of so far."""
    concerning = [one for one in told if heard.concerns(one)]
    return [one for one, change in paired(concerning, heard.changes, heard.since is None) if change is None]


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """A status that the REST API gave once all that had happened before had been heard; moments as elsewhere."""

    status: Mapping[str, Json]
    asked: float
    answered: float

    @property
    def as_change(self) -> dict[str, Json]:
        """Under the names that messages have."""
        status = self.status
        renamed = {"new_status": status.get("status"), "timestamp": status.get("since")}
        return {**renamed, "call_id": status.get("call_id"), "queue": status.get("queue")}


def moment(text: Json) -> dt.datetime | None:
    """An instant with its zone; None for anything else."""
    try:
        read = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo else None


def same_moment(one: Json, other: Json) -> bool:
    """Instants to the second: one side may be more exact."""
    first, second = moment(one), moment(other)
    return bool(first and second) and abs((first - second).total_seconds()) < 1  # type: ignore[operator]
