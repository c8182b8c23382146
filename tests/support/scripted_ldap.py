"""An LDAP server that answers as a test tells it to, and keeps all bytes that it was sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ldaptor.protocols import pureber, pureldap

from tests.support.sso_client import LOGIN

DECODER = pureldap.LDAPBERDecoderContext_TopLevel(
    inherit=pureldap.LDAPBERDecoderContext_LDAPMessage(
        fallback=pureldap.LDAPBERDecoderContext(fallback=pureber.BERDecoderContext()),
        inherit=pureldap.LDAPBERDecoderContext(fallback=pureber.BERDecoderContext()),
    )
)
SOMEBODY = "cn=somebody,ou=employees,dc=company,dc=ru"
Answer = Callable[[Any], list[Any]]


@dataclass
class Scripted:
    """Answers binds and searches; `binds` are those of users, by result code."""

    user_bind: int = 0
    service_bind: int = 0
    search: int = 0
    entries: int = 1
    name: str = LOGIN
    start_tls: int = 0
    url: str = ""
    silent: bool = False  # takes bytes and answers none
    garbage: bytes = b""  # to everything
    received: bytes = b""
    binds: list[str] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    def reset(self) -> None:
        """As it was made; who is connected is dropped."""
        new = Scripted(url=self.url)
        for name in ("user_bind", "service_bind", "search", "entries", "name", "start_tls", "silent", "garbage"):
            setattr(self, name, getattr(new, name))
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.received, self.binds = b"", []

    def answers(self, request: Any) -> list[Any]:
        """To one request."""
        if isinstance(request, pureldap.LDAPBindRequest):
            self.binds.append(request.dn.decode())
            is_service = request.dn.startswith(b"cn=svc,")
            code = self.service_bind if is_service else self.user_bind
            return [pureldap.LDAPBindResponse(code)]
        if isinstance(request, pureldap.LDAPSearchRequest):
            held = [("sAMAccountName", [self.name]), ("cn", ["Somebody"])]
            found = [pureldap.LDAPSearchResultEntry(SOMEBODY, held)] * self.entries
            return [*found, pureldap.LDAPSearchResultDone(self.search)]
        if isinstance(request, pureldap.LDAPExtendedRequest):
            return [pureldap.LDAPExtendedResponse(self.start_tls)]
        return []


@contextlib.contextmanager
def scripted(**told: Any) -> Iterator[Scripted]:
    """On a free port of 127.0.0.1."""
    listening = socket.create_server(("127.0.0.1", 0))
    script = Scripted(url=f"ldap://127.0.0.1:{listening.getsockname()[1]}", **told)
    accepting = threading.Thread(target=_accept, args=(listening, script), daemon=True)
    accepting.start()
    try:
        yield script
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(5)
        for connection in script.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, script: Scripted) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            script.connections.append(connection)
            threading.Thread(target=_serve, args=(connection, script), daemon=True).start()


def _serve(connection: socket.socket, script: Scripted) -> None:
    buffer = b""
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            script.received += data
            buffer += data
            if script.silent or data.startswith(b"\x16\x03"):  # a hello of TLS
                continue
            if script.garbage:
                connection.sendall(script.garbage)
                continue
            while buffer:
                try:
                    message, length = pureber.berDecodeObject(DECODER, buffer)
                except pureber.BERExceptionInsufficientData:
                    break
                buffer = buffer[length:]
                for answer in script.answers(message.value):
                    connection.sendall(pureldap.LDAPMessage(answer, id=message.id).toWire())


@contextlib.contextmanager
def forwarded(host: str, port: int) -> Iterator[int]:
    """Another address of what listens on 127.0.0.1:port; yields its port."""
    listening = socket.create_server((host, 0))
    running = [listening]

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = listening.accept()
                running.append(caller)
                party = socket.create_connection(("127.0.0.1", port), 5)
                running.append(party)
                for ends in ((caller, party), (party, caller)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        for one in running:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        accepting.join(5)
        for one in running:
            one.close()
