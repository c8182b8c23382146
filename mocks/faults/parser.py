"""The fault language, one for every protocol: faults as JSON and as text, and what is to be told of them.

A fault is a JSON object, {"fault": "status", "status": 503, "operation": "getAgents", "times": 3}, or the same as text,
status,status=503,operation=getAgents,times=3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, get_args

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from argus_wfm.json_type import Json
from argus_wfm.mocks.faults.message_models import Drop, Duplicate, Late, Lose, NonJson, Reorder, UnknownStatus
from argus_wfm.mocks.faults.models import (
    ANY,
    Amend,
    Charset,
    ContentType,
    Drip,
    Empty,
    Fault,
    HalfHead,
    Hang,
    Html,
    Latency,
    Lognormal,
    Malformed,
    Refuse,
    Reset,
    StatusFault,
    Struck,
    Truncate,
    Uniform,
)

Kind = (
    Latency | Uniform | Lognormal | Hang | Drip | StatusFault | Refuse | Reset | Empty | HalfHead | Truncate
    | Malformed | Html | ContentType | Charset | Amend
    | Duplicate | Reorder | Late | UnknownStatus | Drop | Lose | NonJson
)  # fmt: skip
KINDS: dict[str, type[Fault]] = {get_args(kind.model_fields["fault"].annotation)[0]: kind for kind in get_args(Kind)}
EXAMPLES: dict[Struck, tuple[str, ...]] = {
    "replies": (
        "hang",
        "status,status=503,operation=getNormHours,times=5",
        "lognormal,median=0.8,sigma=0.6,probability=0.3,seed=7",
        "reset,operation=sendSchedule,applied=true",
        "hang,operation=bind",
        'amend,operation=getAgents,patch=[{"op": "remove", "path": "/agents/*/agent_id"}]',
        'amend,operation=getAgents,patch=[{"op": "count", "path": "/total_count", "value": -1}]',
    ),
    "messages": (
        "duplicate,operation=sendEvent,probability=0.1",
        "late,operation=agentStatus,seconds=30,times=1",
        "unknown-status,status=lunch_walk,operation=agentStatus",
        "drop,operation=agentStatus,times=1",
        "lose,operation=pushActuals,times=1",
    ),
}
_ADAPTER: TypeAdapter[Kind] = TypeAdapter(Annotated[Kind, Field(discriminator="fault")])


class FaultError(ValueError):
    """This is no fault, or none for this party; the message is one line that says why."""


class Explained(NamedTuple):
    """A kind of fault: whether it strikes replies or messages, what it does, its own members with their defaults."""

    name: str
    strikes: Struck
    does: str
    members: list[tuple[str, str]]


def from_json(
    given: Json, operations: frozenset[str], strikes: Struck = "replies", only: frozenset[str] | None = None
) -> Fault:
    """A fault for a party that has these operations, and answers requests or sends messages. Raises FaultError.

    `only` are the kinds that make sense for a party that does not speak HTTP.
    """
    try:
        fault = _ADAPTER.validate_python(given)
    except ValidationError as error:
        raise FaultError(_words(given, error, strikes)) from error
    if fault.strikes != strikes:
        raise FaultError(f"{fault.fault} strikes {fault.strikes}; for this party there are: {_kinds(strikes)}")
    if only is not None and fault.fault not in only:
        raise FaultError(f"{fault.fault} is none for this party; there are: {', '.join(sorted(only))}")
    if fault.operation != ANY and fault.operation not in operations:
        raise FaultError(f"operation: there is no {fault.operation}; there are: {', '.join(sorted(operations))}, *")
    return fault


def from_text(
    text: str, operations: frozenset[str], strikes: Struck = "replies", only: frozenset[str] | None = None
) -> Fault:
    """Of KIND,name=value,…: values are JSON where they are JSON, and text otherwise. Raises FaultError."""
    kind, *members = _split(text)
    given: dict[str, Json] = {"fault": kind}
    for member in members:
        name, equals, value = member.partition("=")
        if not equals:
            raise FaultError(f"{text}: write {member} as name=value")
        given[name.strip()] = _value(value.strip())
    return from_json(given, operations, strikes, only)


def struck(text: str) -> Struck | None:
    """What a fault written as text would strike, by its kind alone; None for no kind that there is."""
    kind = KINDS.get(text.split(",")[0].strip())
    return kind.strikes if kind else None


def operation(text: str) -> str:
    """The operation that a fault written as text names; * for every one."""
    members = (member.partition("=") for member in _split(text)[1:])
    return next((value.strip() for name, _, value in members if name.strip() == "operation"), ANY)


def catalogue() -> Iterator[Explained]:
    """Every kind of fault."""
    for name, kind in KINDS.items():
        own = [(member, field) for member, field in kind.model_fields.items() if member not in Fault.model_fields]
        does = " ".join(str(kind.__doc__).split())
        yield Explained(name, kind.strikes, does, [(member, _default(field)) for member, field in own])


def common() -> list[tuple[str, str, str]]:
    """(member, default, meaning) of what every fault takes."""
    fields = [(name, field) for name, field in Fault.model_fields.items() if name != "fault"]
    return [(name, _default(field), str(field.description)) for name, field in fields]


def _default(field: Any) -> str:
    return "required" if field.is_required() else "none" if field.default is None else str(field.default)


def _split(text: str) -> list[str]:
    """At commas outside of brackets and quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += (letter in "[{") - (letter in "]}") if not quoted else 0
        if letter == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _value(text: str) -> Json:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _kinds(strikes: Struck) -> str:
    return ", ".join(name for name, kind in KINDS.items() if kind.strikes == strikes)


def _words(given: Json, error: ValidationError, strikes: Struck) -> str:
    """One line that names the member, or the kinds there are."""
    kind = given.get("fault") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return f"there is no fault {kind!r}; there are: {_kinds(strikes)}"
    fault = error.errors()[0]
    place = ".".join(str(step) for step in fault["loc"] if step != kind)
    words = fault["msg"].removeprefix("Value error, ")
    return f"{kind}: {place}: {words}" if place else f"{kind}: {words}"
