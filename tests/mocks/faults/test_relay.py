"""The relay by itself, before a server that knows no HTTP: bytes pass both ways, whole and in order."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import threading
from collections.abc import Callable

import pytest

from tests.support.relays import party, relay


def everything(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def echo(connection: socket.socket) -> None:
    while chunk := connection.recv(65536):
        connection.sendall(chunk)


def test_megabytes_pass_both_ways_in_order_and_half_closing_works() -> None:
    sent = os.urandom(8 * 1024 * 1024)

    def answer(connection: socket.socket) -> None:
        connection.sendall(hashlib.sha256(everything(connection)).digest() + sent)

    with party(answer) as upstream, relay(upstream) as (made, _), socket.create_connection(made.address) as caller:
        caller.sendall(sent)
        caller.shutdown(socket.SHUT_WR)
        assert everything(caller) == hashlib.sha256(sent).digest() + sent


def test_a_slow_reader_slows_the_sender_and_not_the_relay_s_memory() -> None:
    taken: list[int] = []
    stuck = threading.Event()

    def pour(connection: socket.socket) -> None:
        connection.settimeout(0.3)
        try:
            for _ in range(1024):
                connection.sendall(bytes(1024 * 64))
                taken.append(1)
        except TimeoutError:
            stuck.set()

    with party(pour) as upstream, relay(upstream) as (made, _), socket.create_connection(made.address):
        assert stuck.wait(10)
        assert 0 < len(taken) < 512  # of 1024 pieces; kernel buffers hold what was taken


def test_who_listens_no_more_behind_it_shows_as_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        upstream = closed.getsockname()

    def call(address: tuple[str, int]) -> bytes:
        with socket.create_connection(address, timeout=5) as caller:
            return caller.recv(1)

    with relay(upstream) as (made, _):
        assert type(error_of(lambda: call(made.address))) is ConnectionResetError


def test_refusal_keeps_the_port_and_ends_when_told() -> None:
    with party(echo) as upstream, relay(upstream) as (made, loop):

        def refuse(refuse: bool) -> None:
            asyncio.run_coroutine_threadsafe(made.refuse(refuse), loop).result(5)

        for _ in range(3):
            refuse(True)
            refuse(True)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(made.address)
            with socket.socket() as other:
                assert isinstance(error_of(lambda: other.bind(made.address)), OSError)  # nobody else can take it
            refuse(False)
            with socket.create_connection(made.address) as caller:
                caller.sendall(b"x")
                assert caller.recv(1) == b"x"


def test_connections_are_found_by_the_address_the_party_sees_and_forgotten_after() -> None:
    seen: list[tuple[str, int]] = []

    def note(connection: socket.socket) -> None:
        seen.append(connection.getpeername())
        echo(connection)

    with party(note) as upstream, relay(upstream) as (made, loop):
        with socket.create_connection(made.address) as caller:
            caller.sendall(b"x")
            assert caller.recv(1) == b"x"
            assert made.of(seen[0]) is not None
        for _ in range(500):
            if made.of(seen[0]) is None:
                break
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(5)
        assert made.of(seen[0]) is None
        assert made.of(None) is None


def test_tap_sees_every_byte_of_both_directions() -> None:
    told: list[tuple[str, bytes]] = []
    with (
        party(echo) as upstream,
        relay(upstream, tap=lambda _id, direction, data: told.append((direction, data))) as (made, _),
        socket.create_connection(made.address) as caller,
    ):
        caller.sendall(b"ping")
        assert caller.recv(4) == b"ping"
    assert [direction for direction, _ in told] == [">", "<"]


def error_of(act: Callable[[], object]) -> Exception | None:
    try:
        act()
    except Exception as error:
        return error
    return None
