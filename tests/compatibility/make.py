"""Makes the files beside it with whichever argus it is given: python tests/compatibility/make.py FOLDER.

It speaks to argus by its command line and by HTTP alone and imports nothing of the project, so that one text of it runs
at any commit. Tests start the same deviating host with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

Json = Any
Argus = Sequence[str]  # how it is called, such as ["argus"]
START_S, WAIT_S, RUN_S, LOOK_S = 180.0, 120.0, 300.0, 0.3  # each look at an operation is one more audit record
USER, PASSWORD = "argus", "argus-dev"  # what `argus up` accepts
TOKEN_KEY = "a-key-that-tests-sign-their-tokens-with"
SESSION_KEY = "a-key-that-tests-sign-their-sessions-with"
NOWHERE = "http://127.0.0.1:9/services/personnel"  # where nobody listens
AGENTS = "/services/personnel/agents/2025-07-01/2025-07-31"
FREE = ("--port", "0")
STILL = ("--zup-port", "0", "--oktell-port", "0", "--oktell-speed", "0", "--sites-port", "0", "--sites-beat", "0",
         "--ldap-port", "0")  # fmt: skip
FIRST, SECOND, LATER = (f"2025-07-29T{time}:00Z" for time in ("01:30", "02:00", "02:10"))
PEOPLE, CREW, BATCH = 110, 101, 100  # CREW schedules are two requests to 1C, of BATCH and of one
SECOND_REQUEST = {"probability": 0.5, "seed": 10}  # of these dice the first throw misses, and the second one strikes
LOCKED, WRONG_PASSWORDS = "petr.petrov", 5

# a host that deviates

AMENDED = [
    {"op": "remove", "path": "/agents/*/tab_number"},
    {"op": "add", "path": "/agents/*/area", "value": "x"},
    {"op": "replace", "path": "/agents/*/norm_week", "value": "40"},
    {"op": "count", "path": "/total_count"},
]
DEVIATING: dict[str, tuple[str, ...]] = {
    "zup": (
        f"amend,operation=getAgents,patch={json.dumps(AMENDED)}",
        "content-type,operation=getNormHours,media_type=text/html",
        "status,status=422,operation=getTimetypeInfo",
    ),
    "ldap": ("empty,operation=bind",),
}
MORE = {"zup": ("--now", FIRST, "--agents", "30"), "ldap": ()}
CONFORM = ("--max-time", "3", "--workers", "1")
REASON, LAST_DAY = "the host of these tests is made so", "9999-12-31"


@dataclass(frozen=True)
class Started:
    """A command that serves: what its ready line says, and its process."""

    process: subprocess.Popen[str]
    ready: dict[str, str]
    controls: dict[str, str]

    def stop(self) -> None:
        """SIGTERM, to the end."""
        self.process.terminate()
        assert self.process.wait(WAIT_S) == 0

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to say goodbye."""
        self.process.kill()
        self.process.wait(WAIT_S)


@contextlib.contextmanager
def started(argus: Argus, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Started]:
    """Killed afterwards, if it still runs."""
    command = [*argus, *arguments, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True, encoding="utf-8") as child:
        alarm = threading.Timer(START_S, child.kill)  # reading below ends when the process does
        alarm.start()
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            alarm.cancel()
            assert line, f"argus {arguments[0]} has not started"
            said = json.loads(line)
            yield Started(child, said["ready"], said.get("controls", {}))
        finally:
            alarm.cancel()
            child.kill()


@contextlib.contextmanager
def deviating(argus: Argus, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Two mocks that deviate, as one host; its stream is said to be where none is. Yields its profile."""
    with contextlib.ExitStack() as stack:
        urls = {}
        for name, faults in DEVIATING.items():
            words = [word for fault in faults for word in ("--fault", fault)]
            made = stack.enter_context(started(argus, "mock", name, *FREE, *MORE[name], *words, env=env))
            urls[name] = made.ready[name]
        profile = folder / "host.toml"
        profile.write_text(
            f'name = "a host that deviates"\npersonnel_url = "{urls["zup"]}/services/personnel"\n'
            f'stream_url = "{urls["zup"].replace("http", "ws", 1)}/ws/agent-status"\nldap_url = "{urls["ldap"]}"\n',
            encoding="utf-8",
        )
        yield profile


def conform(
    argus: Argus, profile: Path, folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> tuple[int, Json]:
    """(exit code, report.json) of a run that judges the host of a profile."""
    token = subprocess.run(
        [*argus, "token", "--development", "--audience", "mce"],
        capture_output=True, text=True, encoding="utf-8", check=True, env=env, timeout=START_S,
    ).stdout.strip()  # fmt: skip
    with_token = {**(os.environ if env is None else env), "ARGUS_TARGET_TOKEN": token}
    command = [*argus, "conform", "--target", str(profile), *CONFORM, "--report", str(folder), *options]
    done = subprocess.run(command, capture_output=True, env=with_token, check=False, timeout=RUN_S)
    return done.returncode, json.loads((folder / "report.json").read_text(encoding="utf-8"))


def paths(value: Json, at: str = "") -> set[str]:
    """Of every member at every level; all members of a list are one."""
    if isinstance(value, dict):
        return {here for name, one in value.items() for here in ({f"{at}/{name}"} | paths(one, f"{at}/{name}"))}
    return {here for one in value for here in paths(one, f"{at}/*")} if isinstance(value, list) else set()


def trimmed(value: Json, at: str = "", seen: set[str] | None = None) -> Json:
    """Without what adds no member to a list: paths() of it stay the same."""
    seen = set() if seen is None else seen
    if isinstance(value, dict):
        return {name: trimmed(one, f"{at}/{name}", seen) for name, one in value.items()}
    if not isinstance(value, list):
        return value
    kept: list[Json] = []
    for one in value:
        new = paths(one, f"{at}/*") - seen
        if new or not kept:
            seen |= new
            kept.append(trimmed(one, f"{at}/*", set()))
    return kept


def make_report(argus: Argus, folder: Path) -> None:
    """baseline.toml of a run on the deviating host, and report.json of another one that was given it."""
    baseline = folder / "baseline.toml"
    with tempfile.TemporaryDirectory() as spare, deviating(argus, Path(spare)) as profile:
        status, _ = conform(argus, profile, Path(spare) / "first", "--write-baseline", str(baseline))
        assert status == 1, status
        lines = [_accepted(line) for line in baseline.read_text(encoding="utf-8").splitlines()]
        baseline.write_text("\n".join(lines) + "\n", encoding="utf-8")
        status, report = conform(argus, profile, Path(spare) / "second", "--baseline", str(baseline))
        assert status == 0, status
    small = trimmed({**report, "findings": []}) | {"findings": report["findings"]}
    assert paths(small) == paths(report)
    _write(folder / "report.json", small)


def _accepted(line: str) -> str:
    """A line of a written baseline, once somebody has given reason and day."""
    name = line.partition(" = ")[0]
    return {"reason": f'reason = "{REASON}"', "expires": f"expires = {LAST_DAY}"}.get(name, line)


# a session


def make_session(argus: Argus, folder: Path) -> None:
    """session.json: what two callers of a gateway were given, and the key that it was signed with."""
    with (
        tempfile.TemporaryDirectory() as spare,
        started(argus, "serve", env=_serving(Path(spare) / "x.sqlite3")) as made,
    ):
        url = made.ready["gateway"]
        asked = {
            "basic": requests.get(f"{url}{AGENTS}", auth=(USER, PASSWORD), timeout=60),
            "bearer": requests.get(f"{url}/services/mce/queues", headers=_bearing(argus, "mce"), timeout=30),
        }
    issued = {name: reply.headers["X-Session-Id"] for name, reply in asked.items()}
    principals = {"basic": USER, "bearer": "argus"}
    sessions = [{"principal": principals[name], "scheme": name, "x-session-id": one} for name, one in issued.items()]
    _write(folder / "session.json", {"session_key": SESSION_KEY, "sessions": sessions})


def _serving(database: Path) -> dict[str, str]:
    """The environment of `argus serve` without a worker."""
    given = {
        "ZUP_URL": NOWHERE, "ZUP_USER": USER, "ZUP_PASSWORD": PASSWORD, "USER": USER, "PASSWORD": PASSWORD,
        "TOKEN_KEY": TOKEN_KEY, "SESSION_KEY": SESSION_KEY, "PORT": "0", "LOG_LEVEL": "ERROR",
        "WORKER_CONCURRENCY": "0", "DATABASE_URL": f"sqlite:///{database}",
    }  # fmt: skip
    return {**os.environ, **{f"ARGUS_{name}": value for name, value in given.items()}}


def _bearing(argus: Argus, audience: str) -> dict[str, str]:
    signing = {**os.environ, "ARGUS_TOKEN_KEY": TOKEN_KEY}
    command = [*argus, "token", "--audience", audience, "--subject", USER]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=True, env=signing, timeout=START_S
    )
    return {"Authorization": f"Bearer {done.stdout.strip()}"}


# a database


class Gateway:
    """`argus up` on a database, as callers of all its APIs see it."""

    def __init__(self, made: Started) -> None:
        self._url, self._controls = made.ready["gateway"], made.controls
        self._tokens: dict[str, str] = {}

    def control(self, party: str, path: str, body: Json) -> Json:
        reply = requests.post(f"{self._controls[party]}/_control{path}", json=body, timeout=60)
        assert reply.ok, reply.text
        return reply.json()

    def lift(self) -> None:
        """Nothing goes wrong with 1C any more."""
        assert requests.delete(f"{self._controls['zup']}/_control/faults", timeout=60).ok

    def arrived(self, operation: str) -> int:
        """How many requests have come to 1C."""
        state = requests.get(f"{self._controls['zup']}/_control/state", timeout=60).json()
        return int(state["arrived"].get(operation, 0))

    def now(self) -> str:
        """By its clock."""
        return str(requests.get(f"{self._controls['gateway']}/_control/clock", timeout=60).json()["now"])

    def token(self, audience: str) -> str:
        if audience not in self._tokens:
            given = self.control("gateway", "/token", {"audience": audience, "subject": USER})
            self._tokens[audience] = given["access_token"]
        return self._tokens[audience]

    def ask(self, method: str, path: str, body: Json = None, *, audience: str = "argus", **headers: str) -> Json:
        """JSON of an API that takes tokens."""
        reply = self._asked(method, path, audience, json=body, headers=headers)
        assert reply.ok, reply.text
        return reply.json() if _is_json(reply) else reply.text

    def get(self, audience: str, path: str) -> requests.Response:
        """Whatever its status."""
        return self._asked("GET", path, audience)

    def _asked(self, method: str, path: str, audience: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(audience)}", **options.pop("headers", {})}
        return requests.request(method, self._url + path, headers=headers, timeout=60, **options)

    def basic(self, path: str, user: str = USER, password: str = PASSWORD, **options: Any) -> requests.Response:
        return requests.request(
            options.pop("method", "GET"), self._url + path, auth=(user, password), timeout=60, **options
        )

    def submit(self, kind: str, payload: Json, key: str = "") -> str:
        headers = {"Idempotency-Key": key} if key else {}
        return str(self.ask("POST", f"/api/integration/operations/{kind}", payload, **headers)["id"])

    def operation(self, operation_id: str) -> Json:
        return self.ask("GET", f"/api/integration/operations/{operation_id}")

    def until(self, operation_id: str, status: str) -> Json:
        """The operation, once it is so."""
        until(lambda: self.operation(operation_id)["status"] == status, f"{operation_id} is {status}")
        return self.operation(operation_id)

    def login(self, user: str, password: str) -> requests.Response:
        body = {"username": user, "auth_type": "ldap", "target_system": "mce"}
        return self.basic("/auth/sso/token", user, password, method="POST", json=body)


def _is_json(reply: requests.Response) -> bool:
    return reply.headers.get("Content-Type", "").startswith("application/json")


def until(holds: Callable[[], bool], what: str) -> None:
    """Raises AssertionError when it is not so in time."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {WAIT_S:g} s: {what}"
        time.sleep(LOOK_S)


def schedule(people: Sequence[str]) -> Json:
    """A shift each."""
    shift = {"date": "2025-08-01", "start_time": "09:00", "end_time": "18:00", "break_minutes": 60}
    schedules = [{"employee_id": one, "shifts": [{**shift, "shift_type": "WORK"}]} for one in people]
    return {"period_start": "2025-08-01", "period_end": "2025-08-31", "schedules": schedules}


def fact(agent: str) -> Json:
    """A quarter of an hour of one."""
    start = "2025-07-28T09:00:00"
    return {"facts": [{"agentId": agent, "date_start": start, "loginfo": [{"start": start, "time": 900000}]}]}


def first_life(gateway: Gateway) -> dict[str, str]:
    """Work of every kind that comes to its end; ids by name."""
    ids = {"personnel_sync": gateway.submit("personnel_sync", {})}
    gateway.until(ids["personnel_sync"], "completed")
    people = agents(gateway)
    sheets = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-03T23:59:59", "agents": people[:2]}
    moscow = gateway.ask("GET", "/api/integration/sites/moscow/employees")["items"]
    shifts = [
        {"shift_id": f"shift-{number}", "sequence": number, "employee_id": one["employee_id"],
         "start": "2025-07-28T09:00:00", "end": "2025-07-28T18:00:00"}
        for number, one in enumerate(moscow[:3], 1)
    ]  # fmt: skip
    gateway.ask("POST", "/api/integration/sites/moscow/actuals", {"actuals": shifts})
    ids |= {
        "schedule_upload": gateway.submit("schedule_upload", schedule(people[:2]), key="upload-1"),
        "fact_transfer": gateway.submit("fact_transfer", fact(people[0])),
        "timesheet_request": gateway.submit("timesheet_request", sheets),
        "site_transfer": gateway.submit("site_transfer", {"period": "2025-07"}),
    }
    report = {"report_id": "personnel_list", "format": "csv", "period": "2025-07"}
    ids["report_export"] = gateway.ask("POST", "/api/reports/export", report, audience="reports")["task_id"]
    for operation_id in ids.values():
        gateway.until(operation_id, "completed")
    ids["dead_letter"] = gateway.submit("fact_transfer", fact("NOBODY"))
    gateway.until(ids["dead_letter"], "dead_letter")
    gateway.ask("POST", "/api/integration/queue/pause")
    ids["cancelled"] = gateway.submit("personnel_sync", {})
    gateway.ask("POST", f"/api/integration/operations/{ids['cancelled']}/cancel")
    gateway.until(ids["cancelled"], "cancelled")
    gateway.ask("POST", "/api/integration/queue/resume")
    paid = {"document_id": "ZP-2025-07-000001", "period": "2025-07", "confirmed_at": "2025-07-29T01:00:00Z",
            "employee_ids": [moscow[0]["employee_id"]]}  # fmt: skip
    gateway.ask("POST", "/api/integration/payroll-confirmations", paid)
    assert gateway.basic(AGENTS).ok
    assert not gateway.basic(AGENTS, password="wrong").ok
    tell_of_agents(gateway)
    gateway.control("zup", "/faults", [{"fault": "status", "status": 503, "operation": "sendFactWorkTime"}])
    ids["tried_twice"] = gateway.submit("fact_transfer", fact(people[1]))
    gateway.until(ids["tried_twice"], "waiting")
    return ids


def agents(gateway: Gateway) -> list[str]:
    """1C's ids of all that Central knows."""
    page = gateway.ask("GET", "/api/integration/employees?limit=500")
    return [one["external_employee_id"] for one in page["items"]]


def tell_of_agents(gateway: Gateway) -> None:
    """Three of the contact centre, of which one is on a call and one on a break."""
    events: list[dict[str, Json]] = [
        *({"event": "login", "agent_id": f"A{number}", "queues": ["support_queue"]} for number in (1, 2, 3)),
        {"event": "call_start", "agent_id": "A1", "call_id": "CALL1", "queue": "support_queue"},
        {"event": "break_start", "agent_id": "A2", "reason": "lunch"},
    ]
    for number, event in enumerate(events, 1):
        gateway.ask("POST", "/services/mce/events", {"event_id": f"E{number}", **event}, audience="mce")
    gateway.ask("PUT", "/services/mce/queues/support_queue", {"waiting": 3, "longest_wait": 42}, audience="mce")


def second_life(gateway: Gateway, ids: dict[str, str], database: Path) -> Json:
    """Tokens, and work that does not come to its end; what was told of a report that was made."""
    gateway.until(ids["tried_twice"], "completed")
    token = gateway.login("ivan.ivanov", PASSWORD).json()["access_token"]
    assert gateway.basic("/auth/sso/revoke", method="POST", json={"token": token}).ok
    for _ in range(WRONG_PASSWORDS):
        assert gateway.login(LOCKED, "wrong").status_code == 401
    people = agents(gateway)
    status = {"fault": "status", "status": 503, "operation": "sendFactWorkTime"}
    hang = {"fault": "hang", "operation": "sendSchedule", **SECOND_REQUEST}
    gateway.control("zup", "/faults", [status, hang])
    ids["waiting"] = gateway.submit("fact_transfer", fact(people[2]))
    gateway.until(ids["waiting"], "waiting")
    ids["running"] = gateway.submit("schedule_upload", schedule(people[:CREW]), key="upload-2")
    until(lambda: gateway.arrived("sendSchedule") == 2, "the second request hangs in 1C")
    asked = {"report_id": "personnel_list", "format": "csv", "period": "2025-08"}
    ids["queued"] = gateway.ask("POST", "/api/reports/export", asked, audience="reports")["task_id"]
    until(lambda: _is_asked_for(database, ids["queued"]), "dbos was asked for the report")
    task = ids["report_export"]
    return {
        "task": gateway.ask("GET", f"/api/reports/status/{task}", audience="reports"),
        "file": gateway.ask("GET", f"/api/reports/download/{task}", audience="reports"),
    }


def _is_asked_for(database: Path, operation_id: str) -> bool:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (enqueued,) = connection.execute("SELECT enqueued FROM operations WHERE id = ?", (operation_id,)).fetchone()
    return bool(enqueued)


QUESTIONS = {
    "operations": "/operations?limit=500",
    "dead letters": "/dead-letters?limit=500",
    "sync runs": "/sync-runs?limit=500",
    "employees": "/employees?limit=20",
    "actuals": "/sites/moscow/actuals?period=2025-07",
    "confirmations": "/sites/moscow/confirmations",
    "consistency": "/consistency?period=2025-07",
}
DETAILS = ("", "/result")  # of each operation
VOLATILE = ("as_of", "eta_s")  # members that depend on the time of asking
OF_AGENTS = {"agents": "/agents/status", "changes": "/agents/A1/changes", "call": "/calls/CALL1"}


def answers(get: Callable[[str, str], requests.Response], operations: Sequence[str], until_: str) -> dict[str, Json]:
    """What a gateway says of everything; `get` is asked for an audience and a path.

    Questions are recorded, too: of the audit trail only what was there before `until_` is asked for.
    """
    questions = {**QUESTIONS, "audit": f"/audit?limit=500&until={until_}"}
    told_ = {name: get("argus", f"/api/integration{path}") for name, path in questions.items()}
    told_ |= {
        f"{one}{detail}": get("argus", f"/api/integration/operations/{one}{detail}")
        for one in operations
        for detail in DETAILS
    }
    told_ |= {name: get("mce", f"/services/mce{path}") for name, path in OF_AGENTS.items()}
    assert all(told_[name].ok for name in (*questions, *OF_AGENTS))
    return {name: [reply.status_code, _body(reply)] for name, reply in told_.items()}


def _body(reply: requests.Response) -> Json:
    """Text of a file, or JSON without what depends on the time of asking."""
    if not _is_json(reply):
        return reply.text
    body = _steady(reply.json())
    if isinstance(body, dict) and body.get("error") is True:
        del body["details"]["timestamp"]
    return body


def _steady(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _steady(one) for name, one in value.items() if name not in VOLATILE}
    return [_steady(one) for one in value] if isinstance(value, list) else value


def make_database(argus: Argus, folder: Path) -> None:
    """argus.db.sql of a gateway that was stopped once and killed once, and database.json with what it had said."""
    with tempfile.TemporaryDirectory() as spare:
        file = Path(spare) / "argus.sqlite3"
        lasting = (*FREE, *STILL, "--agents", str(PEOPLE), "--database", f"sqlite:///{file}")
        with started(argus, "up", *lasting, "--now", FIRST) as made:
            ids = first_life(Gateway(made))
            made.stop()
        with started(argus, "up", *lasting, "--now", SECOND) as made:
            gateway = Gateway(made)
            report = second_life(gateway, ids, file)
            now = gateway.now()
            said = answers(gateway.get, list(ids.values()), now)
            made.kill()
        dump(file, folder / "argus.db.sql")
    _write(folder / "database.json", {"operations": ids, "report": report, "asked_at": now, "answers": said})


def dump(file: Path, to: Path) -> None:
    """As SQL; the name of the machine, which stands with the workers, becomes localhost."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        lines = [line.replace(f"'{socket.gethostname()}'", "'localhost'") for line in connection.iterdump()]
    to.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write(file: Path, content: Json) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0])
    argus = [shutil.which("argus", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "argus"]
    for make in (make_session, make_database, make_report):
        if make.__name__.removeprefix("make_") in (arguments[1:] or make.__name__):
            make(argus, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
