"""Models of faults: what goes wrong with a mock server, where and how often. Here are those of HTTP responses.

http.py and relay.py inject them, tcp.py those of the directory. message_models.py has the faults of servers that send
messages, and parser.py reads both kinds from JSON and from text.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from argus_wfm.json_type import Json

ANY = "*"
Struck = Literal["replies", "messages"]


class Fault(BaseModel):
    """What every fault takes; those below add their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: str
    operation: str = Field(ANY, description="operationId that it strikes; * is every one")
    times: int | None = Field(None, ge=1, description="strikes so often, then no more; unset is without end")
    probability: float = Field(
        1.0, gt=0, le=1, description="of striking a request or message, by dice thrown from seed"
    )
    seed: int = Field(1, description="of the dice: the same seed strikes the same ones")
    applied: bool = Field(False, description="of replies: the request is carried out first, and only its reply is lost")

    strikes: ClassVar[Struck] = "replies"
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


class StatusFault(Fault):
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


class PatchOperation(BaseModel):
    """One step of an amendment, after JSON Patch (RFC 6902); in `path` a step of * means every member."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: Literal["add", "replace", "remove", "count"] = Field(description="count adds value (default 1) to a number")
    path: str = Field(pattern=r"^(/[^/]*)+$")
    value: Json = None


class Amend(Fault):
    """The reply is amended by `patch` before it goes out: members added, replaced, removed or miscounted."""

    fault: Literal["amend"]
    patch: tuple[PatchOperation, ...] = Field(min_length=1)
    reads_reply: ClassVar[bool] = True
