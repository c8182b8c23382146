"""Bytes that no client sends: the mock directory closes the connection, and goes on answering everybody else."""

from __future__ import annotations

import random
import resource
import socket
from collections.abc import Iterator

import pytest

from argus_wfm.mocks.ldap.entries import PEOPLE, ROOT
from argus_wfm.mocks.ldap.protocol import DEEPEST, LARGEST, MOST_ELEMENTS, NOTICE
from tests.support.directories import Served, mocked

LOGIN = "(sAMAccountName=ivan.ivanov)"
BIND = bytes.fromhex("3031020101602c020103041d") + b"cn=svc,dc=company,dc=ru\0\0\0\0\0\0\x80\x08argus-sv"


@pytest.fixture(scope="module")
def directory() -> Iterator[Served]:
    with mocked(agents=20) as served:
        yield served


def tlv(tag: int, *content: bytes) -> bytes:
    """An element of BER."""
    inner = b"".join(content)
    if len(inner) < 128:
        return bytes((tag, len(inner))) + inner
    length = len(inner).to_bytes((len(inner).bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + inner


def message(*content: bytes, number: bytes = b"\x01") -> bytes:
    return tlv(0x30, tlv(0x02, number), *content)


def bind(name: bytes = b"cn=svc,dc=company,dc=ru", password: bytes = b"argus-svc") -> bytes:
    return message(tlv(0x60, tlv(0x02, b"\x03"), tlv(0x04, name), tlv(0x80, password)))


def search(given: bytes, base: bytes = ROOT.encode(), number: bytes = b"\x02") -> bytes:
    numbers = (tlv(0x0A, b"\x02"), tlv(0x0A, b"\x00"), tlv(0x02, b"\x00"), tlv(0x02, b"\x00"), tlv(0x01, b"\x00"))
    return message(tlv(0x63, tlv(0x04, base), *numbers, given, tlv(0x30)), number=number)


def present(name: bytes = b"objectClass") -> bytes:
    return tlv(0x87, name)


def nested(depth: int, tag: int = 0xA0) -> bytes:
    inner = present()
    for _ in range(depth):
        inner = tlv(tag, inner)
    return inner


def sent(directory: Served, *given: bytes, half_open: bool = False) -> bytes:
    """All that comes back until the connection is closed."""
    with socket.create_connection(("127.0.0.1", directory.port), 5) as connection:
        for one in given:
            try:
                connection.sendall(one)
            except OSError:
                break
        if half_open:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


UNFIT = {
    "not BER": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a TLS hello": bytes.fromhex("16030100c8010000c40303"),
    "nothing but zeros": bytes(64),
    "an endless length": b"\x30\x80\x02\x01\x01",
    "a length of lengths": b"\x30\xff" + b"\xff" * 127,
    "two gigabytes": b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
    "just too long": b"\x30\x83" + (LARGEST + 1).to_bytes(3) + b"\x02\x01\x01",
    "an empty message": b"\x30\x00",
    "an id alone": message(),
    "id 0": message(tlv(0x42), number=b"\x00"),
    "a negative id": message(tlv(0x42), number=b"\xff"),
    "an id of five bytes": message(tlv(0x42), number=b"\x01" * 5),
    "an id that is text": tlv(0x30, tlv(0x04, b"1"), tlv(0x42)),
    "a response": message(tlv(0x61, tlv(0x0A, b"\0"), tlv(0x04), tlv(0x04))),
    "an unknown operation": message(tlv(0x7E, b"")),
    "a high tag": message(b"\x7f\x81\x01\x00"),
    "an inner length that is too long": b"\x30\x07\x02\x01\x01\x60\x7f\x02\x01",
    "a bind without members": message(tlv(0x60)),
    "a bind of numbers": message(tlv(0x60, tlv(0x02, b"\x03"), tlv(0x02, b"\x03"), tlv(0x80, b"x"))),
    "a version that is text": message(tlv(0x60, tlv(0x04, b"3"), tlv(0x04, b"cn=x"), tlv(0x02, b"x"))),
    "a name that is not UTF-8": bind(b"cn=\xff\xfe"),
    "a search without a filter": message(tlv(0x63, tlv(0x04), tlv(0x0A, b"\x02"))),
    "deep nesting": search(nested(DEEPEST + 1)),
    "deep nesting that says it is flat": search(nested(3000, 0x80)),
    "nots without end": search(nested(5000, 0xA2)),
    "very many elements": search(tlv(0xA0, *[present(b"")] * (MOST_ELEMENTS + 1))),
    "a filter of unknown kind": search(tlv(0xAE, b"")),
    "controls of another kind": message(tlv(0x42), tlv(0xA0, tlv(0x04, b"x"))),
    "a page that is none": message(
        tlv(0x63, tlv(0x04)), tlv(0xA0, tlv(0x30, tlv(0x04, b"1.2.840.113556.1.4.319"), tlv(0x04, b"\x30\x03\x02")))
    ),
}


@pytest.mark.parametrize("given", UNFIT.values(), ids=UNFIT.keys())
@pytest.mark.parametrize("bound", [False, True], ids=["unbound", "bound"])
def test_is_refused_and_closed(directory: Served, given: bytes, bound: bool) -> None:
    answer = sent(directory, *([bind()] if bound else []), given)
    assert NOTICE in answer
    assert directory.found(LOGIN)


@pytest.mark.parametrize(
    "given",
    [
        search(nested(40)),
        search(tlv(0xA0)),  # RFC 4526: true
        search(tlv(0xA1)),  # and false
        search(present(b"\xff\xfe")),
        search(tlv(0xA3, tlv(0x04, b"cn"), tlv(0x04, b"\xff\xfe\0"))),
        search(tlv(0xA3, tlv(0x04, b"cn\0"), tlv(0x04, b"*" * 60_000))),
        search(tlv(0xA4, tlv(0x04, b"cn"), tlv(0x30, *[tlv(0x81, b"\xd0\xb8")] * 1000))),
        search(tlv(0xA9, tlv(0x81, b"1.2.3"), tlv(0x83, b"x"))),
        search(
            tlv(0xA9, tlv(0x81, b"1.2.840.113556.1.4.803"), tlv(0x82, b"userAccountControl"), tlv(0x83, b"9" * 300))
        ),
        search(present(), b"cn=" + b"x" * 60_000 + b"," + PEOPLE.encode()),
        search(present(), b"," * 5000),
        search(present(), b"\0"),
    ],
)
def test_odd_and_sound_requests_are_answered(directory: Served, given: bytes) -> None:
    answer = sent(directory, bind(), given, tlv(0x30, tlv(0x02, b"\x03"), tlv(0x42)))
    assert NOTICE not in answer
    assert b"\x02\x01\x02\x65" in answer  # searchResDone of message 2


def test_abandoning_what_is_answered_is_nothing(directory: Served) -> None:
    answer = sent(directory, bind(), message(tlv(0x50, b"\x01"), number=b"\x07"), search(present()), message(tlv(0x42)))
    assert NOTICE not in answer
    assert b"\x02\x01\x07" not in answer
    assert b"\x02\x01\x02\x65" in answer


def test_a_message_byte_by_byte(directory: Served) -> None:
    whole = bind() + search(present()) + message(tlv(0x42))
    answer = sent(directory, *(whole[at : at + 1] for at in range(len(whole))))
    assert answer.startswith(bytes.fromhex("300c02010161070a010004000400"))
    assert b"\x02\x01\x02\x65" in answer


def test_half_a_message_is_no_message(directory: Served) -> None:
    assert sent(directory, bind()[:-1], half_open=True) == b""


def test_random_bytes(directory: Served) -> None:
    dice = random.Random(1)
    sound = [bind(), search(nested(5)), search(tlv(0xA3, tlv(0x04, b"cn"), tlv(0x04, b"x"))), message(tlv(0x4A, b"x"))]
    for _ in range(300):
        given = bytearray(dice.choice(sound))
        for _ in range(dice.randint(1, 6)):
            given[dice.randrange(len(given))] = dice.randrange(256)
        sent(directory, bind(), bytes(given), half_open=True)
    assert directory.found(LOGIN)


def test_nobody_listening_to_replies_costs_no_memory(directory: Served) -> None:
    """It stops reading from a caller that does not take its replies."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with socket.create_connection(("127.0.0.1", directory.port), 5) as connection:
        connection.sendall(bind())
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.sendall(search(present()) * 400_000)
        assert directory.found(LOGIN)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB; replies would be gigabytes


def test_what_follows_starttls_in_the_clear_is_dropped(directory: Served) -> None:
    start = message(tlv(0x77, tlv(0x80, b"1.3.6.1.4.1.1466.20037")))
    with socket.create_connection(("127.0.0.1", directory.port), 5) as connection:
        connection.sendall(start + bind() + search(present()))
        answer = connection.recv(65536)
        connection.sendall(b"no TLS")
        while chunk := connection.recv(65536):
            answer += chunk
    assert b"\x02\x01\x01\x78" in answer  # extendedResp
    assert b"\x02\x01\x01\x61" not in answer  # no bindResponse
