"""A mock 1C with a host of others behind it: the host answers what is read, and is never written to.

Whatever would change it stays here, with the mock's own books. The people are the host's; who was hired or changed
here is put into what the host lists (design decision 12).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from argus_wfm.json_type import Json
from argus_wfm.mocks import people
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.people import FIRST, Person
from argus_wfm.mocks.response import WholeResponse, answer_of
from argus_wfm.mocks.zup.host import Host, NoAnswer, id_of, is_integer, rows_of, text_of
from argus_wfm.mocks.zup.state import ZupState, agent
from argus_wfm.openapi import Contract, Operation
from argus_wfm.openapi.errors import instant

OF_OURS = (400, 401, 404, 405, 406, 413, 415)  # what the mock refuses before anybody would be asked
NAMED = ("employee_id", "agentId")


@dataclass(frozen=True, slots=True)
class Guest(Person):
    """One of the host's people, who keeps the host's ids."""

    own_id: str
    own_number: str

    @property
    def agent_id(self) -> str:
        """The host's."""
        return self.own_id

    @property
    def employee_id(self) -> str:
        """As the gateway names people whose ids are not of the seed's form (A23)."""
        number = self.own_id.removeprefix("MCE")
        return f"EMP{number}" if number.isdecimal() and self.own_id.startswith("MCE") else self.own_id

    @property
    def tab_number(self) -> str:
        """The host's."""
        return self.own_number


class HostRoster:
    """Whom the host lists today, as the cast of the mock's state; asked until it has told."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self._host, self._clock = host, clock
        self._people: tuple[Person, ...] | None = None

    def cast(self, _agents: int, _seed: int) -> Iterable[Person]:
        """The host's people, with whom everything begins anew; none where it lists nobody that can be read."""
        self._host.renew()
        if self._people is None:
            self._people = self._listed()
        return self._people or ()

    def _listed(self) -> tuple[Person, ...] | None:
        """None where the host did not tell."""
        today = self._clock.today()
        try:
            reply = self._host.ask("getAgents", ("GET", f"/agents/{today}/{today}", b""))
        except NoAnswer:
            return None
        rows = rows_of(reply.body) if reply.status == 200 else None
        return None if rows is None else tuple(_guest(number, row) for number, row in enumerate(rows, 1))

    def hire(self, employed: list[Person], seed: int, day: dt.date) -> Person:
        """One more, with an id that nobody of the host's has."""
        hired = people.hire(employed, seed, day)
        number = len(employed) + 1
        return _guest(number, agent(hired) | {"agent_id": f"ARGUS{number:05d}"})


class Forwarding:
    """ASGI application before the mock's own, `app`."""

    def __init__(self, app: ASGIApp, contract: Contract, state: ZupState, host: Host) -> None:
        self._app, self._contract, self._state, self._host = app, contract, state, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operation(scope)
        if operation is None or operation.effect == "write":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        own = await answer_of(self._app, scope, _repeated(body, receive))
        if own.status not in OF_OURS or self._is_unknown(own):
            own = await self._forwarded(operation, scope, body, own)
        await own.give(scope, send)

    def _operation(self, scope: Scope) -> Operation | None:
        base = self._contract.base_path
        if scope["type"] != "http" or not scope["path"].startswith(base):
            return None
        return self._contract.match(scope["method"], scope["path"].removeprefix(base))

    def _is_unknown(self, own: WholeResponse) -> bool:
        """Whom the mock does not know the host may know: somebody dismissed, say."""
        return own.status == 404 and b'"EMPLOYEE_NOT_FOUND"' in own.body

    async def _forwarded(self, operation: Operation, scope: Scope, body: bytes, own: WholeResponse) -> WholeResponse:
        if self._about_changed(body):
            return own
        path = scope["path"].removeprefix(self._contract.base_path)
        key, due = (scope["method"], path, body), None if self._is_unknown(own) else own.status
        try:
            reply = await asyncio.to_thread(self._host.ask, operation.id, key, due)
        except NoAnswer:
            return replace(own.retyped("application/json", _unavailable(self._state.clock.now())), status=503)
        content = reply.body
        if operation.id == "getAgents" and reply.status == 200:
            content = self._overlaid(content, path)
        return replace(own.retyped(reply.media_type, content), status=reply.status)

    def _about_changed(self, body: bytes) -> bool:
        changed = self._state.changed()
        return bool(changed) and any(person.agent_id in changed for person in self._named(body))

    def _named(self, body: bytes) -> Iterable[Person]:
        try:
            given = orjson.loads(body)
            ids = [given.get(name) for name in NAMED] + [one.get("agentId") for one in given.get("AR_agents", ())]
        except (orjson.JSONDecodeError, AttributeError, TypeError):
            return []
        known = self._state.by_id
        return [known[one] for one in ids if isinstance(one, str) and one in known]

    def _overlaid(self, content: bytes, path: str) -> bytes:
        """With those who were hired or changed here; as it came where nobody was, or where it cannot be read."""
        changed = self._state.changed()
        if not changed:
            return content
        try:
            start, end = (dt.date.fromisoformat(day) for day in path.split("/")[-2:])
            listed = orjson.loads(content)
            kept = [row for row in listed["agents"] if id_of(row) not in changed]
            ours = [agent(person) for person in changed.values() if person.employed_within(start, end)]
            more = len(kept) + len(ours) - len(listed["agents"])
            count = {"total_count": listed["total_count"] + more} if is_integer(listed.get("total_count")) else {}
            return orjson.dumps({**listed, "agents": kept + ours, **count})
        except (ValueError, KeyError, TypeError, AttributeError):
            return content


def _guest(number: int, row: Json) -> Guest:
    """Of a row that the host lists; what cannot be read of it is the first person's."""
    values = {name: row.get(name) for name in ("lastname", "firstname", "secondname", "position_id", "department_id")}
    named = {name: value for name, value in values.items() if isinstance(value, str)}
    hours = {name: row[name] for name in ("norm_week", "employment_rate") if isinstance(row.get(name), int | float)}
    try:
        hired = dt.date.fromisoformat(row["start_work"])
    except (KeyError, TypeError, ValueError):
        hired = FIRST.hired
    whole = {name: getattr(FIRST, name) for name in FIRST.__slots__} | {"secondname": None} | named | hours
    own = {"own_id": id_of(row), "own_number": text_of(row.get("tab_number")) or f"{number}"}
    return Guest(**{**whole, "number": number, "hired": hired, **own})


def _unavailable(now: dt.datetime) -> bytes:
    message = "The host behind this mock did not answer."
    details = {"timestamp": instant(now)}
    return orjson.dumps({"error": True, "code": "SERVICE_UNAVAILABLE", "message": message, "details": details})


async def _body(receive: Receive) -> bytes:
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def _repeated(body: bytes, receive: Receive) -> Receive:
    """The body once more, in one piece; then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
