"""Ways to spoil a host, each of which makes a new spoiler: members of replies, headers, requests, frames."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from argus_wfm.json_type import Json
from tests.mutants.exchange import Reply, Request, contract_of
from tests.mutants.proxy import TEXT, Frame, Socket, Spoiler

Making = Callable[[], Spoiler]
OK = (200, 201, 202)
ANY = "any"  # operation of the contract
NOW_Z = "2026-01-15T09:00:00Z"
BASIC = "Basic " + base64.b64encode(b"argus:argus-dev").decode()
DIRECTORY = "Basic " + base64.b64encode(b"ivan.ivanov:argus-dev").decode()


@dataclass(frozen=True)
class Deviation:
    """One deviating host: what is wrong, where, by which promise, and what a finding has to say of the place.

    `operation` is of the contract; a finding of it has to have one of `names` in its where or its message.
    """

    id: str
    contract: str
    operation: str
    place: str
    promise: str
    spoil: Making
    names: tuple[str, ...] = ()
    directory: Any = None

    @property
    def named_by(self) -> tuple[str, ...]:
        return self.names or (self.place.rsplit("/", 1)[-1],)


def places(document: Json, pointer: str) -> Iterator[tuple[Any, Any]]:
    """The containers and keys that a JSON pointer means, in which * is every item."""
    *path, last = pointer.strip("/").split("/")
    containers = [document]
    for step in path:
        containers = [below for one in containers for below in _below(one, step)]
    for one in containers:
        if isinstance(one, list):
            yield from ((one, index) for index in (range(len(one)) if last == "*" else [int(last)]))
        elif isinstance(one, dict):
            yield one, last


def _below(container: Any, step: str) -> list[Any]:
    if isinstance(container, list):
        return container if step == "*" else container[int(step) : int(step) + 1]
    return [container[step]] if isinstance(container, dict) and container.get(step) is not None else []


def edited(operation: str, edit: Callable[[Json, Request], Json], statuses: tuple[int, ...] = OK) -> Making:
    """The JSON of its replies with these statuses is what `edit` returns."""

    def reply(request: Request, given: Reply) -> None:
        if request.operation == operation and given.status in statuses and given.is_json:
            given.json = edit(given.json, request)

    return lambda: Spoiler(reply=reply)


def changed(operation: str, pointer: str, to: Callable[[Any], Any], statuses: tuple[int, ...] = OK) -> Making:
    """A member, where it is there, is what `to` makes of it."""

    def edit(document: Json, _: Request) -> Json:
        for container, key in places(document, pointer):
            if not isinstance(container, dict) or key in container:
                container[key] = to(container[key])
        return document

    return edited(operation, edit, statuses)


def missing(operation: str, pointer: str, statuses: tuple[int, ...] = OK) -> Making:
    """A member is left out."""

    def edit(document: Json, _: Request) -> Json:
        for container, key in places(document, pointer):
            container.pop(key, None)
        return document

    return edited(operation, edit, statuses)


def renamed(operation: str, pointer: str, name: str, statuses: tuple[int, ...] = OK) -> Making:
    """A member has another name, in its old place."""

    def edit(document: Json, _: Request) -> Json:
        for container, key in places(document, pointer):
            items = [(name if one == key else one, value) for one, value in container.items()]
            container.clear()
            container.update(items)
        return document

    return edited(operation, edit, statuses)


def added(operation: str, pointer: str, value: Any, statuses: tuple[int, ...] = OK) -> Making:
    """A member is there that was not."""

    def edit(document: Json, _: Request) -> Json:
        for container, key in places(document, pointer):
            container[key] = value
        return document

    return edited(operation, edit, statuses)


def replied(operation: str, change: Callable[[Reply], None], statuses: tuple[int, ...] = OK) -> Making:
    """Its replies with these statuses are changed as a whole."""

    def reply(request: Request, given: Reply) -> None:
        if request.operation == operation and given.status in statuses:
            change(given)

    return lambda: Spoiler(reply=reply)


def header(operation: str, name: str, value: str | None, statuses: tuple[int, ...] = OK) -> Making:
    """A header has another value, or is not there."""
    return replied(operation, lambda given: given.drop(name) if value is None else given.put(name, value), statuses)


def body(operation: str, media_type: str | None, content: bytes, statuses: tuple[int, ...]) -> Making:
    """Something else stands in the place of the reply's body."""

    def change(given: Reply) -> None:
        given.body = content
        if media_type is None:
            given.drop("Content-Type")
        else:
            given.put("Content-Type", media_type)

    return replied(operation, change, statuses)


def asked(operation: str, amend: Callable[[Request], Reply | None]) -> Making:
    """The host is asked something else than the caller asked, or not at all."""

    def request(given: Request) -> Reply | None:
        return amend(given) if given.operation == operation else None

    return lambda: Spoiler(request=request)


def let_in(contract: str, credentials: Callable[[str], str], who: Callable[[Request], bool], only: str = "") -> Making:
    """The callers that `who` means are let in as if they had good credentials."""

    def request(given: Request) -> None:
        operation = given.operation
        if contract_of(operation) == contract and only in ("", operation) and who(given):
            given.put("Authorization", credentials(contract))

    return lambda: Spoiler(request=request)


def frames(change: Callable[[Json, Socket], list[Any]]) -> Making:
    """Each text frame is replaced; what is no Frame becomes one of JSON."""

    def frame(socket: Socket, given: Frame) -> list[Frame]:
        return [as_frame(one) for one in change(json.loads(given.payload), socket)]

    return lambda: Spoiler(frame=frame)


def as_frame(given: Any) -> Frame:
    if isinstance(given, Frame):
        return given
    return Frame(TEXT, json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode())


def told(change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Making:
    """Every change of status is told otherwise; other messages as they are."""

    def one(message: Json, _: Socket) -> list[Any]:
        return [change(message) if message.get("event") == "agent_status_change" else message]

    return frames(one)


def json_reply(status: int, document: Json, **headers: str) -> Reply:
    """An answer of our own."""
    given = Reply([("Content-Type", "application/json"), *headers.items()], b"", status)
    given.json = document
    return given


def envelope(code: str, message: str, **details: Any) -> Json:
    """The seed's."""
    return {"error": True, "code": code, "message": message, "details": {"timestamp": now(), **details}}


def now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_moscow(text: str) -> str:
    """The same instant with Moscow's offset."""
    return _moment(text).astimezone(dt.timezone(dt.timedelta(hours=3))).isoformat()


def moved(text: str, **by: float) -> str:
    """Another instant, in UTC."""
    return (_moment(text) + dt.timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def mojibake(text: str) -> str:
    """UTF-8 read as CP1251."""
    return text.encode().decode("cp1251", "replace")


def claims(token: str | None) -> dict[str, Any]:
    """What a JSON Web Token says, unverified; nothing for what is none."""
    return _part(token, 1)


def algorithm(token: str | None) -> Any:
    return _part(token, 0).get("alg")


def _part(token: str | None, number: int) -> dict[str, Any]:
    try:
        part = (token or "").split(".")[number]
        read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return read if isinstance(read, dict) else {}
