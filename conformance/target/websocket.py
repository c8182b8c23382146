"""Subscribers of the agent-status stream: real sockets, each frame kept with the moment it came."""

from __future__ import annotations

import contextlib
import functools
import shlex
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from argus_wfm.conformance.model.exchange import BEARER, Exchange
from argus_wfm.conformance.model.findings import Departure, Drift, Finding
from argus_wfm.conformance.target.deadline import watchdog
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.safety import SafetyGuard
from argus_wfm.openapi import Contract, load
from argus_wfm.openapi.stream import load_stream

if TYPE_CHECKING:
    from websockets.datastructures import Headers
    from websockets.http11 import Response
    from websockets.sync.client import ClientConnection

Held = TypeVar("Held")
OPERATION = "agentStatus"
OPEN_S, CLOSE_S = 10.0, 2.0
LARGEST = 4 * 1024 * 1024  # bytes of a message
MOST, MOST_BYTES = 100_000, 64 * 1024 * 1024  # frames that one subscription keeps, and their characters or bytes
REFUSALS = ("400", "401", "403", "429")
ABNORMAL = 1006  # no close frame came (RFC 6455, 7.1.5)
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no goodbye


@dataclass(frozen=True, slots=True)
class Frame:
    """What came, and when by time.monotonic(); bytes for a binary frame."""

    data: str | bytes
    at: float


@dataclass(frozen=True, slots=True)
class Closing:
    """How a subscription ended; `ours` when we ended it, `refused` when we could not read what came."""

    code: int
    reason: str
    ours: bool = False
    refused: bool = False


@functools.cache
def handshake() -> Contract:
    """The upgrade request as a contract of one operation: judged, counted and covered as any other."""
    address, mce = load_stream().address, load("mce")
    refusals = mce.operations["listAgentStatuses"].spec["responses"]
    operation = {
        "operationId": OPERATION,
        "x-effect": "read",
        "security": [{"bearer": []}],
        "responses": {"101": {"description": "The stream."}, **{status: refusals[status] for status in REFUSALS}},
    }
    parts = {"components": mce.document["components"]}
    document = {"servers": [{"url": ""}], "paths": {address: {"get": operation}}, **parts}
    return Contract("agent-status", document)


class Socket:
    """The stream's address and the token that opens it."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        recorder: Recorder,
        *,
        ca_file: str = "",
        foreign_token: Callable[[], str] | None = None,
        guard: SafetyGuard | None = None,
    ) -> None:
        self.url, self.foreign_token, self.recorder = url, foreign_token, recorder
        self.guard = guard or SafetyGuard()
        self._token, self._ca_file = token, ca_file

    def subscribe(self, **query: str) -> Subscription:
        """Raises Departure for a refusal."""
        opened = self.upgrade(self.authorization, **query)
        if isinstance(opened, Subscription):
            return opened
        opened.require(101)
        raise AssertionError("unreachable: 101 is no refusal")

    @property
    def authorization(self) -> str:
        """The header that opens the stream; never printed."""
        return f"Bearer {self._token()}"

    def upgrade(self, authorization: str | None, **query: str) -> Subscription | Exchange:
        """A subscription, or the answer that refuses it. Raises Departure where nothing answers, or no HTTP.

        Raises what SafetyGuard raises, too.
        """
        url = f"{self.url}?{urlencode(query)}" if query else self.url
        own = authorization is not None and authorization == self.authorization
        with self.guard.request(OPERATION, "GET", url, "read", credentials=own) as pending:
            opened = self._opened(url, authorization, query)
            pending.status = 101 if isinstance(opened, Subscription) else opened.status
        return opened

    def _opened(self, url: str, authorization: str | None, query: Mapping[str, str]) -> Subscription | Exchange:
        from websockets.exceptions import WebSocketException

        started = time.monotonic()
        headers = {"Authorization": authorization} if authorization else {}
        try:
            connection = self._connected(url, headers)
        except (OSError, WebSocketException, ValueError, LookupError, NotImplementedError) as error:
            answer = _answer(error)
            if answer is None:
                raise Departure(_unanswered(url, error)) from error
            exchange = _exchange(url, headers, answer.status_code, answer.headers, answer.body, started)
            self.recorder.add(exchange)
            return exchange
        answered = connection.response.headers if connection.response else None
        exchange = _exchange(url, headers, 101, answered, b"", started)
        self.recorder.add(exchange, lambda _: ())
        return Subscription(connection, exchange, query)

    def _connected(self, url: str, headers: Mapping[str, str]) -> ClientConnection:
        """On a socket of our own: without one, redirects and the environment's proxies would be followed."""
        from websockets.sync.client import connect

        parts = urlsplit(url)
        secure = parts.scheme == "wss"
        own = socket.create_connection((parts.hostname, parts.port or (443 if secure else 80)), OPEN_S)
        own.settimeout(None)
        return connect(
            url,
            sock=own,
            ssl=ssl.create_default_context(cafile=self._ca_file or None) if secure else None,
            additional_headers=headers,
            proxy=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            max_size=LARGEST,
            user_agent_header="argus",
        )


def _answer(error: BaseException) -> Response | None:
    """The HTTP answer that refuses an upgrade; a redirect that was not followed is further down."""
    from websockets.exceptions import InvalidStatus

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, InvalidStatus):
        cause = cause.__cause__ or cause.__context__
    return cause.response if isinstance(cause, InvalidStatus) else None


def _exchange(
    url: str, sent: Mapping[str, str], status: int, headers: Headers | None, body: bytes | bytearray, started: float
) -> Exchange:
    contract = handshake()
    operation = contract.operations[OPERATION]
    answered = {name.lower(): value for name, value in headers.raw_items()} if headers else {}
    asked = {name.lower(): value for name, value in sent.items()}
    took = time.monotonic() - started
    return Exchange(contract, operation, "GET", url, asked, b"", status, answered, bytes(body or b""), took)


def _unanswered(url: str, error: Exception) -> Finding:
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError):
        said = f"{url} did not answer: {words}"
        return Finding("UNREACHABLE", Drift.UNREACHABLE, OPERATION, "connection", said, curl=wscat(url))
    said = f"What answered the upgrade is no WebSocket server: {words}"
    return Finding("WRONG_PROTOCOL", Drift.PROTOCOL, OPERATION, "upgrade", said, curl=wscat(url))


class Subscription:
    """An open stream; a thread collects what comes. Any thread may ask."""

    def __init__(self, connection: ClientConnection, exchange: Exchange, query: Mapping[str, str]) -> None:
        self.exchange, self.query = exchange, dict(query)
        self.opened = time.monotonic()
        self.ended = float("inf")  # when we ended it
        self.closing: Closing | None = None
        # entered before anybody uses it: a connection of websockets 17 that is used earlier warns
        self._entered = contextlib.ExitStack()
        self._connection, self._frames = self._entered.enter_context(connection), list[Frame]()
        self._changed = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All that has come so far."""
        with self._changed:
            return tuple(self._frames)

    def wait_for(self, predicate: Callable[[Sequence[Frame]], Held], seconds: float) -> Held:
        """What `predicate` says of all frames as soon as that is true; what it says after `seconds`, or at the end."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (held := predicate(tuple(self._frames))) and not self.closing:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return held or predicate(tuple(self._frames))

    def answers(self) -> bool:
        """Whether the other end answers a ping."""
        from websockets.exceptions import ConnectionClosed

        try:
            with self._cut_after(2 * OPEN_S):
                return self._connection.ping().wait(OPEN_S)
        except ConnectionClosed:
            return False

    def drop(self) -> None:
        """Break the connection as a pulled cable does: no close frame is sent."""
        self._end()
        self._cut()
        self._listener.join(OPEN_S)

    def close(self) -> None:
        """Say goodbye, and wait for the answer."""
        self._end()
        with self._cut_after(2 * CLOSE_S):
            self._connection.close()
        self._listener.join(OPEN_S)
        if self._listener.is_alive():  # it still answers pings that nobody reads the answers of
            self._cut()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._connection.socket.shutdown(socket.SHUT_RDWR)

    def _cut_after(self, seconds: float) -> contextlib.AbstractContextManager[None]:
        """Whoever pings and reads no pong holds the connection's lock, for which everything else waits without end."""
        return watchdog(seconds, self._cut)

    def _end(self) -> None:
        with self._changed:
            self.ended = min(self.ended, time.monotonic())

    def _listen(self) -> None:
        from websockets.exceptions import ConnectionClosed

        closing, kept = Closing(ABNORMAL, f"more than {MOST} messages or {MOST_BYTES} bytes", refused=True), 0
        try:
            with self._entered:
                while len(self._frames) < MOST and kept < MOST_BYTES:
                    data = self._connection.recv()
                    kept += len(data)
                    with self._changed:
                        self._frames.append(Frame(data, time.monotonic()))
                        self._changed.notify_all()
                with self._cut_after(2 * CLOSE_S):
                    self._connection.close()
        except ConnectionClosed as closed:
            closing = self._closing(closed)
        except OSError as error:
            closing = Closing(ABNORMAL, str(error))
        with self._changed:
            self.closing = closing
            self._changed.notify_all()

    def _closing(self, closed: Any) -> Closing:
        ours = self.ended < float("inf")
        if closed.rcvd and (ours or closed.rcvd_then_sent):
            return Closing(closed.rcvd.code, closed.rcvd.reason, ours)
        if closed.sent and not ours:
            return Closing(closed.sent.code, closed.sent.reason, refused=True)
        return Closing(ABNORMAL, "no close frame came", ours)


def wscat(url: str) -> str:
    """A shell line that listens too; the token stays in the environment."""
    return f"wscat -c {shlex.quote(url)} -H {BEARER}"
