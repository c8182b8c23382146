"""Responses that come a byte at a time, or never end: the client gives up in time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from argus_wfm.conformance.target.deadline import DeadlineAdapter, Overlong, bounded
from tests.support.http_client import drips, drips_head, hangs, tcp


def session(adapter: DeadlineAdapter) -> requests.Session:
    return bounded(requests.Session(), adapter)


def endless(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(4000):
            connection.sendall(b"[" * 65536)


@pytest.mark.parametrize("slow", [hangs, drips, drips_head])
def test_an_answer_is_whole_in_time_or_none(slow: Callable[[socket.socket], None]) -> None:
    with tcp(slow) as url, pytest.raises(requests.Timeout, match=r"no whole answer within 0\.3 s"):
        session(DeadlineAdapter()).get(url, timeout=0.3)


def test_an_answer_that_does_not_end_is_left() -> None:
    with tcp(endless) as url, pytest.raises(Overlong, match="an answer of more than 1000000 bytes"):
        session(DeadlineAdapter(largest=1_000_000)).get(url, timeout=20)


def test_one_that_hangs_does_not_end_the_others_of_its_adapter() -> None:
    """Threads share an adapter where one client asks for many."""
    shared, asked = session(DeadlineAdapter()), threading.Event()

    def slow(connection: socket.socket) -> None:
        asked.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with tcp(hangs) as hanging, tcp(slow) as fine, ThreadPoolExecutor() as pool:
        other = pool.submit(shared.get, fine, timeout=20)
        with pytest.raises(requests.Timeout):
            shared.get(hanging, timeout=0.3)
        asked.set()
        assert other.result().text == "ok"


@pytest.mark.parametrize("where", [b"/\xd0\x92\xf5\xee\xe4", b"http://[bad", b"http://argus.example/x"])
def test_an_address_that_nobody_goes_to_is_not_read(where: bytes) -> None:
    reply = b"HTTP/1.1 302 X\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        assert bounded(requests.Session(), DeadlineAdapter()).get(url, timeout=5).status_code == 302
