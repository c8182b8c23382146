"""The fault language: what may go wrong with a party outside, where, how often. One for every protocol.

A fault is a JSON object, {"fault": "status", "status": 503, "operation": "getAgents", "times": 3}, or the same as text,
status,status=503,operation=getAgents,times=3. What strikes over HTTP is done by injection.py and relay.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

Json = Any
ANY = "*"


class FaultError(ValueError):
    """This is no fault; the message is one line that says why."""


class Fault(BaseModel):
    """What every fault takes; those below add their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: str
    operation: str = Field(ANY, description="operationId that it strikes; * is every one")
    times: int | None = Field(None, ge=1, description="strikes so often, then no more; unset is without end")
    probability: float = Field(1.0, gt=0, le=1, description="of striking a request, by dice thrown from seed")
    seed: int = Field(1, description="of the dice: the same seed strikes the same requests")
    applied: bool = Field(False, description="the request is carried out first, and only its reply is lost")

    reads_reply: ClassVar[bool] = False  # done to a reply, so that the request is carried out in any case
    delays: ClassVar[bool] = False  # goes together with whichever fault comes after it


class Latency(Fault):
    """The reply comes `seconds` later."""

    fault: Literal["latency"]
    seconds: float = Field(gt=0, le=3600)
    delays: ClassVar[bool] = True


class Uniform(Fault):
    """The reply comes later by a random time between `lower` and `upper` seconds."""

    fault: Literal["uniform"]
    lower: float = Field(ge=0, le=3600)
    upper: float = Field(gt=0, le=3600)
    delays: ClassVar[bool] = True

    @model_validator(mode="after")
    def _in_order(self) -> Uniform:
        if self.upper < self.lower:
            raise ValueError("upper is less than lower")
        return self


class Lognormal(Fault):
    """The reply comes later by a random time with a long tail: `median` seconds, spread `sigma`."""

    fault: Literal["lognormal"]
    median: float = Field(gt=0, le=3600)
    sigma: float = Field(0.5, gt=0, le=3)
    delays: ClassVar[bool] = True


class Hang(Fault):
    """The request is taken and never answered, until the caller goes; lifting the fault drops those it holds."""

    fault: Literal["hang"]


class Drip(Fault):
    """The reply comes byte by byte, one each `interval` seconds: its body, or (part=head) its headers as well."""

    fault: Literal["drip"]
    interval: float = Field(0.5, gt=0, le=60)
    part: Literal["body", "head"] = "body"
    reads_reply: ClassVar[bool] = True


class Status(Fault):
    """An error envelope with this `status`, and the first code the contract has for it unless `code` is given."""

    fault: Literal["status"]
    status: int = Field(503, ge=400, le=599)
    code: str = ""


class Refuse(Fault):
    """Nobody listens any more: connections are refused and open ones dropped, for every operation, until lifted."""

    fault: Literal["refuse"]

    @model_validator(mode="after")
    def _whole(self) -> Refuse:
        if (self.operation, self.times, self.probability, self.applied) != (ANY, None, 1.0, False):
            raise ValueError("refuse takes no operation, times, probability or applied: who is refused sends nothing")
        return self


class Reset(Fault):
    """The connection is reset (RST) instead of an answer."""

    fault: Literal["reset"]


class Empty(Fault):
    """The connection is closed without a byte of an answer."""

    fault: Literal["empty"]


class HalfHead(Fault):
    """The connection is closed in the middle of the reply's headers."""

    fault: Literal["half-head"]
    reads_reply: ClassVar[bool] = True


class Truncate(Fault):
    """The connection is closed in the middle of the reply's body, half of what Content-Length promised."""

    fault: Literal["truncate"]
    reads_reply: ClassVar[bool] = True


class Malformed(Fault):
    """A whole reply whose JSON breaks off: half of the text, with a Content-Length to match."""

    fault: Literal["malformed"]
    reads_reply: ClassVar[bool] = True


class Html(Fault):
    """200 with a page of HTML, as a proxy or a 1C web server under maintenance gives."""

    fault: Literal["html"]


class ContentType(Fault):
    """The right body under another `media_type`."""

    fault: Literal["content-type"]
    media_type: str = Field("text/plain", pattern=r"^[\w.+-]+/[\w.+-]+$")
    reads_reply: ClassVar[bool] = True


class Charset(Fault):
    """The body in another `charset`, which Content-Type names unless declared is false."""

    fault: Literal["charset"]
    charset: Literal["windows-1251", "koi8-r", "cp866", "utf-16"] = "windows-1251"
    declared: bool = True
    reads_reply: ClassVar[bool] = True


class Change(BaseModel):
    """One step of an amendment, after JSON Patch (RFC 6902); in `path` a step of * means every member."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: Literal["add", "replace", "remove", "count"] = Field(description="count adds value (default 1) to a number")
    path: str = Field(pattern=r"^(/[^/]*)+$")
    value: Json = None


class Amend(Fault):
    """The reply is amended by `patch` before it goes out: members added, replaced, removed or miscounted."""

    fault: Literal["amend"]
    patch: tuple[Change, ...] = Field(min_length=1)
    reads_reply: ClassVar[bool] = True


Kind = (
    Latency | Uniform | Lognormal | Hang | Drip | Status | Refuse | Reset | Empty | HalfHead | Truncate
    | Malformed | Html | ContentType | Charset | Amend
)  # fmt: skip
KINDS: dict[str, type[Fault]] = {get_args(kind.model_fields["fault"].annotation)[0]: kind for kind in get_args(Kind)}
EXAMPLES = (
    "hang",
    "status,status=503,operation=getNormHours,times=5",
    "lognormal,median=0.8,sigma=0.6,probability=0.3,seed=7",
    "reset,operation=sendSchedule,applied=true",
    'amend,operation=getAgents,patch=[{"op": "remove", "path": "/agents/*/agent_id"}]',
    'amend,operation=getAgents,patch=[{"op": "count", "path": "/total_count", "value": -1}]',
)
_ADAPTER: TypeAdapter[Kind] = TypeAdapter(Annotated[Kind, Field(discriminator="fault")])


def from_json(given: Json, operations: frozenset[str]) -> Fault:
    """A fault for a party that has these operations. Raises FaultError."""
    try:
        fault = _ADAPTER.validate_python(given)
    except ValidationError as error:
        raise FaultError(_words(given, error)) from error
    if fault.operation != ANY and fault.operation not in operations:
        raise FaultError(f"operation: there is no {fault.operation}; there are: {', '.join(sorted(operations))}, *")
    return fault


def from_text(text: str, operations: frozenset[str]) -> Fault:
    """Of KIND,name=value,…: values are JSON where they are JSON, and text otherwise. Raises FaultError."""
    kind, *members = _split(text)
    given: dict[str, Json] = {"fault": kind}
    for member in members:
        name, equals, value = member.partition("=")
        if not equals:
            raise FaultError(f"{text}: write {member} as name=value")
        given[name.strip()] = _value(value.strip())
    return from_json(given, operations)


def catalogue() -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """(name, what it does, its own members with their defaults) for every kind of fault."""
    for name, kind in KINDS.items():
        own = [(member, field) for member, field in kind.model_fields.items() if member not in Fault.model_fields]
        yield name, " ".join(str(kind.__doc__).split()), [(member, _default(field)) for member, field in own]


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


def _words(given: Json, error: ValidationError) -> str:
    """One line that names the member, or the kinds there are."""
    kind = given.get("fault") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return f"there is no fault {kind!r}; there are: {', '.join(KINDS)}"
    fault = error.errors()[0]
    place = ".".join(str(step) for step in fault["loc"] if step != kind)
    words = fault["msg"].removeprefix("Value error, ")
    return f"{kind}: {place}: {words}" if place else f"{kind}: {words}"
