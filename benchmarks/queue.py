"""What the queue carries: submissions and operations a second, and how long the seed's jobs take (seed section 9).

    python -m benchmarks.queue [--database sqlite] [--database postgresql://…] [--operations 300] [--large 101000]

For each database one `argus serve` and one `argus mock zup`, processes of their own on 127.0.0.1, asked by one client
with one kept connection. Ratios are to the first row of their table: operations to the first database's, jobs to the
same job of the seed's size, for each employee. Memory is the gateway's own peak (VmHWM).
"""

from __future__ import annotations

import argparse
import calendar
import contextlib
import datetime as dt
import json
import os
import platform
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from argus_wfm.json_type import Json

KEY = "a-key-of-the-benchmark-for-its-own-tokens"
USER, PASSWORD = "argus", "argus-dev"
OVER = ("completed", "dead_letter", "cancelled")
WAIT_S = 900.0
SEED = 530  # a cast of which 513 or so are employed today: some of it leave by and by


@dataclass(frozen=True, slots=True)
class Measured:
    """One line: what was done, on which database, how many of it, how long it took, how much a second."""

    what: str
    database: str
    count: int
    seconds: float
    per_second: float
    ratio: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running one; `pid` is for its memory."""

    url: str
    pid: int
    session: requests.Session

    def submit(self, kind: str, payload: Json) -> str:
        reply = self.session.post(f"{self.url}/api/integration/operations/{kind}", json=payload, timeout=120)
        reply.raise_for_status()
        return str(reply.json()["id"])

    def get(self, path: str) -> Json:
        reply = self.session.get(f"{self.url}/api/integration{path}", timeout=60)
        reply.raise_for_status()
        return reply.json()

    def wait(self, operation_id: str) -> Json:
        """Until it is over, which has to be completed."""
        until = time.monotonic() + WAIT_S
        while (operation := self.get(f"/operations/{operation_id}"))["status"] not in OVER:
            if time.monotonic() > until:
                raise SystemExit(f"{operation_id} is still {operation['status']}")
            time.sleep(0.05)
        if operation["status"] != "completed":
            raise SystemExit(f"{operation_id} is {operation['status']}: {operation['reason']}")
        return operation

    def drained(self) -> None:
        """Until nothing is open any more."""
        while any(self.get("/queue")["kinds"].values()):
            time.sleep(0.05)

    def peak_mb(self) -> float:
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", text)
        return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", action="append", help="sqlite (the default), or a PostgreSQL URL; repeatable")
    parser.add_argument("--operations", type=int, default=300)
    parser.add_argument("--large", type=int, default=101_000, help="people of the large cast; 0 leaves jobs out")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    measured: list[Measured] = []
    for database in asked.database or ["sqlite"]:
        measured += throughput(database, asked.operations, measured)
    if asked.large:
        measured += jobs((asked.database or ["sqlite"])[0], asked.large)
    print(shown(measured, as_json=asked.as_json))


def throughput(database: str, operations: int, before: list[Measured]) -> list[Measured]:
    """Submissions alone, then operations from the first submission to the last end."""
    with running(database, agents=100) as gateway:
        month = _next_month()
        ids = [agent["external_employee_id"] for agent in _staff(gateway)]
        gateway.session.post(f"{gateway.url}/api/integration/queue/pause", timeout=30).raise_for_status()
        started = time.perf_counter()
        for number in range(operations):
            gateway.submit("schedule_upload", _schedule([ids[number % len(ids)]], month, 1))
        submitted = time.perf_counter() - started
        gateway.session.post(f"{gateway.url}/api/integration/queue/resume", timeout=30).raise_for_status()
        started = time.perf_counter()
        gateway.drained()
        ran, peak = time.perf_counter() - started, gateway.peak_mb()
    name = database.partition(":")[0]
    rows = [("submissions", submitted), ("operations end to end", ran)]
    return [_measured(what, name, operations, seconds, before, peak) for what, seconds in rows]


def jobs(database: str, large: int) -> list[Measured]:
    """Each job of the seed's size, then of a large one."""
    measured: list[Measured] = []
    for agents, uploads, sheets in ((SEED, 100, 500), (large, 10_000, 0)):
        with running(database, agents=agents) as gateway:
            done = gateway.wait(gateway.submit("personnel_sync", {}))
            total, peak = done["result"]["total"], gateway.peak_mb()
            measured.append(_measured("personnel_sync", _name(database), total, _seconds(done), measured, peak))
            staff = [agent["external_employee_id"] for agent in _staff(gateway)]
            for what, count, kind, payload in (
                ("schedule_upload, 21 shifts each", uploads, "schedule_upload", _schedule),
                ("timesheet_request, one month", sheets, "timesheet_request", _sheets),
            ):
                if count and len(staff) >= count:
                    operation_id = gateway.submit(kind, payload(staff[:count], _next_month(), 21))
                    seconds = _seconds(gateway.wait(operation_id))
                    peak = gateway.peak_mb()
                    measured.append(_measured(what, _name(database), count, seconds, measured, peak))
    return measured


def _seconds(operation: Json) -> float:
    began, ended = (dt.datetime.fromisoformat(operation[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def _staff(gateway: Gateway) -> list[Json]:
    """Central's, after a sync if there is none yet; at most 10,000."""
    found: list[Json] = []
    cursor = ""
    if not gateway.get("/employees?limit=1")["total"]:
        gateway.wait(gateway.submit("personnel_sync", {}))
    while len(found) < 10_000:
        page = gateway.get(f"/employees?active=true&limit=500{cursor}")
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    return found


def _schedule(ids: list[str], month: dt.date, shifts: int) -> Json:
    day = {"start_time": "09:00", "end_time": "18:00", "break_minutes": 60, "shift_type": "WORK"}
    planned = [{"date": (month + dt.timedelta(days=number)).isoformat(), **day} for number in range(shifts)]
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    schedules = [{"employee_id": id_, "shifts": planned} for id_ in ids]
    return {"period_start": month.isoformat(), "period_end": last.isoformat(), "schedules": schedules}


def _sheets(ids: list[str], _month: dt.date, _shifts: int) -> Json:
    return {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59", "agents": ids}


def _next_month() -> dt.date:
    return (dt.date.today().replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def _name(database: str) -> str:
    return database.partition(":")[0]


def _measured(what: str, database: str, count: int, seconds: float, before: list[Measured], peak_mb: float) -> Measured:
    rate = count / seconds if seconds else 0.0
    first = next((row.per_second for row in before if row.what == what), rate)
    return Measured(what, database, count, round(seconds, 2), round(rate, 1), round(rate / first, 2), round(peak_mb))


def shown(measured: list[Measured], *, as_json: bool) -> str:
    """All rows, and where they were measured."""
    where = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    if as_json:
        return json.dumps({"conditions": where, "rows": [asdict(row) for row in measured]})
    lines = ["| what | database | count | seconds | a second | ratio | peak, MB |", "|---|---|---|---|---|---|---|"]
    for row in measured:
        cells = (row.what, row.database, f"{row.count}", f"{row.seconds:.2f}", f"{row.per_second:.1f}")
        lines.append(f"| {' | '.join(cells)} | {row.ratio:.2f} | {row.peak_mb:.0f} |")
    return "\n".join([*lines, "", f"Python {where['python']} on {where['machine']}, {where['cores']} cores."])


@contextlib.contextmanager
def running(database: str, *, agents: int, **settings: str | None) -> Iterator[Gateway]:
    """A mock 1C and a gateway with a database of its own; a setting that is None is taken away."""
    with tempfile.TemporaryDirectory() as folder, _database(database, folder) as url:
        mock = ["mock", "zup", "--port", "0", "--agents", str(agents), "--json"]
        with child(mock, {}) as (zup, _):
            environment: dict[str, str | None] = {
                "ARGUS_ZUP_URL": zup["ready"]["zup"] + "/services/personnel",
                "ARGUS_ZUP_USER": USER,
                "ARGUS_ZUP_PASSWORD": PASSWORD,
                "ARGUS_USER": USER,
                "ARGUS_PASSWORD": PASSWORD,
                "ARGUS_PORT": "0",
                "ARGUS_TOKEN_KEY": KEY,
                "ARGUS_DATABASE_URL": url,
                "ARGUS_LOG_LEVEL": "ERROR",
                **settings,
            }
            given = {name: value for name, value in environment.items() if value is not None}
            with child(["serve", "--json"], given) as (served, pid), requests.Session() as session:
                session.trust_env = False
                session.headers["Authorization"] = f"Bearer {token()}"
                yield Gateway(served["ready"]["gateway"], pid, session)


@contextlib.contextmanager
def _database(database: str, folder: str) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/argus.sqlite3"
        return
    import psycopg

    name = f"argus_benchmark_{secrets.token_hex(4)}"
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield re.sub(r"/[^/]*$", f"/{name}", database)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextlib.contextmanager
def child(arguments: list[str], environment: Mapping[str, str]) -> Iterator[tuple[Json, int]]:
    """`argus …`; yields its ready line and its pid, ends it afterwards."""
    command = [sys.executable, "-m", "argus_wfm", *arguments]
    variables, pipe, nowhere = {**os.environ, **environment}, subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdout=pipe, stderr=nowhere, text=True, encoding="utf-8", env=variables) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline()), child.pid
        finally:
            child.terminate()


def token(audience: str = "argus") -> str:
    """For the gateways that running() starts."""
    import jwt

    now = int(time.time())
    claims = {"iss": "argus", "sub": "benchmark", "aud": audience, "iat": now, "exp": now + 36_000}
    return jwt.encode(claims, KEY, algorithm="HS256")


if __name__ == "__main__":
    main()
