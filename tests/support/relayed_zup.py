"""A mock 1C with a relay before it, as `argus mock zup` runs it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.parser import from_text
from argus_wfm.mocks.faults.relay import Relay, Tap
from argus_wfm.mocks.zup.app import zup
from argus_wfm.openapi import load
from argus_wfm.openapi.server import address, background, bind
from tests.support.clock import NOW
from tests.support.http_client import AGENTS, BASE, PASSWORD, USER, Caller

OPERATIONS = frozenset(load("personnel").operations)


@dataclass(frozen=True)
class Party:
    """`zup` is where callers come through the relay, `behind` is past it: where nothing ever goes wrong."""

    zup: Caller
    behind: Caller

    def inject(self, *faults: Any) -> None:
        reply = self.behind.control("/faults", list(faults))
        assert reply.ok, reply.text

    def lift(self) -> None:
        assert self.behind.delete("/faults").ok

    def reset(self) -> None:
        assert self.behind.control("/seed", {"seed": 1, "agents": 513}).ok

    def state(self) -> Any:
        return self.behind.control("/state").json()


@contextlib.contextmanager
def relayed(*faults: str, tap: Tap | None = None, agents: int = 513) -> Iterator[Party]:
    """On free ports; `faults` as on the command line."""
    public, inner = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    app = zup(
        user=USER,
        password=PASSWORD,
        agents=agents,
        clock=Clock(NOW),
        with_controls=True,
        relay=Relay(public, inner.getsockname()[:2], tap),
        faults=[from_text(fault, OPERATIONS) for fault in faults],
    )
    url = address(public)
    with background(app, bound=inner) as behind:
        yield Party(Caller(url), Caller(behind))


def raw(party: Party, *, within_s: float = 5.0) -> tuple[bytes, str]:
    """What comes back for GET agents, byte for byte, and how it ended: "closed", "reset" or "open"."""
    host = urlsplit(party.zup.url)
    request = (
        f"GET {BASE}{AGENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YXJndXM6YXJndXMtZGV2\r\n"
        "Connection: close\r\n\r\n"
    )
    received, deadline = b"", time.monotonic() + within_s
    with socket.create_connection((str(host.hostname), int(host.port or 0))) as connection:
        connection.sendall(request.encode())
        try:
            while True:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                if not (chunk := connection.recv(65536)):
                    break
                received += chunk
        except ConnectionResetError:
            return received, "reset"
        except TimeoutError:
            return received, "open"
    return received, "closed"
