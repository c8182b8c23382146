"""Hosts whose stream of agents' status deviates from the AsyncAPI contract, one promise each."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

from argus_wfm.json_type import Json
from tests.mutants.exchange import STREAM, Reply, Request
from tests.mutants.proxy import BINARY, TEXT, Frame, Socket, Spoiler
from tests.mutants.spoiling import (
    BASIC,
    Deviation,
    Making,
    as_frame,
    asked,
    body,
    envelope,
    frames,
    in_moscow,
    json_reply,
    now,
    told,
)

LATE_S = 8.0


def _deviation(name: str, place: str, promise: str, spoil: Making, *names: str) -> Deviation:
    return Deviation(f"stream-{name}", "stream", STREAM, place, promise, spoil, names)


def _with(**members: Any) -> Making:
    return told(lambda change: {**change, **members})


def _without(name: str) -> Making:
    return told(lambda change: {key: value for key, value in change.items() if key != name})


def _called(name: str, other: str) -> Making:
    return told(lambda change: {other if key == name else key: value for key, value in change.items()})


def _to(name: str, make: Callable[[Any], Any]) -> Making:
    return told(lambda change: {**change, name: make(change[name])})


def _off_call(change: dict[str, Any]) -> dict[str, Any]:
    """The latest call stays where there is none."""
    return change if change["new_status"] == "on_call" else {**change, "call_id": "CALL0001"}


def _no_call(change: dict[str, Any]) -> dict[str, Any]:
    return {**change, "queue": None} if change["new_status"] == "on_call" else change


def _changes(change: Callable[[Json, Socket], list[Any]]) -> Making:
    """As frames(), of changes alone."""
    return frames(lambda given, socket: change(given, socket) if "new_status" in given else [given])


def _every_second(change: Json, socket: Socket) -> list[Any]:
    socket.kept["seen"] = socket.kept.get("seen", 0) + 1
    return [] if socket.kept["seen"] % 2 == 0 else [change]


def _swapped(change: Json, socket: Socket) -> list[Any]:
    """Each second change comes before the first."""
    held = socket.kept.pop("held", None)
    if held is None:
        socket.kept["held"] = change
        return []
    return [change, held]


def _second_differs(change: Json, socket: Socket) -> list[Any]:
    """Every other subscriber is told of another moment."""
    return [{**change, "timestamp": "2025-07-29T01:30:00Z"} if socket.number % 2 else change]


def _python(change: Json, _: Socket) -> list[Any]:
    return [Frame(TEXT, str(change).encode())]


def _binary(change: Json, _: Socket) -> list[Any]:
    return [Frame(BINARY, json.dumps(change).encode())]


def _late(change: Json, _: Socket) -> list[Any]:
    return [Frame(TEXT, json.dumps(change).encode(), LATE_S)]


def _list(change: Json, _: Socket) -> list[Any]:
    return [[change]]


def _beating() -> Spoiler:
    def opened(socket: Socket) -> list[Frame]:
        beat = {"event": "heartbeat", "timestamp": now(), "sequence": 1}
        return [] if "extended" in socket.request.query else [as_frame(beat)]

    return Spoiler(opened=opened)


def _no_snapshot(message: Json, _: Socket) -> list[Any]:
    return [] if message["event"] == "snapshot" else [message]


def _skipping(message: Json, socket: Socket) -> list[Any]:
    """A number is left out after the first change."""
    if "new_status" not in message or "sequence" not in message:
        return [message]
    seen = socket.kept["seen"] = socket.kept.get("seen", 0) + 1
    return [{**message, "sequence": message["sequence"] + (seen > 1)}]


def _snapshot_member(message: Json, _: Socket) -> list[Any]:
    if message["event"] == "snapshot":
        message.pop("queues")
    return [message]


def _is_refused(status: int, code: str) -> Making:
    """Without credentials, otherwise than by 401."""

    def reply(request: Request, given: Reply) -> None:
        if request.operation == STREAM and given.status == 401:
            answer = json_reply(status, envelope(code, "No."))
            given.status, given.headers, given.body = answer.status, answer.headers, answer.body

    return lambda: Spoiler(reply=reply)


def _open_door() -> Spoiler:
    """Who shows no token is let in with that of somebody who did."""
    good: list[str] = []

    def request(given: Request) -> None:
        if given.operation != STREAM:
            return
        shown = given.header("Authorization")
        if shown is None and good:
            given.put("Authorization", good[-1])

    def reply(given: Request, answer: Reply) -> None:
        shown = given.header("Authorization")
        if given.path.startswith("/services/mce") and answer.status == 200 and shown and shown != BASIC:
            good.append(shown)

    return Spoiler(request=request, reply=reply)


def _any_query(request: Request) -> None:
    """What the contract does not have in a query is left out."""
    known = {"agent_id", "queue", "extended", "since"}
    if set(request.query) - known or request.query.get("extended", "0") not in ("0", "1"):
        request.target = request.path


def _unfiltered(request: Request) -> None:
    """Filters are not read; whatever else the query says is."""
    kept = {name: value for name, value in request.query.items() if name not in ("agent_id", "queue")}
    if kept != request.query:
        request.target = f"{request.path}?{urllib.parse.urlencode(kept)}".rstrip("?")


SEVEN, ON_CALL = "AgentStatusChange: required", "OnCall: call_id and queue (A13)"
ONCE = "each subscriber gets each change once, in the order made"
STREAM_MUTANTS = (
    _deviation("queue-missing", "/queue", SEVEN, _without("queue")),
    _deviation("state-code", "/new_status", f"{SEVEN}, D44", _called("new_status", "stateCode")),
    _deviation("sequence-in-plain", "/sequence", "the seed's seven members", _with(sequence=7)),
    _deviation("timestamp-moscow", "/timestamp", "Instant: in UTC, written with Z", _to("timestamp", in_moscow)),
    _deviation(
        "timestamp-without-zone",
        "/timestamp",
        "Instant: in UTC, written with Z",
        _to("timestamp", lambda text: text.rstrip("Z")),
    ),
    _deviation(
        "agent-id-a-number", "/agent_id", "AgentStatusChange: string", _to("agent_id", lambda text: int(text[3:]))
    ),
    _deviation(
        "status-busy",
        "/new_status",
        "Status: four words (A14)",
        _to("new_status", lambda status: "busy" if status == "on_call" else status),
    ),
    _deviation("event-renamed", "/event", "event: agent_status_change", _with(event="status_change")),
    _deviation("old-status-null", "/old_status", "Status: string", _with(old_status=None)),
    _deviation(
        "chain-broken", "/old_status", "WSK-05: old_status is the previous new_status", _with(old_status="offline")
    ),
    _deviation("call-id-off-call", "/call_id", ON_CALL, told(_off_call)),
    _deviation("queue-null-on-call", "/queue", ON_CALL, told(_no_call)),
    _deviation(
        "told-twice",
        "frames",
        ONCE,
        _changes(lambda change, _: [change, change]),
        "twice",
        "once",
        "duplicate",
        "again",
        "2 ",
    ),
    _deviation(
        "every-second-lost",
        "frames",
        ONCE,
        _changes(_every_second),
        "no message",
        "not tell",
        "lost",
        "within",
        "message",
        "old_status",
    ),
    _deviation(
        "two-swapped", "frames", ONCE, _changes(_swapped), "old_status", "order", "earlier", "timestamp", "message"
    ),
    _deviation("python-for-json", "frame", "one text frame a message, JSON", _changes(_python), "json"),
    _deviation(
        "a-list-of-one", "frame", "the payload is an object", _changes(_list), "object", "list", "array", "type"
    ),
    _deviation("binary-frames", "frame", "one text frame a message", _changes(_binary), "binary", "text"),
    _deviation("late", "frames", "WSK-03: within 2 s", _changes(_late), "late", "within", " s"),
    _deviation(
        "second-subscriber-differs", "/timestamp", "WSK-06: the same message for one event", _changes(_second_differs)
    ),
    _deviation(
        "heartbeat-in-plain",
        "/event",
        "a plain subscription gets agentStatusChange and nothing else",
        _beating,
        "heartbeat",
        "event",
    ),
    _deviation(
        "no-snapshot", "snapshot", "sendExtendedAgentStatus: a snapshot first", frames(_no_snapshot), "snapshot"
    ),
    _deviation("snapshot-without-queues", "/queues", "Snapshot: required", frames(_snapshot_member)),
    _deviation(
        "sequence-skips",
        "/sequence",
        "one more than that of the change before it",
        frames(_skipping),
        "sequence",
        "gap",
    ),
    _deviation(
        "no-token-let-in",
        "header Authorization",
        "refused with 401 (A12)",
        _open_door,
        "401",
        "token",
        "credential",
        "authorization",
    ),
    _deviation(
        "refused-with-403", "status", "refused with 401 (A12)", _is_refused(403, "INSUFFICIENT_SCOPE"), "401", "403"
    ),
    _deviation(
        "refused-in-plain-text",
        "body of 401",
        "common.yaml Error",
        body(STREAM, "text/plain", b"Unauthorized", (401,)),
        "envelope",
        "json",
        "content-type",
        "text/plain",
    ),
    _deviation(
        "any-query-taken",
        "query",
        "400 for a query that this contract has not",
        asked(STREAM, _any_query),
        "query",
        "400",
        "extended",
    ),
    _deviation(
        "filter-not-read",
        "query agent_id",
        "agent_id: changes of this agent alone",
        asked(STREAM, _unfiltered),
        "agent_id",
        "queue",
        "filter",
    ),
)
