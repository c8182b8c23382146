"""What an agent of the contact centre can do, and which event leads where (seed section 2; A13-A15)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from argus_wfm.gateway.errors import InvalidTransition
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import instant


class AgentStatus(StrEnum):
    """The contract's vocabulary (A14)."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    ON_CALL = "on_call"
    ON_BREAK = "on_break"


TRANSITIONS: Mapping[tuple[AgentStatus, str], AgentStatus] = {
    (AgentStatus.OFFLINE, "login"): AgentStatus.AVAILABLE,
    (AgentStatus.AVAILABLE, "call_start"): AgentStatus.ON_CALL,
    (AgentStatus.ON_CALL, "call_end"): AgentStatus.AVAILABLE,
    (AgentStatus.AVAILABLE, "break_start"): AgentStatus.ON_BREAK,
    (AgentStatus.ON_BREAK, "break_end"): AgentStatus.AVAILABLE,
    (AgentStatus.AVAILABLE, "logout"): AgentStatus.OFFLINE,
    (AgentStatus.ON_BREAK, "logout"): AgentStatus.OFFLINE,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Of a break: how it is called here, and for how long it is allowed."""

    title: str
    allowed_minutes: int


REASONS: Mapping[str, Reason] = {
    "lunch": Reason("Обед", 60),
    "rest": Reason("Отдых", 15),
    "training": Reason("Обучение", 60),
    "meeting": Reason("Совещание", 60),
    "technical": Reason("Технический перерыв", 10),
    "personal": Reason("Личные нужды", 10),
}
UNSAID = "personal"


@dataclass(frozen=True, slots=True)
class Event:
    """What the contact centre tells; `queues` None leaves those of the agent as they are.

    `timestamp` is when it happened, or, where nobody said so (not `dated`), when it was told.
    Instants are whole seconds, as the seed writes them: finer ones of one clock would be older than coarse ones of
    another.
    """

    event_id: str
    name: str
    agent_id: str
    timestamp: dt.datetime
    digest: str
    call_id: str | None = None
    queue: str | None = None
    reason: str | None = None
    queues: tuple[str, ...] | None = None
    dated: bool = True

    @classmethod
    def of(cls, body: Mapping[str, Json], timestamp: dt.datetime) -> Event:
        """From a body that keeps to the contract."""
        queues = body.get("queues")
        return cls(
            body["event_id"],
            body["event"],
            body["agent_id"],
            timestamp,
            hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest(),
            body.get("call_id"),
            body.get("queue"),
            body.get("reason"),
            None if queues is None else tuple(dict.fromkeys(queues)),
            "timestamp" in body,
        )


@dataclass(frozen=True, slots=True)
class AgentState:
    """What one agent does; call_id and queue are set on a call alone, reason on a break alone."""

    agent_id: str
    status: AgentStatus
    since: dt.datetime
    call_id: str | None = None
    queue: str | None = None
    reason: str | None = None

    def shown(self, now: dt.datetime) -> dict[str, Json]:
        """The contract's AgentStatus."""
        return {
            "agent_id": self.agent_id,
            "status": self.status,
            "since": instant(self.since),
            "call_id": self.call_id,
            "queue": self.queue,
            "break": self._break(now),
        }

    def _break(self, now: dt.datetime) -> Json:
        if self.reason is None:
            return None
        allowed = REASONS[self.reason].allowed_minutes
        overrun = now - self.since > dt.timedelta(minutes=allowed)
        return {"reason": self.reason, "allowed_minutes": allowed, "overrun": overrun}


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One change of status; `left_queue` is that of the call that it ends."""

    sequence: int
    agent_id: str
    timestamp: dt.datetime
    old_status: AgentStatus
    new_status: AgentStatus
    call_id: str | None
    queue: str | None
    left_queue: str | None

    def message(self) -> dict[str, Json]:
        """The seed's seven members."""
        return {
            "event": "agent_status_change",
            "agent_id": self.agent_id,
            "timestamp": instant(self.timestamp),
            "old_status": self.old_status,
            "new_status": self.new_status,
            "call_id": self.call_id,
            "queue": self.queue,
        }

    def sequenced(self) -> dict[str, Json]:
        """And its place among all changes."""
        return {**self.message(), "sequence": self.sequence}


def moved(agent: AgentState, event: Event) -> AgentState:
    """What the agent does after the event. Raises InvalidTransition; then it does what it did before."""
    status = TRANSITIONS.get((agent.status, event.name))
    if status is None:
        raise InvalidTransition(f"{agent.agent_id} is {agent.status}; {event.name} cannot follow on that.")
    if event.dated and event.timestamp < agent.since:
        raise InvalidTransition(
            f"{event.name} of {instant(event.timestamp)} is older than what {agent.agent_id} has done since "
            f"{instant(agent.since)}.",
            field="timestamp",
        )
    if event.name == "call_end" and event.call_id not in (None, agent.call_id):
        raise InvalidTransition(f"{agent.agent_id} is on another call than {event.call_id}.", field="call_id")
    after = AgentState(agent.agent_id, status, max(event.timestamp, agent.since))  # of two clocks one may be ahead
    if status is AgentStatus.ON_CALL:
        return replace(after, call_id=event.call_id, queue=event.queue)
    return replace(after, reason=event.reason or UNSAID) if status is AgentStatus.ON_BREAK else after
