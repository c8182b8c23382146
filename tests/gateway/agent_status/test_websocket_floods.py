"""Subscribers that do harm: floods of pings, messages in crumbs, requests that cannot be read, crowds, late expiry."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE, Caller
from tests.support.mce_client import STREAM, Centre, subscribed
from tests.support.polling import until
from tests.support.raw_websocket import UPGRADE, accepted, metric, raw

PINGS = (b"\x89\xfd" + bytes(4) + bytes(125)) * 400  # masked with zeros
CRUMB = b"\x80" + bytes(4)


@pytest.fixture
def centre() -> Iterator[Centre]:
    with gateway_on(NOWHERE, stream_heartbeat_s=3600) as url:
        yield Centre(url)


def test_one_that_pings_and_never_reads_is_cut_off_before_pongs_pile_up(centre: Centre) -> None:
    with raw(centre.url, centre.token) as flooding:
        accepted(flooding)
        with contextlib.suppress(OSError):  # it is reset
            for _ in range(1000):
                flooding.sendall(PINGS)
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 0, what="it is still held")


def test_a_message_in_crumbs_is_refused(centre: Centre) -> None:
    with raw(centre.url, centre.token) as crumbling:
        accepted(crumbling)
        crumbling.sendall(b"\x01" + CRUMB + (b"\x00" + CRUMB) * 100)
        assert b"\x03\xf1" in crumbling.recv(4096), "1009"


@pytest.mark.parametrize(
    "more", ["Cookie: " + "a" * 9000, "\r\n".join(f"X-{n}: a" for n in range(200)), "Content-Length: 2"]
)
def test_an_upgrade_that_cannot_be_read_is_answered(centre: Centre, more: str) -> None:
    parts = urlsplit(centre.url)
    request = UPGRADE.format(path=STREAM.address, token=centre.token).replace("\r\n\r\n", f"\r\n{more}\r\n\r\n")
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10) as made:
        made.sendall(request.encode())
        answer = b""
        with contextlib.suppress(ConnectionError):
            while data := made.recv(65536):
                answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "VALIDATION_ERROR"


def test_a_crowd_that_comes_at_once_is_told_of_one_moment_and_of_what_follows(centre: Centre) -> None:
    for number in range(600):
        centre.send("login", f"a{number:03d}")

    def come(number: int) -> int:
        with subscribed(centre.url, centre.token, extended=1) as heard:
            parts = [heard.first("snapshot"), heard.first("snapshot")]
            assert sum(len(part["agents"]) for part in parts) == 600
            return int(parts[0]["sequence"])

    with ThreadPoolExecutor(16) as crowd:
        assert set(crowd.map(come, range(32))) == {600}


def test_one_whose_token_expires_while_it_is_told_what_was_before_is_sent_away(centre: Centre) -> None:
    for number in range(300):
        centre.send("login", f"{number:03d}" + "я" * 60)
    with raw(centre.url, centre.token, path=f"{STREAM.address}?extended=1&since=0") as slow:
        accepted(slow)
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 1, what="it is not counted")
        assert Caller(centre.url).control("/clock", {"move_seconds": 4000}).ok
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 0, what="it is still told")
