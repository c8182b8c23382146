"""Hosts that deviate from the contract of MCE, one promise each."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from argus_wfm.json_type import Json
from tests.mutants.exchange import Reply, Request
from tests.mutants.proxy import Spoiler
from tests.mutants.spoiling import (
    ANY,
    OK,
    Deviation,
    Making,
    algorithm,
    asked,
    body,
    changed,
    claims,
    edited,
    header,
    in_moscow,
    json_reply,
    missing,
    moved,
    now,
    renamed,
)

LIST, ONE, CHANGES, EVENT = "listAgentStatuses", "getAgentStatus", "listAgentChanges", "sendEvent"
BREAKS, REASONS, CALL = "listBreaks", "listBreakReasons", "getCall"
QUEUES, LOAD, METRICS = "listQueues", "putQueueLoad", "getQueueMetrics"


def _on_call_elsewhere(document: Json, _: Request) -> Json:
    """Those who are not on a call keep the latest one's id."""
    for agent in document["agents"]:
        if agent["status"] != "on_call":
            agent["call_id"] = "CALL0001"
    return document


def _another_status(document: Json, _: Request) -> Json:
    """Of one agent alone the host says what is not so."""
    if document["status"] == "offline":
        document["status"] = "available"
    elif document["status"] == "available":
        document["status"] = "offline"
    return document


def _twice(document: Json, _: Request) -> Json:
    document["agents"].append(document["agents"][0])
    document["total_count"] += 1
    return document


def _backwards(name: str) -> Callable[[Json, Request], Json]:
    def edit(document: Json, _: Request) -> Json:
        document[name].reverse()
        return document

    return edit


def _no_break(document: Json, _: Request) -> Json:
    """Who is on a break, takes none."""
    for agent in document["agents"]:
        agent["break"] = None
    return document


def _forgets(parameter: str, known: str) -> Callable[[Request], None]:
    """One parameter of the query is checked and then left out; what is wrong with a query is refused as before."""

    def amend(request: Request) -> None:
        query = request.query
        if re.fullmatch(known, query.pop(parameter, "")):
            request.target = f"{request.path}?{urllib.parse.urlencode(query)}".rstrip("?")

    return amend


def _before_it_began(document: Json, _: Request) -> Json:
    if document["ended_at"]:
        document["ended_at"] = moved(document["started_at"], hours=-1)
    return document


def _waited(document: Json, _: Request) -> Json:
    """Nobody waits, and has done so for a minute."""
    for queue in document.get("queues", [document]):
        queue["waiting"], queue["longest_wait"] = 0, 60
    return document


def _transition_taken(request: Request, reply: Reply) -> None:
    """What cannot follow is acknowledged, and nothing comes of it."""
    if request.operation == EVENT and reply.status == 409:
        given = json.loads(request.body)
        result = {"event_id": given["event_id"], "agent_id": given["agent_id"], "timestamp": now()}
        status = {"old_status": "on_call", "new_status": "on_break", "call_id": None, "queue": None}
        answer = json_reply(200, {**result, **status, "sequence": 1000, "duplicate": False})
        reply.status, reply.body = answer.status, answer.body


def _taken() -> Spoiler:
    return Spoiler(reply=_transition_taken)


def _new_each_time(document: Json, _: Request) -> Json:
    return {**document, "duplicate": False}


def let_in_by_latest(base: str, who: Callable[[Request], bool]) -> Making:
    """Those that `who` means are let in by the token of the latest caller whom the host let in, at these paths."""

    def make() -> Spoiler:
        good: list[str] = []

        def request(given: Request) -> None:
            if given.path.startswith(base) and who(given) and good:
                given.put("Authorization", good[-1])

        def reply(given: Request, answer: Reply) -> None:
            shown = given.header("Authorization")
            if given.path.startswith(base) and answer.status in OK and shown:
                good.append(shown)

        return Spoiler(request=request, reply=reply)

    return make


def of_any_audience(base: str) -> Making:
    """Whatever this host issued opens these paths, by the token of the latest caller whom it let in there."""

    def make() -> Spoiler:
        issued: set[str] = set()
        letting = let_in_by_latest(base, lambda given: given.bearer in issued)()

        def reply(given: Request, answer: Reply) -> None:
            if given.operation == "issueToken" and answer.status == 200:
                issued.add(answer.json["access_token"])
            letting.reply(given, answer)

        return Spoiler(request=letting.request, reply=reply)

    return make


def _mce_token_of_any_signature() -> Spoiler:
    """The signature is not looked at."""
    good: dict[str, str] = {}

    def request(given: Request) -> None:
        if not given.path.startswith("/services/mce") or claims(given.bearer).get("aud") != "mce":
            return
        token = given.bearer or ""
        head = token.rpartition(".")[0]
        if head in good:
            given.put("Authorization", f"Bearer {good[head]}")

    def reply(given: Request, answer: Reply) -> None:
        if given.operation == "issueToken" and answer.status == 200:
            token = answer.json["access_token"]
            good[token.rpartition(".")[0]] = token

    return Spoiler(request=request, reply=reply)


def _accepted_forged(request: Request) -> bool:
    return str(algorithm(request.bearer)).lower() == "none"


def _deviation(name: str, operation: str, place: str, promise: str, spoil: Making, *names: str) -> Deviation:
    return Deviation(f"mce-{name}", "mce", operation, place, promise, spoil, names)


def _busy(status: Any) -> Any:
    return "busy" if status == "on_call" else status


def _one_more(count: int) -> int:
    return count + 1


MCE = (
    _deviation(
        "status-busy", LIST, "/agents/*/status", "Status: four words (A14)", changed(LIST, "/agents/*/status", _busy)
    ),
    _deviation(
        "since-without-zone",
        LIST,
        "/agents/*/since",
        "UtcDateTime: written with Z",
        changed(LIST, "/agents/*/since", lambda text: text.rstrip("Z")),
    ),
    _deviation(
        "total-count-one-more",
        LIST,
        "/total_count",
        "AgentStatuses: how many agents",
        changed(LIST, "/total_count", _one_more),
    ),
    _deviation(
        "call-id-off-call", LIST, "/agents/*/call_id", "null unless on a call (A13)", edited(LIST, _on_call_elsewhere)
    ),
    _deviation("agent-twice", LIST, "/agents/*/agent_id", "every agent: an id is of one (A23)", edited(LIST, _twice)),
    _deviation("as-of-missing", LIST, "/as_of", "AgentStatuses: required", missing(LIST, "/as_of")),
    _deviation(
        "list-backwards",
        LIST,
        "/agents",
        "listAgentStatuses: by agent_id",
        edited(LIST, _backwards("agents")),
        "agent_id",
        "order",
    ),
    _deviation(
        "filter-not-read",
        LIST,
        "query status",
        "status: with this status alone",
        asked(LIST, _forgets("status", "offline|available|on_call|on_break")),
        "status",
    ),
    _deviation("break-null", LIST, "/agents/*/break", "break: null for who takes none", edited(LIST, _no_break)),
    _deviation(
        "one-disagrees-with-list",
        ONE,
        "/status",
        "getAgentStatus: the same as in the list (MCE-02)",
        edited(ONE, _another_status),
    ),
    _deviation("worker-id", ONE, "/agent_id", "AgentStatus, D42", renamed(ONE, "/agent_id", "workerId")),
    _deviation(
        "unknown-agent-bare",
        ONE,
        "body of 404",
        "AGENT_NOT_FOUND in the envelope, D62",
        body(ONE, None, b"", (404,)),
        "content-type",
        "body",
        "envelope",
        "empty",
        "json",
    ),
    _deviation(
        "unknown-agent-code",
        ONE,
        "/code",
        "AgentNotFound: AGENT_NOT_FOUND",
        changed(ONE, "/code", lambda _: "EMPLOYEE_NOT_FOUND", (404,)),
    ),
    _deviation("sequence-as-text", EVENT, "/sequence", "EventResult: integer", changed(EVENT, "/sequence", str)),
    _deviation(
        "transition-not-refused",
        EVENT,
        "status",
        "refused with INVALID_TRANSITION (409)",
        _taken,
        "409",
        "invalid_transition",
        "status",
    ),
    _deviation(
        "conflict-code",
        EVENT,
        "/code",
        "Conflict: INVALID_TRANSITION",
        changed(EVENT, "/code", lambda _: "VALIDATION_ERROR", (409,)),
    ),
    _deviation(
        "duplicate-not-told",
        EVENT,
        "/duplicate",
        "duplicate: it was made when the event came first",
        edited(EVENT, _new_each_time),
    ),
    _deviation(
        "event-in-moscow-time",
        EVENT,
        "/timestamp",
        "UtcDateTime: written with Z",
        changed(EVENT, "/timestamp", in_moscow),
    ),
    _deviation(
        "changes-backwards",
        CHANGES,
        "/items",
        "listAgentChanges: the earliest first",
        edited(CHANGES, _backwards("items")),
        "items",
        "order",
        "timestamp",
        "sequence",
    ),
    _deviation(
        "changes-action-time",
        CHANGES,
        "/items/*/timestamp",
        "AgentChange, D43",
        renamed(CHANGES, "/items/*/timestamp", "actionTime"),
    ),
    _deviation(
        "limit-not-read",
        CHANGES,
        "query limit",
        "limit: rows of a page",
        asked(CHANGES, _forgets("limit", "[1-9][0-9]?")),
        "limit",
        "items",
    ),
    _deviation(
        "overrun-as-text",
        BREAKS,
        "/breaks/*/overrun",
        "Breaks: boolean",
        changed(BREAKS, "/breaks/*/overrun", lambda value: str(value).lower()),
    ),
    _deviation(
        "shortest-break-first",
        BREAKS,
        "/breaks",
        "listBreaks: the longest first",
        edited(BREAKS, _backwards("breaks")),
        "breaks",
        "order",
        "since",
    ),
    _deviation(
        "reason-smoking",
        BREAKS,
        "/breaks/*/reason",
        "BreakReason: enum",
        changed(BREAKS, "/breaks/*/reason", lambda _: "smoking"),
    ),
    _deviation(
        "title-missing",
        REASONS,
        "/reasons/*/title",
        "BreakReasons: required",
        missing(REASONS, "/reasons/*/title"),
    ),
    _deviation(
        "allowed-in-milliseconds",
        REASONS,
        "/reasons/*/allowed_minutes",
        "allowed_minutes: an integer of minutes",
        changed(REASONS, "/reasons/*/allowed_minutes", lambda minutes: f"{minutes * 60000} ms"),
    ),
    _deviation(
        "call-finished", CALL, "/status", "CallStatus: active or ended", changed(CALL, "/status", lambda _: "finished")
    ),
    _deviation(
        "call-ended-before",
        CALL,
        "/ended_at",
        "a call ends when the agent leaves it",
        edited(CALL, _before_it_began),
    ),
    _deviation(
        "queues-total-count",
        QUEUES,
        "/total_count",
        "Queues: how many queues",
        changed(QUEUES, "/total_count", _one_more),
    ),
    _deviation(
        "nobody-waits-a-minute",
        METRICS,
        "/longest_wait",
        "longest_wait: 0 where nobody waits",
        edited(METRICS, _waited),
    ),
    _deviation(
        "waiting-negative",
        METRICS,
        "/waiting",
        "QueueMetrics: minimum 0",
        changed(METRICS, "/waiting", lambda _: -1),
    ),
    _deviation(
        "operator-number",
        LOAD,
        "/available_agents",
        "QueueMetrics, D49",
        renamed(LOAD, "/available_agents", "operatorNumber"),
    ),
    _deviation(
        "queue-text-plain",
        METRICS,
        "header Content-Type",
        "application/json",
        header(METRICS, "Content-Type", "text/plain; charset=utf-8"),
        "content-type",
        "media type",
        "text/plain",
    ),
    _deviation(
        "not-protected",
        LIST,
        "header Authorization",
        "security: bearer (MCE-04)",
        let_in_by_latest("/services/mce", lambda given: given.header("Authorization") is None),
        "authorization",
        "credential",
        "401",
        "without",
    ),
    _deviation(
        "reports-token-let-in",
        ANY,
        "aud",
        "a token is for one API: 403 (A18)",
        of_any_audience("/services/mce"),
        "403",
        "aud",
        "token",
        "scope",
    ),
    _deviation(
        "alg-none-let-in",
        LIST,
        "alg",
        "SSO-02, SSO-08: a token is signed",
        let_in_by_latest("/services/mce", _accepted_forged),
        "none",
        "alg",
        "sign",
        "401",
    ),
    _deviation(
        "signature-not-checked",
        LIST,
        "signature",
        "SSO-08: one signature character changed gives 401 TOKEN_INVALID",
        _mce_token_of_any_signature,
        "signature",
        "token",
        "401",
    ),
)
