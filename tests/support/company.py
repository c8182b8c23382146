"""Sites before a gateway with their employees, each driven by its /_control alone."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.parser import from_text
from argus_wfm.mocks.sites.app import sites
from argus_wfm.mocks.sites.sites import OPERATIONS
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.http_client import Caller
from tests.support.sites import AT, Central, central, employee

PEOPLE = [employee(number, site) for number, site in enumerate(AT, 1)]


@dataclass
class Company:
    """A gateway and its sites; each is given orders by its /_control alone."""

    central: Central
    sites: Caller

    def tell(self, path: str, body: Json) -> Json:
        reply = self.sites.control(path, body)
        assert reply.ok, reply.text
        return reply.json()

    def site(self, name: str) -> Json:
        return self.sites.control("/state").json()["sites"][name]

    def clock(self, site: str, number: int, day: str) -> None:
        shift = {"employee_id": f"EMP{number:03d}", "start": f"{day}T09:00:00", "end": f"{day}T18:00:00"}
        self.tell("/clockings", {"site": site, "shifts": [shift]})

    def move(self, seconds: float) -> None:
        for party in (self.central, self.sites):
            assert party.control("/clock", {"move_seconds": seconds}).ok
        self.central.renew()

    def stored(self, site: str) -> Counter[str]:
        return Counter(one["shift_id"] for one in self.central.actuals(site))

    def report(self, period: str) -> Json:
        return self.central.read("/consistency", period=period)


@contextlib.contextmanager
def company(folder: Path, *faults: str, beat_s: float = 0) -> Iterator[Company]:
    with central(folder, PEOPLE) as host:
        given = [from_text(fault, OPERATIONS, "messages") for fault in faults]
        app = sites(
            gateway=host.url, token=host.token, clock=Clock(NOW), beat_s=beat_s, with_controls=True, faults=given
        )
        with background(app) as url:
            yield Company(host, Caller(url))
