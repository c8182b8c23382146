"""How the directory is asked over one login's connections: service bind, search by name, bind as the DN that was found.

All of it blocks, in a thread of the directory's (ldap.py); give_up() ends it from another one, whatever it waits for.
"""

from __future__ import annotations

import contextlib
import math
import queue
import secrets
import socket
import ssl
import threading
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPOperationResult, LDAPSizeLimitExceededResult
from ldap3.utils.conv import escape_filter_chars

from argus_wfm.json_type import Json

ATTRIBUTES = ("cn", "mail", "department", "title")
GROUPS = "memberOf"
KEPT, IDLE_S = 4, 60.0  # service connections that wait for the next login, and how long: firewalls forget silent ones
# An error inside of the directory, stronger authentication or encryption wanted, busy, unavailable, any other error
NOT_OF_THE_PASSWORD = (1, 8, 13, 51, 52, 80)
NO_LDAP = (ValueError, TypeError, LookupError, AttributeError)  # what decoding of bytes that are no LDAP ends in


class DirectoryError(ValueError):
    """The directory cannot be asked with these settings; the message is one line."""


@dataclass(frozen=True, slots=True)
class DirectoryAccount:
    """Where and as whom the directory is asked; `base` is the DN under which people are."""

    url: str
    user: str
    password: str = field(repr=False)
    base: str
    start_tls: bool = False
    ca_file: str = ""
    name_attribute: str = "sAMAccountName"

    @property
    def is_encrypted(self) -> bool:
        """Whether passwords are sent over TLS alone."""
        return self.start_tls or self.url.lower().startswith("ldaps://")


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody of the directory, by the name that they have there; `groups` are DNs."""

    dn: str
    username: str
    attributes: dict[str, str]
    groups: tuple[str, ...]


class Service:
    """The server and the connections to it that the service account keeps. Raises DirectoryError."""

    def __init__(self, account: DirectoryAccount, timeout_s: float) -> None:
        self.account, self._whole_s = account, math.ceil(timeout_s)  # ldap3 takes no fractions
        self._idle: queue.LifoQueue[tuple[ldap3.Connection, float]] = queue.LifoQueue()
        try:
            self._tls = _Tls(ssl.create_default_context(cafile=account.ca_file or None))
        except (OSError, ValueError) as error:
            raise DirectoryError(f"ARGUS_LDAP_CA_FILE {account.ca_file} holds no certificates: {error}") from error
        try:
            self._server()
        except (LDAPException, ValueError) as error:
            raise DirectoryError(f"ARGUS_LDAP_URL is no address of a directory: {error}") from error

    def _server(self) -> ldap3.Server:
        """For each connection its own: ldap3's tries no address again for seconds after it was refused."""
        return ldap3.Server(self.account.url, tls=self._tls, get_info=ldap3.NONE, connect_timeout=self._whole_s)

    def connection(self, dn: str, password: str) -> ldap3.Connection:
        """Not open yet. The password goes out as it is: ldap3 would refuse control characters, and change others."""
        return ldap3.Connection(
            self._server(),
            dn,
            password.encode(),
            authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
            receive_timeout=self._whole_s,
            raise_exceptions=True,
            check_names=False,
            auto_referrals=False,  # no password for a host that somebody else names
        )

    def kept(self) -> ldap3.Connection | None:
        """One that has not waited for long."""
        with contextlib.suppress(queue.Empty):
            while True:
                connection, since = self._idle.get_nowait()
                if time.monotonic() - since < IDLE_S:
                    return connection
                end(connection)
        return None

    def keep(self, connection: ldap3.Connection) -> None:
        """For the next login."""
        if self._idle.qsize() < KEPT:
            self._idle.put((connection, time.monotonic()))
        else:
            end(connection)

    def close(self) -> None:
        """Nothing is kept any more."""
        while not self._idle.empty():
            end(self._idle.get_nowait()[0])


class Login:
    """One attempt. `username` is None for somebody who is not let in: the directory has the same work, for nobody."""

    def __init__(self, service: Service, username: str | None, password: str) -> None:
        self._service, self._username, self._password = service, username, password
        self._lock = threading.Lock()
        self._open: list[ldap3.Connection] = []
        self._given_up = False

    def run(self) -> Identity | None:
        """Who it is; None for nobody, a wrong password, several of one name. Raises LDAPException, OSError."""
        try:
            entry = self._searched()
            dn = entry["dn"] if entry else f"cn={nobody()},{self._service.account.base}"
            if not self._binds(dn) or not entry:
                return None
            whole = self._searched(*ATTRIBUTES, GROUPS)
            return self._identity(whole) if whole and whole["dn"] == dn else None
        except LDAPException:
            raise
        except NO_LDAP as error:
            raise LDAPException("The directory answers what is no LDAP") from error

    def give_up(self) -> None:
        """From any thread: whatever it waits for is over at once. TLS stays on, so that nothing goes out without."""
        with self._lock:
            self._given_up, connections = True, list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError, TypeError, AttributeError):  # not connected yet, or no more
                socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)

    def _searched(self, *attributes: str) -> Json:
        """The one entry of that name; None where there are none or several. A stale connection is tried once anew.

        What is known of somebody is read once the password is right: until then it would only make a difference that
        can be measured.
        """
        kept = self._service.kept()
        if kept is not None:
            with contextlib.suppress(LDAPException, OSError):
                return self._asked(kept, attributes)
        account = self._service.account
        return self._asked(self._bound(account.user, account.password), attributes)

    def _asked(self, connection: ldap3.Connection, attributes: Sequence[str]) -> Json:
        try:
            self._follow(connection)
            entries = self._found(connection, attributes)
            self._go_on()
        except BaseException:
            self._end(connection)
            raise
        self._let_go(connection)
        self._service.keep(connection)
        named = [entry for entry in entries if self._is_of(entry)]
        return named[0] if len(entries) == 1 and named else None

    def _found(self, connection: ldap3.Connection, attributes: Sequence[str]) -> list[Json]:
        account = self._service.account
        condition = f"({account.name_attribute}={escape_filter_chars(self._username or nobody())})"
        wanted = [*attributes, account.name_attribute]
        try:
            connection.search(account.base, condition, attributes=wanted, size_limit=2)
            _check(connection)
        except LDAPSizeLimitExceededResult:
            return []  # several of one name: none of them is meant for sure
        return [entry for entry in connection.response or [] if entry["type"] == "searchResEntry"]

    def _is_of(self, entry: Json) -> bool:
        """Directories find by less than the name: without accents, in full width, with other spaces."""
        held = _first(entry["attributes"].get(self._service.account.name_attribute))
        return self._username is not None and isinstance(held, str) and _folded(held) == _folded(self._username)

    def _binds(self, dn: str) -> bool:
        """An empty password would be an anonymous bind (RFC 4513, 5.1.2)."""
        try:
            self._end(self._bound(dn, self._password or "\0"))
        except LDAPOperationResult as refusal:
            if refusal.result in NOT_OF_THE_PASSWORD:
                raise
            return False
        return bool(self._password)

    def _bound(self, dn: str, password: str) -> ldap3.Connection:
        """Open, encrypted where it is to be, and bound. Raises LDAPException, OSError."""
        connection = self._service.connection(dn, password)
        self._follow(connection)
        try:
            connection.open()
            self._go_on()
            if self._service.account.start_tls and not connection.server.ssl:
                connection.start_tls(read_server_info=False)
                if not connection.tls_started:
                    raise LDAPException("TLS could not be started")
            self._go_on()
            connection.bind()
            _check(connection)
        except BaseException:
            self._end(connection)
            raise
        return connection

    def _identity(self, entry: Json) -> Identity:
        held = entry["attributes"]
        attributes = {name: str(_first(held.get(name))) for name in ATTRIBUTES if _first(held.get(name))}
        groups = held.get(GROUPS) or []
        name = str(_first(held[self._service.account.name_attribute]))
        return Identity(entry["dn"], name, attributes, tuple([groups] if isinstance(groups, str) else groups))

    def _follow(self, connection: ldap3.Connection) -> None:
        with self._lock:
            self._open.append(connection)
        self._go_on()

    def _let_go(self, connection: ldap3.Connection) -> None:
        with self._lock:
            self._open = [one for one in self._open if one is not connection]

    def _end(self, connection: ldap3.Connection) -> None:
        self._let_go(connection)
        end(connection)

    def _go_on(self) -> None:
        if self._given_up:
            raise LDAPException("given up")


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """Names are checked by Python itself: what ldap3 does instead fails on addresses from Python 3.12 on."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        host = connection.server.host
        wrapped = self._context.wrap_socket(connection.socket, server_hostname=host, do_handshake_on_connect=False)
        connection.socket = wrapped  # before the handshake, so that it can be given up
        wrapped.do_handshake()


def nobody() -> str:
    """A name that no entry has and nobody can guess."""
    return f"argus-nobody-{secrets.token_hex(8)}"


def end(connection: ldap3.Connection) -> None:
    """Unbind and close, whatever state it is in."""
    with contextlib.suppress(LDAPException, OSError, *NO_LDAP):
        connection.unbind()
    with contextlib.suppress(OSError, AttributeError):
        connection.socket.close()


def _check(connection: ldap3.Connection) -> None:
    """Some results that are no success raise nothing in ldap3: a referral, a bind that is to go on."""
    told = connection.result
    if told["result"] != 0:
        raise LDAPOperationResult(result=told["result"], description=told["description"])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _first(value: Json) -> Json:
    return value[0] if isinstance(value, list) and value else value or None
