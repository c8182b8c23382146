"""The mock directory: LDAP v3 on the wire as Active Directory speaks it, with its controls on a port of their own.

What is AD's and not everybody's: binds by UPN and as DOMAIN\\user, the data codes in refusals, a successful bind before
anything else, userAccountControl and its like, bitwise matching. Not AD's: an empty password with a name is refused
(RFC 4513 5.1.2), where AD takes it for an anonymous bind unless it is told not to.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from twisted.protocols.tls import TLSMemoryBIOFactory

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.models import Fault
from argus_wfm.mocks.faults.relay import Relay
from argus_wfm.mocks.faults.tcp import Ports, TcpFaults
from argus_wfm.mocks.ldap import reactor
from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, SERVICE_PASSWORD, LockoutPolicy
from argus_wfm.mocks.ldap.certificates import Certificate, TlsContext, made
from argus_wfm.mocks.ldap.connections import ClientConnection, Listener
from argus_wfm.mocks.ldap.controls import controls
from argus_wfm.mocks.ldap.directory import DirectoryEntries
from argus_wfm.mocks.ldap.entries import PEOPLE, SERVICE
from argus_wfm.mocks.people import FIRST
from argus_wfm.openapi.errors import instant
from argus_wfm.openapi.server import bind

CREDENTIALS = {  # of development
    "base": PEOPLE,
    "bind_dn": SERVICE,
    "bind_password": SERVICE_PASSWORD,
    "user": FIRST.login,
    "password": FIRST_PASSWORD,
}
OPERATIONS = frozenset({"bind", "serviceBind", "search"})  # a bind is serviceBind when it is the service account's


def ldap(
    public: socket.socket,
    ldaps: socket.socket | None = None,
    *,
    seed: int = 1,
    agents: int = 513,
    clock: Clock | None = None,
    certificate: Certificate | None = None,
    lockout: LockoutPolicy | None = None,
    with_controls: bool = False,
    faults: Iterable[Fault] = (),
) -> ASGIApp:
    """The mock directory, which listens on `public` and `ldaps` as long as the application runs that is returned.

    That application has /health, and /_control when asked for. Callers meet with `faults`.
    """
    clock = clock or Clock()
    directory = DirectoryEntries(seed=seed, agents=agents, clock=clock, lockout=lockout)
    active_faults = ActiveFaults(OPERATIONS, faults)
    certificate = certificate or made()
    outer = [one for one in (public, ldaps) if one]
    inner = [bind("127.0.0.1", 0) for _ in outer]
    relays = [Relay(one, behind.getsockname()[:2]) for one, behind in zip(outer, inner, strict=True)]
    ports = Ports(relays)

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "ldap", "now": instant(clock.now())})

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        breakage = TcpFaults(active_faults, ports, clock)
        async with _answering(directory, breakage, certificate, inner), contextlib.AsyncExitStack() as stack:
            for relay in relays:
                await stack.enter_async_context(relay)
            await ports.refuse(active_faults.refuses)
            yield

    extra = [Mount("/_control", controls(directory, active_faults, ports, certificate))] if with_controls else []
    return Starlette(routes=[Route("/health", health), *extra], lifespan=lifespan)


@contextlib.asynccontextmanager
async def _answering(
    directory: DirectoryEntries, breakage: TcpFaults, certificate: Certificate, inner: list[socket.socket]
) -> AsyncIterator[None]:
    """Behind the relays: plain LDAP on the first socket, LDAPS on the second where it is wanted."""
    tls: Any = TlsContext(certificate)  # Any: zope's interfaces are none to mypy
    plain, secure = Listener(directory, breakage, tls), Listener(directory, breakage, None)
    wrapped: Any = secure
    served = ((plain, plain), (TLSMemoryBIOFactory(tls, False, wrapped), secure))
    async with contextlib.AsyncExitStack() as stack:
        for bound, (factory, listener) in zip(inner, served, strict=False):
            await stack.enter_async_context(_listening(bound, factory, listener.open))
        yield


@contextlib.asynccontextmanager
async def _listening(bound: socket.socket, factory: Any, opened: set[ClientConnection]) -> AsyncIterator[None]:
    """Twisted takes a copy of the socket; whoever is connected at the end is cut off."""
    port = await asyncio.to_thread(reactor.call, lambda: reactor.adopt(bound, factory))
    bound.close()
    try:
        yield
    finally:
        await asyncio.to_thread(reactor.call, lambda: _stop(port, opened))


def _stop(port: Any, opened: set[ClientConnection]) -> Any:
    for caller in list(opened):
        caller.transport.abortConnection()
    return port.stopListening()
