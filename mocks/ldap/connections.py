"""Connections of the mock directory: each with its session, its TLS, and the faults that strike its requests."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any

from ldaptor.protocols import pureldap
from twisted.internet.protocol import Factory, connectionDone

from argus_wfm.mocks.faults.tcp import TcpFaults
from argus_wfm.mocks.ldap import reactor
from argus_wfm.mocks.ldap.directory import DirectoryEntries
from argus_wfm.mocks.ldap.protocol import LdapConnection
from argus_wfm.mocks.ldap.session import Session


class Listener(Factory):
    """Makes a connection of every caller; `tls` is what StartTLS takes, None where TLS is on already."""

    noisy = False

    def __init__(self, directory: DirectoryEntries, breakage: TcpFaults, tls: Any | None) -> None:
        self.directory, self.breakage, self.tls = directory, breakage, tls
        self.loop = asyncio.get_running_loop()  # of the relay
        self.open: set[ClientConnection] = set()

    def buildProtocol(self, addr: Any) -> ClientConnection:
        return ClientConnection(self)


class ClientConnection(LdapConnection):
    """One connection."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener
        self._session = Session(listener.directory, self._begin_tls, secure=listener.tls is None)
        self._tls_due = False
        self._struck: concurrent.futures.Future[None] | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self._listener.open.add(self)

    def connectionLost(self, reason: Any = connectionDone) -> None:
        super().connectionLost(reason)
        self._listener.open.discard(self)
        if self._struck:
            self._struck.cancel()

    def answer(self, message: Any) -> None:
        arrived = self._listener.directory.clock.elapsed()
        operation = self._session.operation(message.value)
        peer = self.transport.getPeer()
        struck = self._listener.breakage.decision(operation, (peer.host, peer.port)) if operation else None
        if struck is None:
            self._carry_out(message, arrived)
            return

        async def carry_out(heard: bool) -> None:
            done = asyncio.Event()

            def act() -> None:
                self._carry_out_struck(message, arrived, heard=heard)
                self._listener.loop.call_soon_threadsafe(done.set)

            reactor.tell(act)
            await done.wait()

        self.held = True
        by = self._listener.breakage.by(*struck, carry_out)
        self._struck = asyncio.run_coroutine_threadsafe(by, self._listener.loop)

    def _carry_out_struck(self, message: Any, arrived: float, *, heard: bool) -> None:
        self.guarded(lambda one: self._carry_out(one, arrived, heard=heard), message)
        if heard:
            self.held = False
            self.go_on()

    def _carry_out(self, message: Any, arrived: float, *, heard: bool = True) -> None:
        if isinstance(message.value, pureldap.LDAPUnbindRequest):
            self.close()
            return
        for reply, controls in self._session.replies(message, arrived):
            if heard:
                self.send(message.id, reply, controls)
        if self._tls_due:
            self._tls_due = False
            self.buffer = b""  # whatever came in the clear behind the request is nobody's
            self.transport.startTLS(self._listener.tls)

    def _begin_tls(self) -> None:
        """Once the reply is out."""
        self._tls_due = True
