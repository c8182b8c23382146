"""Faults of the connection as a client of the mock sees them: cut off, dripped, refused."""

from __future__ import annotations

import contextlib
import http.client
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.http_client import AGENTS, Caller
from tests.support.personnel import FACTS
from tests.support.relayed_zup import Party, raw


def test_drip_of_the_body_and_of_the_head(party: Party) -> None:
    party.inject({"fault": "drip", "interval": 0.02})
    received, end = raw(party, within_s=0.3)
    head, _, body = received.partition(b"\r\n\r\n")
    assert end == "open"
    assert b"content-length: 12" in head.lower()
    assert len(body) < 100
    party.lift()
    party.inject({"fault": "drip", "interval": 0.02, "part": "head"})
    received, _ = raw(party, within_s=0.3)
    assert b"HTTP/1.1 200"[: len(received)] == received[:12]
    assert b"\r\n\r\n" not in received


def test_drip_of_a_short_body_comes_to_its_end(party: Party) -> None:
    party.inject({"fault": "drip", "interval": 0.001})
    assert party.zup.post("/sendFactWorkTime", FACTS).json() == {"result": True, "doc": None}


def test_transport_faults(party: Party) -> None:
    ends = {}
    for fault in ("reset", "empty", "half-head", "truncate"):
        party.inject({"fault": fault, "times": 1})
        ends[fault] = raw(party)
    assert ends["reset"] == (b"", "reset")
    assert ends["empty"] == (b"", "closed")
    assert (len(ends["half-head"][0]), ends["half-head"][1]) == (20, "closed")
    head, _, body = ends["truncate"][0].partition(b"\r\n\r\n")
    promised = int(dict(line.split(b": ") for line in head.lower().split(b"\r\n")[1:])[b"content-length"])
    assert len(body) == promised // 2


def test_refuse_closes_the_port_and_lifting_opens_it_again(party: Party) -> None:
    for _ in range(2):
        with contextlib.closing(http.client.HTTPConnection(urlsplit(party.zup.url).netloc, timeout=5)) as kept:
            kept.request("GET", "/health")
            assert kept.getresponse().read()
            party.inject({"fault": "refuse"})
            assert kept.sock is not None
            with pytest.raises(ConnectionResetError):
                kept.sock.recv(1)
        with pytest.raises(requests.ConnectionError, match="refused"):
            Caller(party.zup.url).get(AGENTS)
        party.lift()
        assert Caller(party.zup.url).get(AGENTS).ok
