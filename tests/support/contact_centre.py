"""A contact centre that keeps to openapi/mce.yaml and to the stream's contract, in memory.

Written apart from the gateway: the judge's scenarios are tried on it, and tests override one behaviour each.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import re
from collections.abc import Awaitable, Callable, Iterator

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.websocket import Socket
from argus_wfm.json_type import Json
from argus_wfm.openapi.server import background

TOKEN = "a-token-of-this-test"
QUERY = {"agent_id": ".{1,64}", "queue": ".{1,64}", "extended": "[01]", "since": "[0-9]{1,18}"}
MOVES = {
    ("login", "offline"): "available",
    ("logout", "available"): "offline",
    ("logout", "on_break"): "offline",
    ("call_start", "available"): "on_call",
    ("call_end", "on_call"): "available",
    ("break_start", "available"): "on_break",
    ("break_end", "on_break"): "available",
}
PEOPLE = [f"MCE{number:03d}" for number in range(1, 6)]


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class ContactCentre:
    """Each overridable method is one behaviour."""

    def __init__(self) -> None:
        self.agents: dict[str, Json] = {}
        self.replies: dict[str, Json] = {}
        self.changes: list[Json] = []
        self.queues = {"support_queue": {"waiting": 3, "longest_wait": 42}}
        self.listeners: list[tuple[asyncio.Queue[Json], bool, str | None]] = []

    # REST

    def status_of(self, agent_id: str) -> Json:
        if agent_id not in self.agents:
            raise Refused(404, "AGENT_NOT_FOUND")
        return self.agents[agent_id]

    def metrics(self, queue: str) -> Json:
        if queue not in self.queues:
            raise Refused(404, "QUEUE_NOT_FOUND")
        available = sum(agent["status"] == "available" for agent in self.agents.values())
        return {"queue": queue, **self.queues[queue], "available_agents": available}

    def moved(self, event: str, status: str) -> str:
        if (event, status) not in MOVES:
            raise Refused(409, "INVALID_TRANSITION")
        return MOVES[event, status]

    def known(self, event: Json) -> Json | None:
        """The reply that an event got before."""
        return self.replies.get(event["event_id"])

    async def take(self, event: Json) -> Json:
        if reply := self.known(event):
            return {**reply, "duplicate": True}
        agent_id, before = event["agent_id"], self.agents.get(event["agent_id"], {}).get("status", "offline")
        status, now = self.moved(event["event"], before), stamp()
        on_call = status == "on_call"
        call = {name: event.get(name) if on_call else None for name in ("call_id", "queue")}
        rest = {"reason": event.get("reason", "personal"), "allowed_minutes": 15, "overrun": False}
        pause = {"break": rest if status == "on_break" else None}
        self.agents[agent_id] = {"agent_id": agent_id, "status": status, "since": now, **call, **pause}
        change = {"agent_id": agent_id, "timestamp": now, "old_status": before, "new_status": status, **call}
        change = {"event": "agent_status_change", **change, "sequence": len(self.changes) + 1}
        self.changes.append(change)
        await self.tell(change)
        reply = {**{name: value for name, value in change.items() if name != "event"}, "event_id": event["event_id"]}
        self.replies[event["event_id"]] = {**reply, "duplicate": False}
        return self.replies[event["event_id"]]

    # The stream

    async def tell(self, change: Json) -> None:
        wanted = [(queue, extended) for queue, extended, agent in self.listeners if self.is_wanted(change, agent)]
        for number, (queue, extended) in enumerate(wanted):
            for message in self.messages(change, number):
                plain = extended or not isinstance(message, dict)
                queue.put_nowait(message if plain else without(message, "sequence"))

    def is_wanted(self, change: Json, agent: str | None) -> bool:
        """By a subscriber to one agent, or to all."""
        return agent in (None, change["agent_id"])

    def messages(self, change: Json, listener: int) -> list[Json]:
        """What a subscriber is told of a change: objects, or frames as they are."""
        return [change]

    def replayed(self, since: int) -> list[Json]:
        return self.changes[since:]

    def greeting(self) -> list[Json]:
        """What the plain stream begins with."""
        return []

    def refusal(self, connection: HTTPConnection) -> Refused | None:
        given = connection.headers.get("authorization", "")
        if not given.startswith("Bearer "):
            return Refused(401, "UNAUTHORIZED")
        return None if given == f"Bearer {TOKEN}" else Refused(401, "TOKEN_INVALID")

    def socket_refusal(self, connection: HTTPConnection) -> Refused | None:
        query = connection.query_params
        wrong = [name for name, value in query.items() if not re.fullmatch(QUERY.get(name, "(?!)"), value)]
        return self.refusal(connection) or (Refused(400, "VALIDATION_ERROR") if wrong else None)

    def denial(self, refused: Refused) -> Response:
        return envelope(refused)

    async def stream(self, socket: WebSocket) -> None:
        if refused := self.socket_refusal(socket):
            await socket.send_denial_response(self.denial(refused))
            return
        extended, since = socket.query_params.get("extended") == "1", socket.query_params.get("since")
        queue: asyncio.Queue[Json] = asyncio.Queue()
        for message in self.beginning(since) if extended else self.greeting():
            queue.put_nowait(message)
        listener = queue, extended, socket.query_params.get("agent_id")
        self.listeners.append(listener)
        await socket.accept()
        sending = asyncio.ensure_future(send_all(socket, queue))
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()
        sending.cancel()
        self.listeners.remove(listener)

    def beginning(self, since: str | None) -> list[Json]:
        """What the extended stream begins with."""
        if since is not None:
            return self.replayed(int(since))
        queues = [self.metrics(queue) for queue in self.queues]
        whole = {"event": "snapshot", "timestamp": stamp(), "sequence": len(self.changes), "part": 1, "parts": 1}
        return [{**whole, "agents": list(self.agents.values()), "queues": queues}]


async def send_all(socket: WebSocket, queue: asyncio.Queue[Json]) -> None:
    while True:
        message = await queue.get()
        if isinstance(message, float):
            await asyncio.sleep(message)
        elif message is None:
            await socket.close(1011, "out of order")
        elif isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_text(message if isinstance(message, str) else json.dumps(message))


def stamp() -> str:
    """To the second, as the seed has it: several changes may look alike."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def without(message: Json, *names: str) -> Json:
    return {name: value for name, value in message.items() if name not in names}


def envelope(refused: Refused) -> Response:
    body = {"error": True, "code": refused.code, "message": "Refused.", "details": {"timestamp": stamp()}}
    headers = {"WWW-Authenticate": 'Bearer realm="test"'} if refused.status == 401 else {}
    return JSONResponse(body, refused.status, headers)


class Rest:
    """The operations that scenarios ask."""

    def __init__(self, centre: ContactCentre) -> None:
        self._centre = centre

    async def statuses(self, request: Request) -> Json:
        centre = self._centre
        agents = [centre.status_of(agent_id) for agent_id in sorted(centre.agents)]
        return {"agents": agents, "total_count": len(agents), "sequence": len(centre.changes), "as_of": stamp()}

    async def status(self, request: Request) -> Json:
        return self._centre.status_of(request.path_params["agent_id"])

    async def event(self, request: Request) -> Json:
        return await self._centre.take(await request.json())

    async def queues(self, request: Request) -> Json:
        queues = [self._centre.metrics(queue) for queue in self._centre.queues]
        return {"queues": queues, "total_count": len(queues)}

    async def metrics(self, request: Request) -> Json:
        return self._centre.metrics(request.path_params["queue"])

    async def load(self, request: Request) -> Json:
        self._centre.queues[request.path_params["queue"]] = without(await request.json(), "timestamp")
        return await self.metrics(request)


def app(centre: ContactCentre) -> Starlette:
    """Its REST API and its socket."""
    rest = Rest(centre)
    routes = [
        _route(centre, "/agents/status", "GET", rest.statuses),
        _route(centre, "/agents/{agent_id}/status", "GET", rest.status),
        _route(centre, "/events", "POST", rest.event),
        _route(centre, "/queues", "GET", rest.queues),
        _route(centre, "/queues/{queue}/metrics", "GET", rest.metrics),
        _route(centre, "/queues/{queue}", "PUT", rest.load),
    ]
    return Starlette(routes=[Mount("/services/mce", routes=routes), WebSocketRoute("/ws/agent-status", centre.stream)])


def _route(centre: ContactCentre, path: str, method: str, act: Callable[[Request], Awaitable[Json]]) -> Route:
    async def answered(request: Request) -> Response:
        try:
            if refused := centre.refusal(request):
                raise refused
            return JSONResponse(await act(request), headers={"X-Session-Id": "s"})
        except Refused as refused:
            return envelope(refused)

    return Route(path, answered, methods=[method])


@contextlib.contextmanager
def served(centre: ContactCentre) -> Iterator[str]:
    """Yields its address; agents of PEOPLE are known and offline."""
    asyncio.run(_known(centre))
    with background(app(centre)) as url:
        yield url


async def _known(centre: ContactCentre) -> None:
    for number, agent_id in enumerate(PEOPLE):
        for event in ("login", "logout"):
            await centre.take({"event_id": f"{event}{number}", "event": event, "agent_id": agent_id})


def stream(url: str, recorder: Recorder | None = None, token: str = TOKEN) -> Socket:
    return Socket(url.replace("http", "ws") + "/ws/agent-status", lambda: token, recorder or Recorder())
