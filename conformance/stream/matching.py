"""Which message tells of which event: the pairs that losses, lateness and disagreements are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from argus_wfm.json_type import Json

KEY = ("agent_id", "timestamp", "old_status", "new_status", "call_id", "queue")
LIKELINESS: Sequence[Sequence[str]] = (KEY, ("old_status", "new_status"), ("new_status",), ())


@dataclass(frozen=True, slots=True)
class AcknowledgedEvent:
    """An event that the host acknowledged with `result`; moments are of time.monotonic()."""

    result: Mapping[str, Json]
    sent: float
    acknowledged: float

    @property
    def agent(self) -> str:
        return str(self.result.get("agent_id"))

    @property
    def sequence(self) -> int:
        """The change's number; 0 where the host gave none."""
        number = self.result.get("sequence")
        return number if isinstance(number, int) else 0

    def is_told_by(self, message: Mapping[str, Json]) -> bool:
        """Whether the message says just what the reply said."""
        return all(message.get(name) == self.result.get(name) for name in KEY)


class Dated(Protocol):
    """A message and when it came."""

    @property
    def message(self) -> Mapping[str, Json]: ...
    @property
    def at(self) -> float: ...
    @property
    def agent(self) -> str: ...


One = TypeVar("One", bound=Dated)


def paired(
    told: Sequence[AcknowledgedEvent], changes: Sequence[One], after_sending: bool
) -> list[tuple[AcknowledgedEvent, One | None]]:
    """Each event with its message, the likeliest first: word for word, same step, same status, any of the agent.

    `after_sending`: a message that came before the event was sent is about something else.
    """
    free = list(changes)
    result: dict[int, One | None] = {}
    for names in LIKELINESS:
        for index, one in enumerate(told):
            if result.get(index) is None:
                fitting = (change for change in free if _fits(one, change, names))
                result[index] = next((change for change in fitting if not after_sending or change.at >= one.sent), None)
                free = [change for change in free if change is not result[index]]
    return [(one, result.get(index)) for index, one in enumerate(told)]


def _fits(one: AcknowledgedEvent, change: Dated, names: Sequence[str]) -> bool:
    return change.agent == one.agent and all(change.message.get(name) == one.result.get(name) for name in names)
