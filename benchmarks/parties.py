"""What is measured: `argus up` as a process of its own, and one client with one kept connection."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from argus_wfm.conformance.launch.process import PRESENT, STILL

AGENTS = "/services/personnel/agents/2025-07-01/2025-07-31"
NORM = "/services/personnel/getNormHours"
REQUEST = {
    "employee_id": "EMP001",
    "period_start": "2025-08-01",
    "period_end": "2025-08-31",
    "weekly_norm": 40,
    "employment_rate": 1.0,
}
SHEETS = "/services/personnel/getTimetypeInfo"
ASKED = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59", "AR_agents": [{"agentId": "MCE001"}]}
STATUSES = "/services/mce/agents/status"
HEADERS = {
    "Authorization": "Basic " + b64encode(b"argus:argus-dev").decode(),
    "Content-Type": "application/json",
    "Accept": "application/json",
}


@dataclass(frozen=True, slots=True)
class Argus:
    """Addresses of gateway and mock 1C, and of the mock's controls."""

    gateway: str
    zup: str
    controls: str


class KeptConnection:
    """One kept connection to one server."""

    def __init__(self, url: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def get(self, *, fresh: bool = False) -> bytes:
        return self._send("GET", AGENTS, None, {"Cache-Control": "no-cache"} if fresh else {})

    def norm(self, *, fresh: bool = True) -> bytes:
        headers = {"Cache-Control": "no-cache"} if fresh else {}
        return self._send("POST", NORM, json.dumps(REQUEST).encode(), headers)

    def sheet(self) -> bytes:
        return self._send("POST", SHEETS, json.dumps(ASKED).encode(), {})

    def statuses(self) -> bytes:
        return self._send("GET", STATUSES, None, {"Authorization": f"Bearer {self._token}"})

    @functools.cached_property
    def _token(self) -> str:
        """Of the gateway's controls."""
        return str(self.control("POST", "/token", {"audience": "mce"})["access_token"])

    def health(self) -> bytes:
        return self._send("GET", "/health", None, {})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return json.loads(self._send(method, f"/_control{path}", json.dumps(body).encode(), {}))

    def _send(self, method: str, path: str, body: bytes | None, more: dict[str, str]) -> bytes:
        self._http.request(method, path, body, {**HEADERS, **more})
        reply = self._http.getresponse()
        data = reply.read()
        if reply.status != 200:
            raise SystemExit(f"{method} {path}: {reply.status} {data[:200]!r}")
        return data


@contextlib.contextmanager
def argus() -> Iterator[Argus]:
    """`argus up` on free ports, at the seed's present."""
    with child(["-m", "argus_wfm", *STILL, "--now", PRESENT, "--json"]) as line:
        told = json.loads(line)
        yield Argus(told["ready"]["gateway"], told["ready"]["zup"], told["controls"]["zup"])


@contextlib.contextmanager
def child(arguments: list[str]) -> Iterator[str]:
    """A Python process; yields its first line, ends it afterwards."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline()
        finally:
            child.terminate()
