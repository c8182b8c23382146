"""Probes of the stream's upgrade request: credentials, tokens that are not its own, wrong queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.findings import Drift
from conformance.probes import Probe
from conformance.tokens import forgeries
from conformance.websocket import OPERATION, Socket, Subscription, handshake


def upgrades(socket: Socket) -> Iterator[Probe]:
    """Every question to the stream; each opens nothing where the host keeps to the contract."""
    operation = handshake().operations[OPERATION]
    authorization, foreign = socket.authorization, socket.foreign_token
    yield Probe("no_credentials", operation, lambda: _refused(socket, None, 401, "UNAUTHORIZED"))
    for query in ({"no_such_query": "1"}, {"extended": "2"}, {"extended": "1", "since": "yesterday"}):
        yield Probe(f"undeclared_{[*query][-1]}", operation, _asking(socket, authorization, query))
    for name, token in forgeries(authorization.partition(" ")[2], "mce").items():
        yield Probe(f"token_{name}", operation, _presenting(socket, f"Bearer {token}"))
    if foreign:
        yield Probe("other_audience", operation, lambda: _of_other_api(socket, foreign()))


def _asking(socket: Socket, authorization: str, query: dict[str, str]) -> Callable[[], None]:
    return lambda: _refused(socket, authorization, 400, "VALIDATION_ERROR", **query)


def _of_other_api(socket: Socket, token: str) -> None:
    _refused(socket, f"Bearer {token}", 403, "INSUFFICIENT_SCOPE")


def _presenting(socket: Socket, authorization: str) -> Callable[[], None]:
    return lambda: _refused(socket, authorization, 401, "TOKEN_INVALID")


def _refused(socket: Socket, authorization: str | None, status: int, code: str, **query: str) -> None:
    """Raises Departure for a socket that opens, or that is refused otherwise."""
    opened = socket.upgrade(authorization, **query)
    if isinstance(opened, Subscription):
        opened.close()
        name, drift = ("AUTH_NOT_CHECKED", Drift.AUTH) if status == 401 else ("REQUEST_ACCEPTED", Drift.VALUE)
        words = f"A socket opened where {status} {code} was due"
        opened.exchange.departs(name, drift, "status", words, expected=status, actual=101)
    opened.require(status, code)
