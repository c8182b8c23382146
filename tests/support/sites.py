"""A gateway without 1C and its operations API, as sites and 1C call it; employees of Central as if a sync had run."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import requests

from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.sites.registry import SiteRegistry
from argus_wfm.gateway.storage.database import connect
from argus_wfm.json_type import Json
from tests.support.clock import NOW
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE, Caller

AT = {"moscow": "DEPT001", "yekaterinburg": "DEPT006", "novosibirsk": "DEPT007", "vladivostok": "DEPT015"}
START, END = "2025-08-01T09:00:00", "2025-08-01T18:00:00"
SITES = SiteRegistry.of_file(None)
STARTS = [dt.datetime(2025, month, 1) for month in range(1, 13)]
STARTS += [dt.datetime(2024, 2, 29), dt.datetime(2024, 3, 1), dt.datetime(2026, 1, 1), dt.datetime(2000, 2, 29)]
HOURS = (-12, -5, -1 / 60, 0, 1 / 60, 3, 5, 7, 10)  # around the site's midnight; those of the zones are UTC's, Moscow's


def employee(number: int, site: str = "moscow", **other: Any) -> Employee:
    """One of Central's at a site of the seed."""
    return Employee(
        **{
            "employee_id": f"EMP{number:03d}",
            "external_employee_id": f"MCE{number:03d}",
            "employee_code": f"{122 + number:05d}",
            "last_name": "Иванов",
            "first_name": "Иван",
            "middle_name": None,
            "position_id": "POS001",
            "department_id": AT.get(site, site),
            "hire_date": dt.date(2020, 1, 15),
            "standard_hours": 40.0,
            "fte_percentage": 100.0,
            **other,
        }
    )


def shift(
    number: int | str = 1, employee_id: str = "EMP001", start: str = START, end: str = END, **other: Json
) -> Json:
    """As a site pushes it."""
    return {"shift_id": f"shift-{number}", "employee_id": employee_id, "start": start, "end": end, **other}


class Central(Caller):
    """The operations API, with a token of the gateway's own."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._api = requests.Session()
        self._api.trust_env = False
        self.renew()

    def token(self) -> str:
        """A new one, valid for an hour of the gateway's clock."""
        return str(self.control("/token", {"audience": "argus", "subject": "site"}).json()["access_token"])

    def renew(self) -> None:
        """After the clock was moved."""
        self._api.headers["Authorization"] = f"Bearer {self.token()}"

    def asked(self, path: str, **query: Json) -> requests.Response:
        return self._api.get(f"{self.url}/api/integration{path}", params=query, timeout=30)

    def told(self, path: str, body: Json) -> requests.Response:
        return self._api.post(f"{self.url}/api/integration{path}", json=body, timeout=30)

    def read(self, path: str, **query: Json) -> Json:
        reply = self.asked(path, **query)
        assert reply.ok, reply.text
        return reply.json()

    def push(self, site: str, *shifts: Json) -> Json:
        reply = self.told(f"/sites/{site}/actuals", {"actuals": list(shifts)})
        assert reply.ok, reply.text
        return reply.json()

    def actuals(self, site: str, **query: Json) -> list[Json]:
        """All pages."""
        items, cursor = list[Json](), dict[str, Json]()
        while True:
            page = self.read(f"/sites/{site}/actuals", limit=500, **query, **cursor)
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = {"cursor": page["next"]}


@contextlib.contextmanager
def central(folder: Path, people: Sequence[Employee] = (), url: str = "", **settings: Any) -> Iterator[Central]:
    """On SQLite unless told otherwise, without a worker."""
    database_url = url or f"sqlite:///{folder}/sites.sqlite3"
    with gateway_on(NOWHERE, database_url=database_url, **settings) as address:
        know(database_url, people)
        yield Central(address)


def know(database_url: str, people: Sequence[Employee]) -> None:
    """Central knows these."""
    engine = connect(database_url)
    with engine.begin() as connection:
        Employees(engine, lambda: NOW).write(connection, people, ())
    engine.dispose()


def edges(site: str) -> dict[str, tuple[dt.datetime, dt.datetime]]:
    """Wall times by shift id; each crosses some midnight or touches it."""
    found = {}
    for number, (midnight, hours) in enumerate(product(STARTS, HOURS)):
        start = midnight + dt.timedelta(hours=hours)
        found[f"{site}-{number}"] = start, start + dt.timedelta(hours=9)
    return found
