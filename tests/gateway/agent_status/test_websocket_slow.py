"""Subscribers that read slowly, or not at all: they harm nobody, and what they hold is let go of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argus_wfm.openapi import server, sockets
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE
from tests.support.mce_client import STREAM, Centre, subscribed
from tests.support.polling import until
from tests.support.raw_websocket import accepted, metric, raw

pytestmark = pytest.mark.slow
REASON = b"too slow; resume with since"


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel takes little for whom nobody reads, and the last words are waited for a second."""
    monkeypatch.setattr(sockets, "KERNEL_BYTES", 8192)
    monkeypatch.setattr(sockets, "ENDING_S", 1.0)


def long_call(centre: Centre) -> None:
    centre.send("call_start", "a", call_id="\U0001f994" * 64, queue="\U0001f995" * 64)
    centre.send("call_end", "a")


def held(url: str) -> int:
    """Connections that the gateway has not closed itself (Linux; a closed one may still have bytes to bring away)."""
    port, established = int(url.rsplit(":", 1)[1]), "01"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(row[3] == established and int(row[1].split(":")[1], 16) == port for row in rows)


@pytest.fixture
def centre(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    """Of a gateway with few KiB for whoever is slow, and one agent."""
    backlog, ping_s = getattr(request, "param", (8, server.PING_S))
    monkeypatch.setattr(server, "PING_S", ping_s)
    with gateway_on(NOWHERE, stream_backlog_kib=backlog, stream_heartbeat_s=3600) as url:
        centre = Centre(url)
        centre.send("login", "a")
        yield centre


def test_one_that_never_reads_harms_nobody_and_is_cut_off(centre: Centre) -> None:
    with raw(centre.url, centre.token) as stalled, subscribed(centre.url, extended=1) as heard:
        accepted(stalled)
        heard.snapshot()
        before, slowest, told = held(centre.url), 0.0, 0
        while metric(centre.url, "argus_stream_slow_total") == 0:
            started = time.monotonic()
            long_call(centre)
            heard.changes(2)
            slowest, told = max(slowest, time.monotonic() - started), told + 2
            assert told < 500, "it is never found to be slow"
        assert slowest < 15, "the others waited"
        assert metric(centre.url, "argus_stream_subscribers") == 1
        until(lambda: held(centre.url) < before, what="it is cut off, whatever it does not read")
        long_call(centre)
        assert [one["sequence"] for one in heard.changes(2)] == [told + 2, told + 3]


def test_one_that_reads_again_in_time_is_told_why_it_was_closed(centre: Centre) -> None:
    with raw(centre.url, centre.token) as stalled:
        accepted(stalled)
        while metric(centre.url, "argus_stream_slow_total") == 0:
            long_call(centre)
        received = b""
        while not received.endswith(REASON):
            chunk = stalled.recv(65536)
            assert chunk, "closed without a word"
            received += chunk
    assert received.endswith(bytes([0x88, len(REASON) + 2]) + (1013).to_bytes(2, "big") + REASON)


def test_one_that_was_closed_for_being_slow_goes_on_from_where_it_was(centre: Centre) -> None:
    with raw(centre.url, centre.token) as stalled:
        accepted(stalled)
        while metric(centre.url, "argus_stream_slow_total") == 0:
            long_call(centre)
    latest = centre.get("/agents/status")["sequence"]
    with subscribed(centre.url, extended=1, since=1) as heard:
        assert [one["sequence"] for one in heard.changes(latest - 1)] == list(range(2, latest + 1))


@pytest.mark.parametrize("centre", [(10_000, 1.5)], indirect=True, ids=["much"])
@pytest.mark.parametrize(
    "last",
    [b"", b"\x81\xfe\x20\x00\0\0\0\0", b"\x88\x80\0\0\0\0", b"\xff\xff"],
    ids=["nothing", "a frame too large", "a close", "no frame"],
)
def test_one_that_reads_nothing_is_let_go_of_whatever_it_sends_last(centre: Centre, last: bytes) -> None:
    """Less waits for it than would make it a slow one, and it answers no ping."""
    with raw(centre.url, centre.token, path=f"{STREAM.address}?extended=1") as stalled:
        accepted(stalled)
        before = held(centre.url)
        for _ in range(60):
            long_call(centre)
        stalled.sendall(last)
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 0, what="it is still among the subscribers")
        until(lambda: held(centre.url) < before, what="it is still connected")
