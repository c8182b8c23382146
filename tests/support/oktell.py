"""A mock Oktell on a real socket, who listens to its stream, and a gateway that is nothing but a receiver."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from unittest.mock import patch

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.sync.client import ClientConnection, connect

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.parser import from_text
from argus_wfm.mocks.oktell.app import OPERATIONS, oktell
from argus_wfm.mocks.oktell.poster import Token
from argus_wfm.mocks.oktell.simulation import TRANSITIONS
from argus_wfm.openapi import load
from argus_wfm.openapi.server import background, bind
from tests.support.clock import NOW
from tests.support.http_client import Caller

TOKEN = "a-token-that-the-mock-takes"
Answer = Callable[[Json], tuple[int, Json] | None]


class Receiver:
    """Takes events and loads as the gateway does, each event_id once; what `answer` says goes before that."""

    def __init__(self) -> None:
        self.bound = bind("127.0.0.1", 0)
        self.port: int = self.bound.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.answer: Answer = lambda _event: None
        self.events: list[Json] = []  # as they arrived, also those refused
        self.made: dict[str, Json] = {}  # by event_id
        self.statuses: dict[str, str] = {}
        self.loads: list[tuple[str, Json]] = []
        self.tokens: list[str] = []
        self.broken: list[bytes] = []
        self.most_at_once = 0
        self._at_once, self._lock = 0, threading.Lock()

    @contextlib.contextmanager
    def listening(self) -> Iterator[Receiver]:
        if self.bound.fileno() < 0:
            self.bound = bind("127.0.0.1", self.port)
        base = load("mce").base_path
        routes = [
            Route(f"{base}/events", self._event, methods=["POST"]),
            Route(f"{base}/queues/{{queue}}", self._load, methods=["PUT"]),
        ]
        with background(Starlette(routes=routes), bound=self.bound):
            yield self

    async def _event(self, request: Request) -> Response:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            status, body = self._taken(await request.body(), request.headers["authorization"])
        finally:
            with self._lock:
                self._at_once -= 1
        return JSONResponse(body, status)

    def _taken(self, body: bytes, authorization: str) -> tuple[int, Json]:
        self.tokens.append(authorization.removeprefix("Bearer "))
        try:
            event = orjson.loads(body)
        except orjson.JSONDecodeError:
            self.broken.append(body)
            return 400, {"code": "MALFORMED_JSON"}
        self.events.append(event)
        if answer := self.answer(event):
            return answer
        duplicate = event["event_id"] in self.made
        if not duplicate:
            old = self.statuses.get(event["agent_id"], "offline")
            if (old, event["event"]) not in TRANSITIONS:
                return 409, {"code": "INVALID_TRANSITION"}
            self.made[event["event_id"]] = event
            self.statuses[event["agent_id"]] = TRANSITIONS[old, event["event"]]
        return 200, {"event_id": event["event_id"], "duplicate": duplicate}

    async def _load(self, request: Request) -> Response:
        self.loads.append((request.path_params["queue"], await request.json()))
        return JSONResponse({})


class Centre(Caller):
    """The mock's controls and its stream."""

    def told(self, path: str, body: Json = None) -> Json:
        reply = self.control(path, body)
        assert reply.ok, reply.text
        return reply.json()

    def state(self) -> Json:
        return self.told("/state")

    def feed(self, *events: Json, **loads: Json) -> Json:
        return self.told("/feed", {"events": list(events), "loads": loads})

    def inject(self, *faults: Json) -> None:
        self.told("/faults", list(faults))

    def move(self, seconds: float) -> None:
        self.told("/clock", {"move_seconds": seconds})

    def listen(self, query: str = "", token: str = TOKEN) -> ClientConnection:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.url.replace('http', 'ws', 1)}/ws/agent-status{query}"
        return connect(url, additional_headers=headers, proxy=None, close_timeout=1)


@contextlib.contextmanager
def centre(
    gateway: str = "", *, speed: float = 0, agents: int = 20, token: Token = TOKEN, faults: tuple[str, ...] = ()
) -> Iterator[Centre]:
    """On a free port at the seed's present, standing still unless told otherwise."""
    app = oktell(
        agents=agents,
        clock=Clock(NOW),
        speed=speed,
        gateway=gateway,
        token=token,
        accepts={TOKEN},
        with_controls=True,
        faults=[from_text(fault, OPERATIONS, "messages") for fault in faults],
    )
    with (
        patch("argus_wfm.mocks.oktell.centre.SETTLED_S", 25.0),
        background(app) as url,
    ):  # a busy machine takes its time
        yield Centre(url)


def unused() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def login(agent: str = "MCE001", **members: Json) -> Json:
    return {"event": "login", "agent_id": agent, **members}


def call(agent: str = "MCE001", call_id: str = "CALL123") -> Json:
    return {"event": "call_start", "agent_id": agent, "call_id": call_id, "queue": "support_queue"}


def ends(agent: str = "MCE001") -> Json:
    return {"event": "call_end", "agent_id": agent}
