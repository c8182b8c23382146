"""Probes of the stream's upgrade request: credentials, tokens that are not its own, queries, and how it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from argus_wfm.conformance.checks.jwt import forgeries
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.probes.probe import Probe
from argus_wfm.conformance.stream.checks import judged
from argus_wfm.conformance.stream.messages import About, message
from argus_wfm.conformance.stream.transcript import Transcript
from argus_wfm.conformance.target.websocket import OPERATION, Socket, Subscription, handshake, wscat

BEGINS_S = 5.0  # of real time, for the first message


def upgrades(socket: Socket) -> Iterator[Probe]:
    """Every question to the stream; each opens nothing where the host keeps to the contract."""
    operation = handshake().operations[OPERATION]
    authorization, foreign = socket.authorization, socket.foreign_token
    yield Probe("extended", operation, lambda: _begins(socket))
    yield Probe("no_credentials", operation, lambda: _refused(socket, None, 401, "UNAUTHORIZED"))
    for query in ({"no_such_query": "1"}, {"extended": "2"}, {"extended": "1", "since": "yesterday"}):
        yield Probe(f"undeclared_{[*query][-1]}", operation, _asking(socket, authorization, query))
    for name, token in forgeries(authorization.partition(" ")[2], "mce").items():
        yield Probe(f"token_{name}", operation, _presenting(socket, f"Bearer {token}"))
    if foreign:
        yield Probe("other_audience", operation, lambda: _of_other_api(socket, foreign()))


def _begins(socket: Socket) -> None:
    """The extended stream with a snapshot of everybody; what comes first is judged as any message is."""
    opened = socket.subscribe(extended="1")
    try:
        opened.wait_for(bool, BEGINS_S)
        heard = Transcript.of(opened)
    finally:
        opened.close()
    found = judged(heard)
    socket.recorder.find(opened.exchange, found)
    first = message(heard.frames[0]) if heard.frames else None
    if not found and (first is None or first.get("event") != "snapshot"):
        words = f"The extended stream begins without a snapshot{'' if heard.frames else f' within {BEGINS_S:g} s'}"
        shown = {"expected": "snapshot", "actual": first and first.get("event")}
        raise Departure(About(wscat(opened.exchange.url))("STREAM_GAP", Drift.VALUE, "snapshot", words, **shown))


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
