"""Servers that break LDAP: no directory at all, referrals, dripping responses, odd answers to StartTLS."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.kill_switch import Limits
from tests.support.directory_target import asked, target
from tests.support.environment import without_target_settings


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    without_target_settings(monkeypatch)


@contextlib.contextmanager
def babbling() -> Iterator[str]:
    """A server that answers every request in HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(1000)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield f"ldap://127.0.0.1:{server.getsockname()[1]}"


def test_what_is_no_directory_is_unreachable() -> None:
    with babbling() as url:
        told = asked(target(url))
    assert set(told.values()) <= {"LDAP_UNREACHABLE", "LDAP_STARTTLS"}


def tlv(tag: int, content: bytes) -> bytes:
    """A value of BER, shorter than 128 bytes."""
    return bytes([tag, len(content)]) + content


def result(tag: int, code: int, more: bytes = b"") -> bytes:
    return tlv(tag, tlv(0x0A, bytes([code])) + tlv(4, b"") + tlv(4, b"") + more)


@contextlib.contextmanager
def speaking(answer: Callable[[int, socket.socket, Callable[[bytes], None]], None]) -> Iterator[str]:
    """A server that reads LDAP requests, each with a short head; `answer` gets the operation's tag and how to reply."""

    def reply(connection: socket.socket, number: bytes, told: bytes) -> None:
        connection.sendall(tlv(0x30, number + told))

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, IndexError):
            while request := connection.recv(4096):
                body = request[2:] if request[1] < 0x80 else request[2 + (request[1] & 0x7F) :]
                number = body[: 2 + body[1]]
                answer(body[len(number)], connection, functools.partial(reply, connection, number))

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield f"ldap://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_a_referral_takes_the_password_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_wfm.conformance.probes.directory.ANSWER_S", 1)
    asked_elsewhere: list[int] = []

    def elsewhere(tag: int, connection: socket.socket, reply: Callable[[bytes], None]) -> None:
        asked_elsewhere.append(tag)

    with speaking(elsewhere) as other:

        def refers(tag: int, connection: socket.socket, reply: Callable[[bytes], None]) -> None:
            if tag == 0x60:
                reply(result(0x61, 0))
            elif tag == 0x63:
                reply(result(0x65, 10, tlv(0xA3, tlv(4, f"{other}/dc=x".encode()))))

        with speaking(refers) as url:
            assert asked(target(url))["has_the_four_attributes"] == "LDAP_NOT_FOUND"
    assert asked_elsewhere == []


def test_a_directory_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_wfm.conformance.probes.directory.ANSWER_S", 1)
    over = threading.Event()

    def drips(tag: int, connection: socket.socket, reply: Callable[[bytes], None]) -> None:
        if tag == 0x60:
            reply(result(0x61, 0))
        while tag == 0x63 and not over.wait(0.1):
            reply(tlv(0x64, tlv(4, b"cn=x,dc=x") + tlv(0x30, b"")))

    with speaking(drips) as url:
        told = asked(target(url))
        over.set()
    assert told["answers"] == "pass"
    assert told["has_the_four_attributes"] == told["matches_nobody_by_hostile_names"] == "LDAP_UNREACHABLE"


def test_a_directory_that_is_not_there_is_tried_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"ldap://127.0.0.1:{closed.getsockname()[1]}"
    limits = Limits(journal=str(tmp_path / "journal.jsonl"), rate=1e9)
    assert set(asked(Target(replace(target(url).config, limits=limits))).values()) == {"LDAP_UNREACHABLE"}
    assert (tmp_path / "journal.jsonl").read_text(encoding="utf-8").count('"method"') == 1


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x00", b"\x30\x03\x02\x01\x01", b"\0" * 9]
)
def test_whatever_answers_starttls_it_does_not_come_about(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setattr("argus_wfm.conformance.probes.directory.ANSWER_S", 1)

    def odd(tag: int, connection: socket.socket, reply: Callable[[bytes], None]) -> None:
        connection.sendall(answer)

    with speaking(odd) as url:
        assert asked(target(url))["offers_starttls"] in ("LDAP_STARTTLS", "LDAP_UNREACHABLE")
