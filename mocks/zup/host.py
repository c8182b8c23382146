"""The third-party host behind the mock 1C: asked once per question, and what was wrong with its responses."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock

Key = tuple[str, str, bytes]  # method, path, body


PROMPT_S = 1.0  # within which nobody wonders where an answer is


@dataclass(frozen=True, slots=True)
class HostResponse:
    """As a host gave it; `departs` says in what way it is not by the contract, "" where it is."""

    status: int
    media_type: str
    body: bytes
    departs: Callable[[], str] = lambda: ""

    @property
    def stands(self) -> bool:
        """Whether it answers what was asked; a refusal of the caller, or of all callers for now, does not."""
        if 200 <= self.status < 300:
            return self.media_type.partition(";")[0].strip().lower() == "application/json"
        return self.status in (400, 422) or (self.status == 404 and _code(self.body) not in ("", "NOT_FOUND"))


class NoAnswer(Exception):
    """Nobody answered, or nobody may be asked; str() is why."""


Ask = Callable[[str, str, bytes], HostResponse]  # method, path, body. Raises NoAnswer


@dataclass(slots=True)
class ForwardingRecord:
    """What was asked between two resets: why it could not be had, what came instead of what, what is not there yet."""

    lacked: list[str] = field(default_factory=list)
    came: list[tuple[str, HostResponse, int | None]] = field(default_factory=list)
    waiting: dict[int, tuple[str, float]] = field(default_factory=dict)  # since when, by the clock's elapsed()


class Host:
    """Of others, as it is asked from here: nothing twice that it has answered."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask, self._clock = ask, clock
        self._kept: dict[Key, HostResponse] = {}
        self._numbers = itertools.count()
        self._book = ForwardingRecord()

    def renew(self) -> None:
        """View only what is asked from now on; what is on its way belongs to before."""
        self._book = ForwardingRecord()

    def ask(self, operation_id: str, key: Key, due: int | None = 200) -> HostResponse:
        """`due` is the status that the mock would answer, None where it cannot know. Raises NoAnswer."""
        book = self._book
        reply = self._kept.get(key) or self._asked(operation_id, key, book)
        if reply.stands:
            self._kept[key] = reply
            book.came.append((operation_id, reply, due))
        else:
            came = reply.status if reply.status >= 300 else reply.media_type or "no media type"
            wanted = (due or 200) if reply.status >= 300 else "application/json"
            book.lacked.append(f"{operation_id} of the host: {came} where {wanted} was due")
        return reply

    def view(self) -> dict[str, list[str]]:
        """For GET /_control/host."""
        book, now = self._book, self._clock.elapsed()
        departed = [departure(*came) for came in [*book.came]]
        waiting = [operation_id for operation_id, since in [*book.waiting.values()] if now - since > PROMPT_S]
        told = {
            "lacked": book.lacked,
            "departed": [words for words in departed if words],
            "waiting": [f"{operation_id} of the host has not been answered yet" for operation_id in waiting],
        }
        return {name: [*dict.fromkeys(words)] for name, words in told.items()}

    def _asked(self, operation_id: str, key: Key, book: ForwardingRecord) -> HostResponse:
        number = next(self._numbers)
        book.waiting[number] = operation_id, self._clock.elapsed()
        try:
            return self._ask(*key)
        except NoAnswer as error:
            book.lacked.append(str(error))
            raise
        finally:
            del book.waiting[number]


def rows_of(content: bytes) -> list[Json] | None:
    """Of people, each that has an id; None where there is no list of any."""
    try:
        rows = orjson.loads(content)["agents"]
    except (ValueError, KeyError, TypeError):
        return None
    return [row for row in rows if id_of(row)] if isinstance(rows, list) else None


def id_of(row: Json) -> str:
    """Of one of the people; empty where there is none to be read."""
    return text_of(row.get("agent_id")) if isinstance(row, dict) else ""


def text_of(value: Json) -> str:
    """An id, however it was written; empty for what is none."""
    return value if isinstance(value, str) else f"{value}" if is_integer(value) else ""


def is_integer(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def departure(operation_id: str, reply: HostResponse, due: int | None) -> str:
    """In what way a reply is another than was due, or of no use; empty where it is neither."""
    why = reply.departs() if due in (None, reply.status) else f"{reply.status} where {due} was due"
    if operation_id == "getAgents" and reply.status == 200 and not rows_of(reply.body):
        why = why or "nobody is listed"
    return f"{operation_id} of the host: {why}" if why else ""


def _code(body: bytes) -> str:
    """Of the contract's envelope; empty where it is none."""
    try:
        given = orjson.loads(body)
        return given["code"] if given["error"] is True and isinstance(given["code"], str) else ""
    except (ValueError, KeyError, TypeError):
        return ""
