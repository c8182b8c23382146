"""The listener below HTTP: how it sends, and what it answers to bytes that are no HTTP."""

import json
import socket

from argus_wfm.openapi.server import bind
from tests.support.served_contract import Host


def test_what_is_not_http_gets_the_envelope(host: Host) -> None:
    with socket.create_connection(("127.0.0.1", int(host.url.rsplit(":", 1)[1])), timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["code"] == "VALIDATION_ERROR"


def test_responses_are_sent_without_waiting_for_acknowledgements(host: Host) -> None:
    """Nagle's algorithm and delayed acknowledgements together cost 40 ms a reply; the listener turns it off."""
    with bind("127.0.0.1", 0) as bound:
        assert bound.proto == socket.IPPROTO_TCP
