"""The simulated contact centre: agents who come, take calls and breaks, and go; callers who wait.

A discrete simulation on its own time, which moves only when it is told how late it is. The same seed, people and start
give the same day, in however many steps.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from argus_wfm.mocks.oktell import rota
from argus_wfm.mocks.oktell.callers import Caller, callers, on_duty
from argus_wfm.mocks.oktell.rota import HOUR, QUEUES, Pause, RotaShift
from argus_wfm.mocks.people import Person
from argus_wfm.mocks.seeded import rng

DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)
LATE_S = 30  # who is on shift when the simulation starts has logged in after so many seconds
AFTERWORK_S = (3, 25)  # between two calls of an agent
FED_TALK = dt.timedelta(seconds=180)  # of a call that the simulation did not begin
FED_BREAK = dt.timedelta(minutes=8)
TRANSITIONS = {
    ("offline", "login"): "available",
    ("available", "logout"): "offline",
    ("on_break", "logout"): "offline",
    ("available", "call_start"): "on_call",
    ("on_call", "call_end"): "available",
    ("available", "break_start"): "on_break",
    ("on_break", "break_end"): "available",
}
LEADS_TO = {event: new for (_, event), new in TRANSITIONS.items()}


@dataclass(frozen=True, slots=True)
class Happening:
    """What an agent did; `left` is the queue whose call was left."""

    event_id: str
    event: str
    agent_id: str
    at: dt.datetime
    old: str
    new: str
    call_id: str | None = None
    queue: str | None = None
    reason: str | None = None
    queues: tuple[str, ...] | None = None
    left: str | None = None


@dataclass(slots=True)
class SimulatedAgent:
    """A simulated agent; `turn` counts changes, so that what was planned for an earlier one is void."""

    agent_id: str
    queues: tuple[str, ...] = ()
    status: str = "offline"
    since: dt.datetime | None = None
    call_id: str | None = None
    queue: str | None = None
    reason: str | None = None
    turn: int = 0
    resting: bool = False  # after a call, not to be given the next one yet
    wants: Pause | None = None  # when this call is over
    leaving: bool = False


class CallCentreSimulation:
    """`run` makes the ids of one run differ from those of the next run of the same simulation."""

    def __init__(self, people: Sequence[Person], seed: int, start: dt.datetime, run: int = 1) -> None:
        self.seed, self.time = seed, start
        self.agents = {person.agent_id: SimulatedAgent(person.agent_id, rota.queues(seed, person)) for person in people}
        self.waiting: dict[str, deque[Caller]] = {queue: deque() for queue in QUEUES}
        self._people = people
        self._tag = hashlib.blake2b(f"{seed}:{start}:{run}".encode(), digest_size=4).hexdigest()
        self._ids, self._order = itertools.count(1), itertools.count()
        self._due: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self._happened: list[Happening] = []
        self._open()

    @property
    def due(self) -> dt.datetime:
        """When something happens next; there is always something to come."""
        return self._due[0][0]

    def advance(self, until: dt.datetime) -> list[Happening]:
        """What happens up to then, in order; nothing for a time that has been."""
        while self.due <= until:
            self.time, _, act = heapq.heappop(self._due)
            act()
        self.time = max(self.time, until)
        happened, self._happened = self._happened, []
        return happened

    def tell(self, event: str, agent_id: str, queues: Sequence[str] | None = None, **members: str | None) -> Happening:
        """An event from outside the simulation, now. One that no transition allows is told of and changes nothing."""
        agent = self.agents.setdefault(agent_id, SimulatedAgent(agent_id))
        agent.queues = agent.queues if queues is None else tuple(queues)
        allowed = (agent.status, event) in TRANSITIONS
        told = self._change(agent if allowed else replace(agent), event, **members)
        self._happened.pop()
        if allowed and event == "call_start":
            self._later(agent, FED_TALK, lambda: self._hang_up(agent))
        elif allowed and event == "break_start":
            self._later(agent, FED_BREAK, lambda: self._come_back(agent))
        elif allowed:
            self._later(agent, SECOND, lambda: self._ready(agent))
        return told

    def load(self, queue: str) -> tuple[int, int]:
        """(callers that wait, seconds that the first of them has)."""
        line = self.waiting[queue]
        return len(line), int((self.time - line[0].at).total_seconds()) if line else 0

    def _open(self) -> None:
        """Who is on shift comes in within LATE_S; shifts of days to come and callers are planned as time goes."""
        first = self.time.astimezone(dt.UTC)
        for person in self._people:
            agent = self.agents[person.agent_id]
            local = rota.midnight(person, first.date()) + DAY <= first
            today = first.date() + DAY if local else first.date()
            for day in (today - DAY, today):
                self._plan_shift(person, agent, day)
            self._plan_day(person, agent, today + DAY)
        hour = first.replace(minute=0, second=0, microsecond=0)
        self._ring(hour)

    def _plan_day(self, person: Person, agent: SimulatedAgent, day: dt.date) -> None:
        def plan() -> None:
            self._plan_shift(person, agent, day)
            self._plan_day(person, agent, day + DAY)

        self._at(rota.midnight(person, day), plan)

    def _plan_shift(self, person: Person, agent: SimulatedAgent, day: dt.date) -> None:
        shift = rota.shift(self.seed, person, day)
        if shift is None or shift.end <= self.time:
            return
        late = dt.timedelta(seconds=rng(self.seed, "late", person.number).randint(1, LATE_S))
        self._at(max(shift.start, self.time + late), lambda: self._come(agent))
        for pause in shift.pauses:
            if self.time + 2 * late < pause.start < shift.end - pause.length:
                self._at(pause.start, lambda pause=pause: self._pause(agent, pause))  # type: ignore[misc]
        self._at(shift.end, lambda: self._go(agent))

    def _ring(self, hour: dt.datetime) -> None:
        """Plan the callers of an hour, and the next one's planning."""
        there = on_duty(self._shifts_about(hour), hour)
        for queue in QUEUES:
            for caller in callers(self.seed, queue, hour, there):
                if caller.at > self.time:
                    self._at(caller.at, lambda caller=caller: self._wait(caller))  # type: ignore[misc]
        self._at(hour + HOUR, lambda: self._ring(hour + HOUR))

    def _shifts_about(self, hour: dt.datetime) -> list[RotaShift]:
        days = (hour.date() - DAY, hour.date(), hour.date() + DAY)
        shifts = (rota.shift(self.seed, person, day) for person in self._people for day in days)
        return [shift for shift in shifts if shift]

    def _wait(self, caller: Caller) -> None:
        self.waiting[caller.queue].append(caller)
        self._at(self.time + caller.patience, lambda: self._give_up(caller))
        free = [agent for agent in self.agents.values() if self._free(agent) and caller.queue in agent.queues]
        if free:
            self._next_call(min(free, key=lambda agent: (agent.since, agent.agent_id)))

    def _give_up(self, caller: Caller) -> None:
        if caller in self.waiting[caller.queue]:
            self.waiting[caller.queue].remove(caller)

    def _next_call(self, agent: SimulatedAgent) -> None:
        """The caller who has waited longest of all the agent's queues, the important ones first."""
        lines = [self.waiting[queue] for queue in agent.queues if self.waiting.get(queue)]
        if not lines or not self._free(agent):
            return
        line = min(lines, key=lambda line: (line[0].queue != QUEUES[2], line[0].at))
        caller = line.popleft()
        self._change(agent, "call_start", call_id=f"CALL{self._tag}{caller.call_id}", queue=caller.queue)
        self._later(agent, max(SECOND, caller.talk), lambda: self._hang_up(agent))

    def _free(self, agent: SimulatedAgent) -> bool:
        return agent.status == "available" and not agent.resting

    def _hang_up(self, agent: SimulatedAgent) -> None:
        """The call is over: the shift as well, or a break is due, or a few seconds of work after the call."""
        self._change(agent, "call_end", call_id=agent.call_id)
        agent.resting = True
        pause, agent.wants = agent.wants, None
        if agent.leaving:
            self._later(agent, SECOND, lambda: self._go(agent))
        elif pause:
            self._later(agent, SECOND, lambda: self._pause(agent, pause))
        else:
            rest = rng(self.seed, agent.agent_id, self.time).randint(*AFTERWORK_S)
            self._later(agent, rest * SECOND, lambda: self._ready(agent))

    def _ready(self, agent: SimulatedAgent) -> None:
        agent.resting = False
        self._next_call(agent)

    def _come(self, agent: SimulatedAgent) -> None:
        if agent.status == "offline":
            self._change(agent, "login")
            self._later(agent, SECOND, lambda: self._ready(agent))

    def _pause(self, agent: SimulatedAgent, pause: Pause) -> None:
        if agent.status == "available":
            self._change(agent, "break_start", reason=pause.reason)
            self._later(agent, pause.length, lambda: self._come_back(agent))
        elif agent.status == "on_call":
            agent.wants = pause

    def _come_back(self, agent: SimulatedAgent) -> None:
        self._change(agent, "break_end")
        self._later(agent, SECOND, lambda: self._ready(agent))

    def _go(self, agent: SimulatedAgent) -> None:
        if agent.status == "on_call":
            agent.leaving = True
        elif agent.status != "offline":
            self._change(agent, "logout")

    def _change(self, agent: SimulatedAgent, event: str, **members: str | None) -> Happening:
        """Make a change and tell of it."""
        old, left, new = agent.status, agent.queue, LEADS_TO.get(event, event)
        happening = Happening(
            f"EVT{self._tag}{next(self._ids):06d}",
            event,
            agent.agent_id,
            self.time,
            old,
            new,
            call_id=members.get("call_id"),
            queue=members.get("queue"),
            reason=members.get("reason"),
            queues=agent.queues if event == "login" else None,
            left=left,
        )
        agent.status, agent.since, agent.turn = new, self.time, agent.turn + 1
        agent.call_id, agent.queue = (happening.call_id, happening.queue) if new == "on_call" else (None, None)
        agent.reason = (happening.reason or "personal") if new == "on_break" else None
        agent.resting, agent.leaving = False, agent.leaving and new != "offline"
        self._happened.append(happening)
        return happening

    def _at(self, moment: dt.datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), act))

    def _later(self, agent: SimulatedAgent, after: dt.timedelta, act: Callable[[], None]) -> None:
        """Unless the agent has changed in between."""
        turn = agent.turn
        self._at(self.time + after, lambda: act() if agent.turn == turn else None)
