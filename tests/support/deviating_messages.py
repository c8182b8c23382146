"""Contact centres whose messages deviate from the contract in one way each."""

from __future__ import annotations

import json
from collections.abc import Callable

from argus_wfm.json_type import Json
from tests.support.contact_centre import ContactCentre, without

LATE_S = 0.3  # in place of 2 s, so that no test waits for them


class Telling(ContactCentre):
    """`amend` makes of a change what a subscriber is told; subscribers are numbered from 0."""

    def __init__(self, amend: Callable[[Json, int], list[Json]]) -> None:
        super().__init__()
        self._amend = amend

    def messages(self, change: Json, listener: int) -> list[Json]:
        return self._amend(change, listener)


def always(change: Callable[[Json], Json]) -> ContactCentre:
    return Telling(lambda told, listener: [change(told)])


def at(status: str, change: Callable[[Json], list[Json]]) -> ContactCentre:
    """Only where that is the new status."""
    return Telling(lambda told, listener: change(told) if told["new_status"] == status else [told])


def renamed(told: Json) -> Json:
    return {"workerId": told["agent_id"], **without(told, "agent_id")}


def for_the_second_alone(told: Json, listener: int) -> list[Json]:
    return [{**told, "timestamp": "2025-07-29T01:30:00Z"} if listener == 1 else told]


class Unfiltered(ContactCentre):
    def is_wanted(self, change: Json, agent: str | None) -> bool:
        return True


DEVIATING_MESSAGES: dict[str, tuple[Callable[[], ContactCentre], str, str]] = {
    "member missing": (lambda: always(lambda told: without(told, "queue")), "WSK-03", "MISSING_MEMBER"),
    "member too many": (lambda: always(lambda told: {**told, "reason": "x"}), "WSK-03", "UNDECLARED_MEMBER"),
    "member renamed": (lambda: always(renamed), "WSK-03", "RENAMED_MEMBER"),
    "unknown status": (lambda: at("on_break", lambda told: [{**told, "new_status": "busy"}]), "WSK-04", "ENUM_VALUE"),
    "wrong type": (lambda: always(lambda told: {**told, "agent_id": 7}), "WSK-03", "WRONG_TYPE"),
    "time with an offset": (
        lambda: always(lambda told: {**told, "timestamp": told["timestamp"].replace("Z", "+00:00")}),
        "WSK-03",
        "DATE_FORMAT",
    ),
    "broken chain": (
        lambda: at("offline", lambda told: [{**told, "old_status": "available"}]),
        "WSK-05",
        "STREAM_CHAIN",
    ),
    "time going back": (
        lambda: at("offline", lambda told: [{**told, "timestamp": "2025-07-29T01:30:00Z"}]),
        "WSK-05",
        "STREAM_TIME_BACK",
    ),
    "call kept off a call": (
        lambda: at("on_break", lambda told: [{**told, "call_id": "CALL123"}]),
        "WSK-04",
        "STREAM_CALL_MEMBERS",
    ),
    "call missing on a call": (
        lambda: at("on_call", lambda told: [{**told, "call_id": None}]),
        "WSK-04",
        "STREAM_CALL_MEMBERS",
    ),
    "message twice": (lambda: Telling(lambda told, listener: [told, told]), "WSK-03", "STREAM_DUPLICATE"),
    "message lost": (lambda: at("on_break", lambda told: []), "WSK-05", "STREAM_LOST"),
    "message late": (lambda: at("offline", lambda told: [LATE_S + 0.2, told]), "WSK-03", "STREAM_LATE"),
    "another for the second subscriber": (lambda: Telling(for_the_second_alone), "WSK-06", "STREAM_DIFFERS"),
    "more than was asked for": (Unfiltered, "WSK-06", "STREAM_FILTER"),
    "no JSON": (lambda: always(lambda told: "MCE001: available"), "WSK-03", "STREAM_NOT_JSON"),
    "binary frame": (lambda: always(lambda told: json.dumps(told).encode()), "WSK-03", "STREAM_NOT_JSON"),
    "other time than in the reply": (
        lambda: always(lambda told: {**told, "timestamp": "2025-07-29T01:30:00Z"}),
        "WSK-03",
        "STREAM_REST_DISAGREES",
    ),
    "socket closed": (lambda: at("available", lambda told: [told, None]), "WSK-03", "STREAM_CLOSED"),
    "number left out": (
        lambda: at("available", lambda told: [{**told, "sequence": told["sequence"] + 1}]),
        "WSK-07",
        "STREAM_GAP",
    ),
}
