"""The contact centre's side of MCE, and a subscriber of its stream, who holds every message against the contract."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import jwt
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from argus_wfm.json_type import Json
from argus_wfm.openapi import load_stream
from tests.support.clock import NOW
from tests.support.http_client import TOKEN_KEY, Caller

MCE = "/services/mce"
STREAM = load_stream()
WAIT_S = 60.0  # of a busy machine; nobody waits so long for what is right
_MESSAGES = {
    "agent_status_change": "sequencedChange",
    "snapshot": "snapshot",
    "queue_metrics": "queueMetrics",
    "heartbeat": "heartbeat",
}
_CHECKS = {
    name: jsonschema.Draft202012Validator(
        STREAM.schema(name), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for name in ("agentStatusChange", *_MESSAGES.values())
}
_numbers = itertools.count(1)


def issued(url: str, audience: str = "mce", subject: str = "centre") -> str:
    """A token by the gateway's own clock; its controls have to be on."""
    reply = Caller(url).control("/token", {"audience": audience, "subject": subject})
    return str(reply.json()["access_token"])


def signed(audience: str = "mce", life_s: int = 3600) -> str:
    """A token by the machine's clock, for a gateway without controls."""
    now = int(time.time())
    claims = {"iss": "argus", "sub": "centre", "aud": audience, "iat": now, "exp": now + life_s}
    return jwt.encode(claims, TOKEN_KEY, algorithm="HS256")


class Centre:
    """Tells of agents and asks about them, with one token. One for each thread."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.token = url, token or issued(url)
        self._session = requests.Session()
        self._session.trust_env = False

    def authorized(self, authorization: str | None, path: str = f"{MCE}/queues") -> requests.Response:
        """A GET of any path by anybody."""
        headers = {"Authorization": authorization} if authorization else {}
        return self._session.get(f"{self.url}{path}", headers=headers, timeout=30)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self._session.request(method, f"{self.url}{MCE}{path}", headers=headers, timeout=30, **options)

    def get(self, path: str, **query: Any) -> Json:
        reply = self.ask("GET", path, params=query)
        assert reply.ok, reply.text
        return reply.json()

    def post(self, body: Json) -> requests.Response:
        return self.ask("POST", "/events", json=body)

    def send(self, event: str, agent_id: str, **members: Json) -> Json:
        """A new event that has to be taken; what has changed."""
        reply = self.post({"event_id": new_id(), "event": event, "agent_id": agent_id, **members})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def status(self, agent_id: str) -> Json:
        return self.get(f"/agents/{quote(agent_id, safe='')}/status")

    def load(self, queue: str, waiting: int, longest_wait: int = 0, **members: Json) -> requests.Response:
        body = {"waiting": waiting, "longest_wait": longest_wait, **members}
        return self.ask("PUT", f"/queues/{quote(queue, safe='')}", json=body)

    def called(self, agent_id: str, queue: str = "q") -> None:
        """One call, begun and ended: two changes."""
        self.send("call_start", agent_id, call_id=new_id("CALL"), queue=queue)
        self.send("call_end", agent_id)


def new_id(prefix: str = "EVT") -> str:
    """Never twice in this process."""
    return f"{prefix}{next(_numbers):06d}"


class Heard:
    """What one subscriber is told; each message is valid, or the test fails."""

    def __init__(self, socket: ClientConnection, *, extended: bool) -> None:
        self.socket, self._extended = socket, extended

    def next(self, seconds: float = WAIT_S) -> Json:
        text = self.socket.recv(timeout=seconds)
        assert isinstance(text, str), "a text frame"
        message = json.loads(text)
        _CHECKS[_MESSAGES[message["event"]] if self._extended else "agentStatusChange"].validate(message)
        return message

    def first(self, event: str, holds: Callable[[Json], bool] = lambda message: True) -> Json:
        """The next message of this kind for which it holds; those before it are dropped."""
        deadline = time.monotonic() + WAIT_S
        while (message := self.next())["event"] != event or not holds(message):
            assert time.monotonic() < deadline, f"no such {event}"
        return message

    def changes(self, count: int) -> list[Json]:
        """The next so many; other messages are dropped."""
        return [self.first("agent_status_change") for _ in range(count)]

    def rest(self, seconds: float = 0.2) -> list[Json]:
        """Everything until nothing has come for so long."""
        heard: list[Json] = []
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(self.next(seconds))
        return heard

    def news(self) -> Json:
        """The next message that is not about a queue; one that an event has named is told of a moment later."""
        while (message := self.next())["event"] == "queue_metrics":
            pass
        return message

    def more(self) -> list[Json]:
        """What comes, of anything but queues, until nothing has come for a moment."""
        return [one for one in self.rest(0.1) if one["event"] != "queue_metrics"]

    def snapshot(self) -> Json:
        """All its parts as one."""
        parts = [self.next()]
        while len(parts) < parts[0]["parts"]:
            parts.append(self.next())
        assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
        assert {(part["event"], part["sequence"], part["parts"]) for part in parts} == {
            ("snapshot", parts[0]["sequence"], len(parts))
        }
        return {**parts[0], "agents": [agent for part in parts for agent in part["agents"]]}

    def ended(self, seconds: float = WAIT_S) -> tuple[int, str]:
        """Code and reason of the close that comes from the server; what comes before it is dropped."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.socket.recv(timeout=max(0.0, deadline - time.monotonic()))
            except ConnectionClosed as closed:
                end = closed.rcvd
                break
        assert end is not None, "the connection was cut"
        return end.code, end.reason


@contextlib.contextmanager
def subscribed(url: str, token: str | None = None, **query: str | int) -> Iterator[Heard]:
    """A subscription that is open."""
    headers = {"Authorization": f"Bearer {token or issued(url)}"}
    with connect(address(url, **query), additional_headers=headers, proxy=None, compression=None) as socket:
        yield Heard(socket, extended=query.get("extended") == 1)


def address(url: str, **query: str | int) -> str:
    """Of the stream of the gateway at `url`."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"ws{url.removeprefix('http')}{STREAM.address}{asked}"


def at(seconds: float) -> str:
    """So many seconds after NOW, as the contact centre writes it."""
    return (NOW + dt.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def of(event: str, agent_id: str, **members: Json) -> Json:
    return {"event_id": new_id(), "event": event, "agent_id": agent_id, **members}
