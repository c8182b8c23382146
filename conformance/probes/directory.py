"""What the judge asks of a directory itself, where one is given: reading alone, and no password is guessed."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from argus_wfm.conformance.errors import HeldBack
from argus_wfm.conformance.model.findings import Departure, Drift, Finding, clipped
from argus_wfm.conformance.probes.probe import Probe
from argus_wfm.conformance.target.deadline import watchdog
from argus_wfm.conformance.target.journal import DIRECTORY
from argus_wfm.conformance.target.profile import LOOPBACK
from argus_wfm.conformance.target.safety import SafetyGuard
from argus_wfm.json_type import Json
from argus_wfm.openapi import Operation

if TYPE_CHECKING:
    from argus_wfm.conformance.target import Target

OPERATION = DIRECTORY
ANSWER_S, LEEWAY_S = 10, 0.5  # whole seconds, as ldap3 wants them
ATTRIBUTES = ("cn", "mail", "department", "title")
SUCCESS, INVALID_CREDENTIALS = 0, 49
NOBODY = "no.such.user.of.argus"
WRONG = "not-the-password"
SPENDER = "SSO-04"  # the scenario that has the one wrong password of a run
HOSTILE = (  # escaped, each is the name of nobody (RFC 4515, section 3)
    "*", "*)(sAMAccountName=*", "*)(uid=*))(|(uid=*", "*))(&(objectClass=*", "admin)(&)", "x)(|(cn=*))", "a\\2a",
    "\\", "(", ")", "&", "|(cn=*)", "\x00", "*\x00", "дир*", "!(cn=x)", "=*", ">=a", "\u202e*", "%2a", "x" * 300,
)  # fmt: skip
DAMAGED = re.compile("\ufffd|\\?{3}|[ÐÑ][\u0080-\u00bf]")  # UTF-8 that was read as something else, or not at all


@dataclass(frozen=True, slots=True)
class DirectoryTarget:
    """Where it is, and a user of it. `dn` is how the user binds; people are below `base`."""

    url: str
    base: str
    user: str
    password: str = field(repr=False)
    dn: str
    name_attribute: str
    ca_file: str = ""
    refusals: list[Departure] = field(default_factory=list)  # of the user: who is refused is not tried again
    silence: list[Departure] = field(default_factory=list)  # why there was no answer in time; nothing else is asked
    guard: SafetyGuard = field(default_factory=SafetyGuard)
    guesses: str = ""  # why a wrong password may not be tried for the user; empty where it may

    @classmethod
    def of(cls, target: Target) -> DirectoryTarget:
        """The target's. Raises CouldNotTest where nobody of it is given."""
        config = target.config
        user, password = config.directory_user()
        realm = ".".join(re.findall(r"dc=([^,]+)", config.ldap_base, re.IGNORECASE))
        held = "a wrong password could lock the account; --allow-auth-failures lets it run"
        spent = "the one wrong password that the account is given was SSO-04's"
        if target.policy.auth_failures:
            held = spent if SPENDER in target.guard.askers() else ""
        dn = config.ldap_dn or f"{user}@{realm}"
        name, trusted = config.ldap_name_attribute, config.ca_file
        return cls(config.ldap, config.ldap_base, user, password, dn, name, trusted, guard=target.guard, guesses=held)

    def answers(self) -> None:
        """The user's own password opens it."""
        with self._bound():
            pass

    def hides_people_from_strangers(self) -> None:
        """A search without credentials shows nobody: it is refused, or empty."""
        try:
            with self._bound("", "") as connection:
                seen = self._people(connection, "(objectClass=*)")
        except Departure as departure:
            if departure.finding.code != "LDAP_BIND_REFUSED":
                raise
            return
        if seen:
            words = "A search without credentials shows people"
            self._departs("LDAP_ANONYMOUS", Drift.AUTH, "search", words, actual=seen[0]["dn"])

    def refuses_unknown_name(self) -> None:
        """49 for a DN that is nobody's; no account is at stake."""
        self._refused(f"cn={NOBODY},{self.base}")

    def refuses_wrong_password(self) -> None:
        """49 for the user. Raises HeldBack where that could lock somebody out."""
        if self.guesses:
            raise HeldBack(self.guesses)
        self._refused(self.dn)

    def refuses_empty_password(self) -> None:
        """Of the user: a bind that proves nothing. It counts as no wrong password, so that no account is at stake."""
        with self._opened("", "") as connection:
            if self._told("BIND", connection, lambda: _unauthenticated(connection, self.dn)) == SUCCESS:
                words = "A bind with the user's name and an empty password succeeds"
                self._departs("LDAP_EMPTY_PASSWORD", Drift.AUTH, "bind", words, expected="49 or 53", actual=SUCCESS)

    def matches_nobody_by_hostile_names(self) -> None:
        with self._bound() as connection:
            for name in HOSTILE:
                if found := self._named(connection, name):
                    words = f"The escaped name {name!r} matches somebody"
                    self._departs("LDAP_INJECTION", Drift.VALUE, "search", words, actual=found[0]["dn"])

    def has_the_four_attributes(self) -> None:
        """Of the user, with Cyrillic that can be read."""
        with self._bound() as connection:
            found = self._named(connection, self.user)
        if len(found) != 1:
            words = f"{len(found)} entries have this user's {self.name_attribute}"
            self._departs("LDAP_NOT_FOUND", Drift.VALUE, "search", words, expected=1, actual=len(found))
        for name in ATTRIBUTES:
            text = _text(found[0]["raw_attributes"].get(name))
            if text is None or not text.strip():
                words = f"The entry has no {name}" if text is None else f"The entry's {name} is blank"
                self._departs("LDAP_ATTRIBUTE", Drift.SHAPE, f"/{name}", words, expected=name)
            if DAMAGED.search(text):
                self._departs("MOJIBAKE", Drift.VALUE, f"/{name}", f"{name} is damaged", actual=text)

    def offers_starttls(self) -> None:
        """On a connection that is not TLS already."""
        if urlsplit(self.url).scheme == "ldaps":
            return
        with self._opened("", "") as connection:
            self._start_tls(connection)

    def _refused(self, dn: str) -> None:
        with self._opened(dn, WRONG) as connection:
            let_in, result = self._told("BIND", connection, connection.bind), connection.result
        if let_in or result["result"] != INVALID_CREDENTIALS:
            words = f"{result['result']} ({result['description']}) where 49 was due"
            self._departs("LDAP_WRONG_PASSWORD", Drift.AUTH, "bind", words, expected=49, actual=result["result"])

    def _named(self, connection: Any, name: str) -> list[Json]:
        from ldap3.utils import conv

        return self._people(connection, f"({self.name_attribute}={conv.escape_filter_chars(name)})")

    def _people(self, connection: Any, condition: str) -> list[Json]:
        asked = {"attributes": [*ATTRIBUTES], "size_limit": 2}
        self._told("SEARCH", connection, lambda: connection.search(self.base, condition, **asked))
        return [entry for entry in connection.response or [] if entry["type"] == "searchResEntry"]

    @contextlib.contextmanager
    def _bound(self, dn: str | None = None, password: str | None = None) -> Iterator[Any]:
        """Raises Departure LDAP_UNREACHABLE, LDAP_BIND_REFUSED."""
        if dn is None and self.refusals:
            raise self.refusals[0]
        given = self.dn if dn is None else dn, self.password if password is None else password
        with self._opened(*given) as connection:
            if not self._told("BIND", connection, connection.bind):
                refusal = self._refusal(connection.result)
                self.refusals.extend([refusal] if dn is None else [])
                raise refusal
            yield connection

    def _refusal(self, result: Json) -> Departure:
        words = f"The bind was refused: {result['result']} ({result['description']})"
        shown = clipped(result["message"])
        return Departure(Finding("LDAP_BIND_REFUSED", Drift.AUTH, OPERATION, "bind", words, actual=shown))

    @contextlib.contextmanager
    def _opened(self, dn: str, password: str) -> Iterator[Any]:
        import ldap3

        required = ssl.CERT_NONE if self._is_here else ssl.CERT_REQUIRED
        tls = ldap3.Tls(validate=required, ca_certs_file=self.ca_file or None)
        server = ldap3.Server(self.url, tls=tls, get_info=ldap3.NONE, connect_timeout=ANSWER_S)
        safe = {"auto_referrals": False, "check_names": False}  # a referral would take the password to whoever it names
        connection = ldap3.Connection(server, dn or None, password or None, receive_timeout=ANSWER_S, **safe)
        if self.silence:
            raise self.silence[0]
        try:
            self._told("CONNECT", connection, connection.open)
            if password and not self._is_here and urlsplit(self.url).scheme == "ldap":
                self._start_tls(connection)
            yield connection
        finally:
            _end(connection)

    @property
    def _is_here(self) -> bool:
        """On this machine, where a password may travel in the clear and certificates are made up."""
        return urlsplit(self.url).hostname in LOOPBACK

    def _start_tls(self, connection: Any) -> None:
        """Raises Departure."""
        with self.guard.request(OPERATION, "STARTTLS", self.url, "read") as pending, _within(ANSWER_S, connection):
            try:
                offered, words = connection.start_tls(read_server_info=False), str(connection.result)
            except Exception as error:  # as below
                offered, words = False, _reason(error)
                pending.error = words
        if not offered:
            self._departs("LDAP_STARTTLS", Drift.PROTOCOL, "StartTLS", "StartTLS does not come about", actual=words)

    def _told(self, request: str, connection: Any, act: Callable[[], Any]) -> Any:
        """Send one request. Raises Departure when the response is not LDAP's, and what SafetyGuard raises."""
        began = time.monotonic()
        with self.guard.request(OPERATION, request, self.url, "read") as pending, _within(ANSWER_S, connection):
            try:
                return act()
            except Exception as error:  # ldap3 raises what it likes where it reads what is no LDAP
                pending.error = _reason(error)
                words = f"{self.url} did not answer as a directory: {pending.error}"
                departure = Departure(Finding("LDAP_UNREACHABLE", Drift.UNREACHABLE, OPERATION, "connection", words))
                if request == "CONNECT" or time.monotonic() - began > ANSWER_S - LEEWAY_S:
                    self.silence.append(departure)  # each further question would wait as long
                raise departure from error

    def _departs(
        self, code: str, drift: Drift, where: str, message: str, *, expected: object = "", actual: object = ""
    ) -> NoReturn:
        raise Departure(Finding(code, drift, OPERATION, where, message, clipped(expected), clipped(actual)))


def questions(target: Target) -> Iterator[Probe]:
    """Every question to the target's directory. Raises CouldNotTest as DirectoryTarget.of does."""
    directory = DirectoryTarget.of(target)
    operation = Operation(OPERATION, "LDAP", "/", "read", None, {"responses": {}})
    for name in QUESTIONS:
        yield Probe(name, operation, getattr(directory, name))


QUESTIONS = (
    "answers",
    "hides_people_from_strangers",
    "refuses_unknown_name",
    "refuses_wrong_password",
    "refuses_empty_password",
    "matches_nobody_by_hostile_names",
    "has_the_four_attributes",
    "offers_starttls",
)


def _unauthenticated(connection: Any, dn: str) -> int:
    """The result code of a bind with a name and no password, which ldap3's own bind does not send."""
    from ldap3 import ANONYMOUS
    from ldap3.operation.bind import bind_operation

    request = bind_operation(3, ANONYMOUS)
    request["name"] = dn
    response = connection.post_send_single_response(connection.send("bindRequest", request))
    return int(response[0]["result"])


def _within(seconds: float, connection: Any) -> contextlib.AbstractContextManager[None]:
    """In all: ldap3's own limit is for each read, and a directory that drips would never come to its end."""

    def shut() -> None:
        with contextlib.suppress(OSError, AttributeError):
            connection.socket.shutdown(socket.SHUT_RDWR)

    return watchdog(seconds, shut)


def _end(connection: Any) -> None:
    """Also of one that never came about, whose socket ldap3 would leave."""
    from ldap3.core.exceptions import LDAPException

    opened = connection.socket
    with contextlib.suppress(LDAPException, OSError):
        connection.unbind()
    if opened is not None:
        opened.close()


def _text(values: Json) -> str | None:
    """The first value; what is no UTF-8 shows as U+FFFD."""
    return bytes(values[0]).decode("utf-8", "replace") if values else None


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
