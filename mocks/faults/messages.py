"""What the faults of a party that sends messages do to one message after the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import orjson

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults import message_models
from argus_wfm.mocks.faults.active import ActiveFault, ActiveFaults

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sending(Generic[T]):
    """One message as it is to go out: after `late_s`, with its connection dropped instead, or not at all."""

    item: T
    text: bytes
    fault: str = ""
    late_s: float = 0
    drop: bool = False
    withheld: bool = False
    active: ActiveFault | None = None

    async def due(self, clock: Clock) -> None:
        """Until it may go out: its time has come, or its fault was lifted."""
        assert self.active is not None
        waits = [
            asyncio.ensure_future(clock.sleep_until(clock.elapsed() + self.late_s)),
            asyncio.ensure_future(self.active.lifted.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class MessageFaults(Generic[T]):
    """Of the messages of one operation; `word` is the member in which an unknown status stands."""

    def __init__(self, active_faults: ActiveFaults, operation: str, word: str) -> None:
        self._active_faults, self._operation, self._word = active_faults, operation, word
        self._held: dict[str, Sending[T]] = {}

    def of(self, line: str, item: T, payload: dict[str, Json]) -> list[Sending[T]]:
        """What goes out now. One that is held back goes after the next of its line, which is not struck itself."""
        if line in self._held:
            self._active_faults.arrived[self._operation] += 1
            return [Sending(item, orjson.dumps(payload)), self._held.pop(line)]
        active = self._active_faults.decision(self._operation).active
        if active is None:
            return [Sending(item, orjson.dumps(payload))]
        sent = self._struck(active, item, payload)
        if isinstance(active.fault, message_models.Reorder):
            self._held[line] = sent[0]
            return [replace(sent[0], withheld=True)]
        return sent

    def forget(self) -> None:
        """What is held back never goes out."""
        self._held.clear()

    def _struck(self, active: ActiveFault, item: T, payload: dict[str, Json]) -> list[Sending[T]]:
        fault, text = active.fault, orjson.dumps(payload)
        name = fault.fault
        match fault:
            case message_models.Duplicate():
                return [Sending(item, text, name), Sending(item, text, name)]
            case message_models.Late():
                return [Sending(item, text, name, late_s=fault.seconds, active=active)]
            case message_models.UnknownStatus():
                return [Sending(item, orjson.dumps(self._reworded(payload, fault.status)), name)]
            case message_models.Drop():
                return [Sending(item, text, name, drop=True)]
            case message_models.Lose():
                return [Sending(item, text, name, withheld=True)]
            case message_models.NonJson():
                return [Sending(item, text[: len(text) // 2], name)]
        return [Sending(item, text, name)]

    def _reworded(self, payload: dict[str, Json], word: str) -> dict[str, Json]:
        """A change into an unknown status is one off a call, so that nothing else is wrong with it."""
        off_call = dict.fromkeys(("call_id", "queue")) if self._word == "new_status" else {}
        return {**payload, **off_call, self._word: word}
