"""One frame of the stream by itself: JSON in text, and one of the contract's messages."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from argus_wfm.conformance.checks.schema import RENAMES, Found, of_error
from argus_wfm.conformance.model.findings import Drift, Finding, clipped
from argus_wfm.conformance.target.websocket import OPERATION, Frame
from argus_wfm.json_type import Json
from argus_wfm.openapi.stream import load_stream

if TYPE_CHECKING:
    import jsonschema

CHANGE = "agent_status_change"
EXTENDED = {
    CHANGE: "sequencedChange",
    "snapshot": "snapshot",
    "queue_metrics": "queueMetrics",
    "heartbeat": "heartbeat",
}
CALL_RULE = {"then", "else"}  # of the schema OnCall; stream.call_members judges it in better words


@dataclass(frozen=True, slots=True)
class About:
    """Makes findings about a subscription; `repeat` is the shell line that subscribes as it did."""

    repeat: str

    def __call__(
        self, code: str, drift: Drift, where: str, message: str, *, expected: object = "", actual: object = ""
    ) -> Finding:
        return Finding(code, drift, OPERATION, where, message, clipped(expected), clipped(actual), self.repeat)


def message(frame: Frame) -> dict[str, Json] | None:
    """The object that a frame holds; None where it holds none."""
    if isinstance(frame.data, bytes):
        return None
    try:
        read = json.loads(frame.data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def named(message: dict[str, Json]) -> dict[str, Json]:
    """The message under the contract's names, where it has others for them."""
    names = _members("sequencedChange")
    return {**message, **{name: message[other] for name in names - set(message) for other in _other(name, message)}}


def findings(frame: Frame, extended: bool, found: Found) -> Iterator[Finding]:
    """Every way in which a frame departs from the contract's schema of its message."""
    held = message(frame)
    if held is None:
        kind = "A binary frame" if isinstance(frame.data, bytes) else "A frame that holds no JSON object"
        yield found("STREAM_NOT_JSON", Drift.PROTOCOL, "frame", f"{kind} came", expected="JSON", actual=frame.data)
        return
    name = EXTENDED.get(str(held.get("event")), "sequencedChange") if extended else "agentStatusChange"
    for error in _validator(name).iter_errors(held):
        if CALL_RULE.isdisjoint(error.absolute_schema_path):
            yield from of_error(error, found)


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    import jsonschema

    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(load_stream().schema(name), format_checker=checker)


@functools.cache
def _members(name: str) -> frozenset[str]:
    schema = load_stream().schema(name)
    return frozenset(schema["$defs"][schema["$ref"].rpartition("/")[2]]["properties"])


def _other(name: str, message: dict[str, Json]) -> list[str]:
    return [other for other in RENAMES.get(name, ()) if other in message][:1]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
