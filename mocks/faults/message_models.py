"""Models of faults of a server that sends messages: it sends other than it means. messages.py injects them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from argus_wfm.mocks.faults.models import Fault, Struck


class Deviation(Fault):
    """What every one of these takes: all of a fault's members but `applied`, since nobody asked for anything."""

    applied: Literal[False] = False
    strikes: ClassVar[Struck] = "messages"


class Duplicate(Deviation):
    """The message is sent twice."""

    fault: Literal["duplicate"]


class Reorder(Deviation):
    """The message comes after the next one instead of before it; of posted ones, the next of the same agent."""

    fault: Literal["reorder"]


class Late(Deviation):
    """The message comes `seconds` later, with the time at which it happened; those after it do not wait."""

    fault: Literal["late"]
    seconds: float = Field(gt=0, le=86_400)


class UnknownStatus(Deviation):
    """A word outside the vocabulary, `status`, stands in new_status, or in a posted message's event."""

    fault: Literal["unknown-status"]
    status: str = Field("in_the_sauna", min_length=1, max_length=64)


class Drop(Deviation):
    """The connection is dropped instead of the message, without a close frame; of a posted one half was sent."""

    fault: Literal["drop"]


class Lose(Deviation):
    """The message is never sent."""

    fault: Literal["lose"]


class NonJson(Deviation):
    """The message is no JSON: it breaks off after half of its text."""

    fault: Literal["non-json"]
