"""Directories that deviate from what an integration is promised of LDAP, one promise each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from unittest.mock import patch

from argus_wfm.mocks.ldap import app, connections
from argus_wfm.mocks.ldap.accounts import BindRefusal
from argus_wfm.mocks.ldap.directory import DirectoryEntries
from argus_wfm.mocks.ldap.entries import Entry
from argus_wfm.mocks.ldap.filters import Filter
from argus_wfm.mocks.ldap.names import Name
from argus_wfm.mocks.ldap.session import UNWILLING, RequestRefused, Session
from argus_wfm.openapi.server import background, bind
from tests.mutants.host import AGENTS
from tests.mutants.proxy import Spoiler
from tests.mutants.spoiling import Deviation

PERSON = "ivan.ivanov"
Shown = dict[str, tuple[str, ...]]


@contextlib.contextmanager
def directory(kind: type[DirectoryEntries] = DirectoryEntries, session: type[Session] = Session) -> Iterator[str]:
    """The host's people in a directory that behaves otherwise; yields its URL."""
    public = bind("127.0.0.1", 0)
    with patch.object(app, "DirectoryEntries", kind), patch.object(connections, "Session", session):
        directory = app.ldap(public, agents=AGENTS)
        with background(directory):
            yield f"ldap://127.0.0.1:{public.getsockname()[1]}"


def showing(change: Callable[[Shown], Shown]) -> type[DirectoryEntries]:
    """People's entries are shown otherwise."""

    class Showing(DirectoryEntries):
        def shown(self, entry: Entry, asked: Iterable[str]) -> Shown:
            held = super().shown(entry, asked)
            return change(held) if entry.account else held

    return Showing


def _without(name: str) -> type[DirectoryEntries]:
    return showing(lambda held: {key: values for key, values in held.items() if key != name})


def _as(name: str, other: str) -> type[DirectoryEntries]:
    return showing(lambda held: {other if key == name else key: values for key, values in held.items()})


class AnyPassword(DirectoryEntries):
    """A wrong password of somebody who exists is taken."""

    def bind(self, who: str, password: bytes) -> Entry | BindRefusal:
        outcome = super().bind(who, password)
        return (self.named(who) or outcome) if outcome is BindRefusal.WRONG_PASSWORD else outcome


class AnyName(DirectoryEntries):
    """Whoever is unknown is taken for the first of all."""

    def bind(self, who: str, password: bytes) -> Entry | BindRefusal:
        outcome = super().bind(who, password)
        first = self.person(PERSON)
        return first if outcome is BindRefusal.UNKNOWN and first else outcome


class Hospitable(Session):
    """People are shown to whoever asks."""

    def _need_bind(self) -> None:
        pass


class Unwilling(Session):
    """A wrong name or password is refused as a server's unwillingness (53), not as 49."""

    def _bind(self, request: Any, reply: type, _arrived: float) -> Any:
        try:
            return super()._bind(request, reply, _arrived)
        except RequestRefused as error:
            raise RequestRefused(UNWILLING, str(error)) from error


class EmptyPassword(Session):
    """A name without a password is a bind that succeeds (RFC 4513, 5.1.2 says what comes of it)."""

    def _bind(self, request: Any, reply: type, _arrived: float) -> Any:
        if request.dn and not request.auth:
            return [reply(resultCode=0)]
        return super()._bind(request, reply, _arrived)


class Twins(DirectoryEntries):
    """Two people have one login."""

    def search(self, base: Name, scope: int, given: Filter) -> Iterator[Entry]:
        found = list(super().search(base, scope, given))
        yield from found
        other = next(entry for entry in self._entries if entry.account and entry.login not in (PERSON, "svc"))
        if len(found) == 1 and found[0].login == PERSON:
            yield other


class Nobody(DirectoryEntries):
    """A search by login finds nobody."""

    def search(self, base: Name, scope: int, given: Filter) -> Iterator[Entry]:
        found = list(super().search(base, scope, given))
        return iter(() if len(found) == 1 and found[0].login == PERSON else found)


class Unescaped(DirectoryEntries):
    """An escaped asterisk stands for anything, as if it had not been escaped."""

    def search(self, base: Name, scope: int, given: Filter) -> Iterator[Entry]:
        found = list(super().search(base, scope, given))
        if not found and "*" in _asserted(given):
            found = [entry for entry in self._entries if entry.account and entry.login == PERSON]
        return iter(found)


def _asserted(given: Any) -> str:
    """Everything that a filter compares with."""
    value = getattr(getattr(given, "assertionValue", None), "value", None)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    parts = getattr(given, "data", None)
    if isinstance(parts, list | set | tuple):
        return "".join(_asserted(one) for one in parts)
    return _asserted(given.value) if hasattr(given, "value") and not isinstance(given.value, bytes) else ""


def _deviation(name: str, place: str, promise: str, served: Any, *names: str) -> Deviation:
    return Deviation(f"directory-{name}", "directory", "directory", place, promise, Spoiler, names, served)


FOUR = "domain 3: cn, mail, department, title"
DIRECTORY_MUTANTS = (
    _deviation("cn-missing", "cn", FOUR, lambda: directory(_without("cn"))),
    _deviation("mail-missing", "mail", FOUR, lambda: directory(_without("mail"))),
    _deviation("department-as-ou", "department", FOUR, lambda: directory(_as("department", "ou"))),
    _deviation("title-missing", "title", FOUR, lambda: directory(_without("title"))),
    _deviation("title-blank", "title", FOUR, lambda: directory(showing(lambda held: {**held, "title": ("",)}))),
    _deviation(
        "any-password",
        "password",
        "RFC 4511: 49 for a wrong password",
        lambda: directory(AnyPassword),
        "password",
        "49",
    ),
    _deviation(
        "any-name", "bind", "RFC 4511: 49 for an unknown name", lambda: directory(AnyName), "name", "49", "unknown"
    ),
    _deviation("refused-with-53", "resultCode", "RFC 4511: 49", lambda: directory(session=Unwilling), "49", "53"),
    _deviation(
        "empty-password", "password", "RFC 4513, 5.1.2", lambda: directory(session=EmptyPassword), "password", "empty"
    ),
    _deviation(
        "open-to-strangers",
        "search",
        "RFC 4513: a search as nobody",
        lambda: directory(session=Hospitable),
        "anonymous",
        "without",
        "stranger",
        "bind",
    ),
    _deviation(
        "two-of-one-login",
        "sAMAccountName",
        "domain 3: filter by sAMAccountName",
        lambda: directory(Twins),
        "samaccountname",
        "ivan.ivanov",
        "2",
        "several",
    ),
    _deviation(
        "nobody-found",
        "sAMAccountName",
        "domain 3: filter by sAMAccountName",
        lambda: directory(Nobody),
        "samaccountname",
        "ivan.ivanov",
        "nobody",
    ),
    _deviation(
        "asterisk-unescaped",
        "filter",
        "domain 3: escape per RFC 4515",
        lambda: directory(Unescaped),
        "*",
        "2a",
        "hostile",
        "matched",
        "injection",
    ),
)
