"""LDAP messages on a connection: cut into frames, looked at before they are decoded, answered one after the other.

ldaptor decodes them; it trusts its input, so that whatever could hurt (lengths, depth, numbers of elements, tags that
it does not know) is refused before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ldaptor.protocols import pureber, pureldap
from ldaptor.protocols.ldap.ldapserver import BaseLDAPServer
from twisted.internet.protocol import connectionDone

LARGEST = 256 * 1024  # bytes of a message, as OpenLDAP takes from those it does not know
DEEPEST, MOST_ELEMENTS = 100, 4096
SEQUENCE, CONSTRUCTED, LONG_LENGTH, LONG_TAG = 0x30, 0x20, 0x80, 0x1F
NOTICE = b"1.3.6.1.4.1.1466.20036"  # of disconnection, RFC 4511 4.4.1
PROTOCOL_ERROR = 2


class Undecodable(Exception):
    """This is no LDAP message, or none that anybody should send; the message says why."""


class LdapConnection(BaseLDAPServer):  # type: ignore[misc]
    """Bytes to messages and back; what a message asks for is up to subclasses: answer()."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer: bytes = b""
        self.held = False  # a message is being dealt with, and the next has to wait
        self._full = False  # the caller does not take what it is sent
        self._ended = False

    def answer(self, message: Any) -> None:
        """Deal with a message."""
        raise NotImplementedError

    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Any = connectionDone) -> None:
        super().connectionLost(reason)
        self._ended = True

    def dataReceived(self, recd: bytes) -> None:
        self.buffer += recd
        self.go_on()

    def pauseProducing(self) -> None:
        """Of the transport: there is more to send than the caller takes."""
        self._full = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Of the transport: the caller has taken it."""
        self._full = False
        self.transport.resumeProducing()
        self.go_on()

    def stopProducing(self) -> None:
        """Of the transport: the caller has gone."""
        self._ended = True

    def go_on(self) -> None:
        """Answer what has arrived, as far as that can be."""
        while not (self.held or self._full or self._ended):
            try:
                frame = self._frame()
                if frame is None:
                    return
                self.buffer = self.buffer[len(frame) :]
                message = decoded(frame)
            except Undecodable as error:
                self.disconnect(str(error))
                return
            self.guarded(self.answer, message)

    def send(self, message_id: int, operation: Any, controls: Sequence[tuple[bytes, bool, bytes]] = ()) -> None:
        """To the caller, if it is still there."""
        if not self._ended:
            message = pureldap.LDAPMessage(operation, controls=list(controls) or None, id=message_id)
            self.transport.write(message.toWire())

    def disconnect(self, why: str) -> None:
        """Say why, and close."""
        notice = pureldap.LDAPExtendedResponse(PROTOCOL_ERROR, responseName=NOTICE, errorMessage=why)
        self.send(0, notice)
        self.close()

    def close(self) -> None:
        """After what is on its way has gone out."""
        if not self._ended:
            self._ended, self.buffer = True, b""
            self.transport.unregisterProducer()  # or closing would wait for it
            self.transport.loseConnection()

    def guarded(self, act: Callable[[Any], None], message: Any) -> None:
        """A message may decode and still be none: members of other types than they should have."""
        try:
            act(message)
        except Undecodable as error:
            self.disconnect(str(error))
        except (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            self.disconnect("the message is not as RFC 4511 has it")

    def _frame(self) -> bytes | None:
        """The next message's bytes; None while they are not all there. Raises Undecodable."""
        if not self.buffer:
            return None
        if self.buffer[0] != SEQUENCE:
            raise Undecodable("An LDAP message is a SEQUENCE")
        end = _end(self.buffer, 0, len(self.buffer))
        if end is None or end > len(self.buffer):
            return None
        return self.buffer[:end]


class _Known(pureber.BERDecoderContext):  # type: ignore[misc]
    """The last that is asked for a tag. ldaptor's own prints unknown ones to stdout and goes on."""

    def lookup_id(self, id: int) -> Any:
        known = super().lookup_id(id)
        if known is None:
            raise Undecodable(f"tag 0x{id:02x} has no place there")
        return known


class _Controls(pureldap.LDAPControls):  # type: ignore[misc]
    """A list of controls and of nothing else."""

    @classmethod
    def fromBER(cls, tag: int, content: bytes, berdecoder: Any = None) -> Any:
        context = pureldap.LDAPBERDecoderContext_LDAPControls(fallback=_Known(), inherit=_Known())
        return cls(pureber.berDecodeMultiple(content, context), tag=tag)


class _Message(pureldap.LDAPBERDecoderContext_LDAPMessage):  # type: ignore[misc]
    Identities = {pureldap.LDAPControls.tag: _Controls}  # noqa: RUF012  ldaptor's way


_INNER = pureldap.LDAPBERDecoderContext(fallback=_Known())
_DECODER = pureldap.LDAPBERDecoderContext_TopLevel(inherit=_Message(fallback=_INNER, inherit=_INNER))


def decoded(frame: bytes) -> Any:
    """ldaptor's LDAPMessage of a whole frame. Raises Undecodable."""
    _check(frame)
    try:
        message, _ = pureber.berDecodeObject(_DECODER, frame)
    except Undecodable:
        raise
    except Exception as error:  # whatever its decoder stumbles over: assertions, indexes, recursion
        raise Undecodable("the message is not as RFC 4511 has it") from error
    if not isinstance(message.value, pureldap.LDAPProtocolRequest) or not isinstance(message.id, int):
        raise Undecodable("a client sends requests, each with an id")
    if not 0 < message.id < 2**31:
        raise Undecodable("an id is a number from 1")
    return message


def _check(frame: bytes) -> None:
    """Lengths that fit into one another, and no more elements or levels than anybody needs. Raises Undecodable."""
    ends, at, seen = [len(frame)], 0, 0
    while ends:
        if at == ends[-1]:
            ends.pop()
            continue
        end, head = _end(frame, at, ends[-1]), _head(frame, at)
        seen += 1
        if end is None or end > ends[-1]:
            raise Undecodable("an element is longer than what it is in")
        if seen > MOST_ELEMENTS or len(ends) > DEEPEST:
            raise Undecodable("more elements or levels than any request needs")
        if frame[at] & CONSTRUCTED:
            ends.append(end)
            at = head
        else:
            at = end


def _end(data: bytes, at: int, limit: int) -> int | None:
    """Where the element that begins there ends; None while its length is not known. Raises Undecodable."""
    if data[at] & LONG_TAG == LONG_TAG:
        raise Undecodable("a tag that LDAP does not have")
    if at + 2 > limit:
        return None
    head = _head(data, at)
    if head - at > 6 or data[at + 1] == LONG_LENGTH:
        raise Undecodable("a length that LDAP does not have")
    if head > limit:
        return None
    length = data[at + 1] if data[at + 1] < LONG_LENGTH else int.from_bytes(data[at + 2 : head])
    if length > LARGEST:
        raise Undecodable(f"a message has {LARGEST} bytes at most")
    return head + length


def _head(data: bytes, at: int) -> int:
    """Where its content begins."""
    return at + 2 + (data[at + 1] & 0x7F if data[at + 1] & LONG_LENGTH else 0)
