"""What SSO carries: tokens a second with the mock directory and with slapd, and checks of Bearer tokens a second.

    python -m benchmarks.sso [--requests 500] [--clients 4] [--json]
    python -m benchmarks.sso --pairs 500       # does time tell which users there are?
    python -m benchmarks.sso --hostile 10000   # does any name get in, or break anything? exits with 1 if so

Processes of their own on 127.0.0.1: `argus serve` on SQLite, `argus mock ldap`, slapd with the same people (left out
where it is not installed). Each client has a connection and a user of its own, since logins of one name go one after
another; a token is a search and a bind at the directory and two records of the audit trail. A check is GET
/services/mce/queues with a token signed either way. Ratios are to the first row of the same kind. A pair is an unknown
user and a wrong password, one after the other over one connection, either first by turns; nobody is locked out then.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from argus_wfm.json_type import Json
from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, SERVICE_PASSWORD, password_of
from argus_wfm.mocks.ldap.entries import PEOPLE, SERVICE
from argus_wfm.mocks.people import FIRST, cast
from benchmarks.queue import Gateway, child, running

NOW = "2025-07-29T01:30:00Z"  # when the cast is employed
TOKEN, QUEUES = "/auth/sso/token", "/services/mce/queues"
LARGEST = 16  # clients
NEVER = "1000000"  # wrong passwords that lock a name


@dataclass(frozen=True, slots=True)
class Measured:
    """One line: what was done, with what, how many of it, how long it took, how much a second."""

    what: str
    by: str
    count: int
    seconds: float
    per_second: float
    ratio: float


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=500, help="of each line")
    parser.add_argument("--clients", type=int, default=4, choices=range(1, LARGEST + 1), metavar="1-16")
    parser.add_argument("--pairs", type=int, metavar="COUNT", help="measure so many pairs, and nothing else")
    parser.add_argument("--hostile", type=int, metavar="COUNT", help="ask with so many hostile names, and nothing else")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    if asked.pairs or asked.hostile:
        sys.exit(_refusals(asked.pairs or 0, asked.hostile or 0, asked.clients, as_json=asked.as_json))
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, directory in (("mock", mock), ("slapd", slapd)):
            with directory() as url:
                if url:
                    tokens(name, url, asked.requests, asked.clients, measured)
        with mock() as url:
            for algorithm, signing in (("HS256", {}), ("ES256", es256(Path(folder)))):
                checks(algorithm, _settings(url) | signing, asked.requests, asked.clients, measured)
    print(shown(measured, asked.clients, as_json=asked.as_json))


def tokens(name: str, url: str, count: int, clients: int, measured: list[Measured]) -> None:
    """Logins, each of them right."""
    with running("sqlite", agents=1, **_settings(url)) as gateway:
        users = _users(gateway, clients)

        def ask(session: requests.Session, client: int) -> requests.Response:
            return _login(session, gateway, *users[client])

        _measure("tokens", name, count, clients, measured, ask)


def checks(algorithm: str, settings: dict[str, str | None], count: int, clients: int, measured: list[Measured]) -> None:
    """A call that is little else than its token."""
    with running("sqlite", agents=1, **settings) as gateway, requests.Session() as session:
        session.trust_env = False
        token = _login(session, gateway, FIRST.login, FIRST_PASSWORD).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        def ask(session: requests.Session, _client: int) -> requests.Response:
            return session.get(gateway.url + QUEUES, headers=headers, timeout=60)

        _measure("Bearer checks", algorithm, count, clients, measured, ask)


def _refusals(count: int, names: int, clients: int, *, as_json: bool) -> int:
    """Pairs and hostile names with each directory; the exit code."""
    told: list[Json] = []
    for name, directory in (("mock", mock), ("slapd", slapd)):
        with directory() as url:
            if not url:
                continue
            with running("sqlite", agents=1, **_settings(url), ARGUS_LOGIN_FAILURES=NEVER) as gateway:
                told += [pairs(name, gateway, count)] if count else []
                told += [hostile(name, gateway, names, clients)] if names else []
    print(json.dumps({"rows": told}) if as_json else "\n".join(row["words"] for row in told))
    return int(any(row.get("broken") for row in told))


def pairs(by: str, gateway: Gateway, count: int) -> Json:
    """Medians of an unknown user and of a wrong password."""
    times: dict[str, list[float]] = {"no.such.usr": [], FIRST.login: []}
    with requests.Session() as session:
        session.trust_env = False
        for number in range(count):
            for name in sorted(times, reverse=bool(number % 2)):
                started = time.perf_counter()
                reply = _login(session, gateway, name, "wrong")
                times[name].append(time.perf_counter() - started)
                assert reply.status_code == 401, reply.text
    unknown, wrong = (statistics.median(taken) * 1000 for taken in times.values())
    apart = abs(unknown - wrong) / max(unknown, wrong)
    words = f"{by}: {count} pairs, medians: unknown user {unknown:.2f} ms, wrong password {wrong:.2f} ms; {apart:.1%}"
    return {"by": by, "pairs": count, "unknown_ms": unknown, "wrong_ms": wrong, "apart": apart, "words": words}


def hostile(by: str, gateway: Gateway, count: int, clients: int) -> Json:
    """Names that are nobody's, as they are and with the right password of the user whom they are made of."""
    from tests.support import hostile_names

    given = list(hostile_names.hostile(count))

    def client(number: int) -> Counter[int]:
        with requests.Session() as session:
            session.trust_env = False
            mine = given[number::clients]
            return Counter(_login(session, gateway, name, FIRST_PASSWORD).status_code for name in mine)

    with ThreadPoolExecutor(clients) as pool:
        statuses = sum(pool.map(client, range(clients)), Counter[int]())
    broken = sum(times for status, times in statuses.items() if not 400 <= status < 500)
    seen = ", ".join(f"{times} of {status}" for status, times in sorted(statuses.items()))
    words = f"{by}: {count} hostile names: {seen}; tokens, and answers of 500 and more: {broken}"
    return {"by": by, "names": count, "statuses": dict(statuses), "broken": broken, "words": words}


def _measure(
    what: str,
    by: str,
    count: int,
    clients: int,
    measured: list[Measured],
    ask: Callable[[requests.Session, int], requests.Response],
) -> None:
    def client(number: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(number, count, clients):
                ask(session, number).raise_for_status()

    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        list(pool.map(client, range(clients)))
        seconds = time.perf_counter() - started
    rate = count / seconds
    first = next((row.per_second for row in measured if row.what == what), rate)
    measured.append(Measured(what, by, count, round(seconds, 3), round(rate, 1), round(rate / first, 2)))


def _login(session: requests.Session, gateway: Gateway, login: str, password: str) -> requests.Response:
    body = {"username": login, "auth_type": "ldap", "target_system": "mce"}
    headers = {"Authorization": "Basic " + b64encode(f"{login}:{password}".encode()).decode()}
    return session.post(gateway.url + TOKEN, json=body, headers=headers, timeout=60)


def _users(gateway: Gateway, count: int) -> list[tuple[str, str]]:
    """So many whose accounts are in order; some of the cast have left, or are locked out."""
    found: list[tuple[str, str]] = []
    with requests.Session() as session:
        session.trust_env = False
        for person in cast(100, 1):
            password = FIRST_PASSWORD if person.number == 1 else password_of(person.login, 1)
            if len(found) < count and _login(session, gateway, person.login, password).ok:
                found.append((person.login, password))
    return found


@contextlib.contextmanager
def mock() -> Iterator[str]:
    """`argus mock ldap`, which locks nobody out."""
    with child(["mock", "ldap", "--port", "0", "--agents", "100", "--now", NOW, "--json"], {}) as (told, _):
        with requests.Session() as session:
            session.trust_env = False
            session.post(f"{told['controls']['ldap']}/_control/lockout", json={"threshold": 0}).raise_for_status()
        yield told["ready"]["ldap"]


@contextlib.contextmanager
def slapd() -> Iterator[str]:
    """The tests' own slapd with the mock's people; empty where it is not installed."""
    from tests.support import directories

    if shutil.which("slapd", path=directories.PLACES) is None:
        yield ""
        return
    with directories.slapd(agents=100) as served:
        yield served.url


def es256(folder: Path) -> dict[str, str | None]:
    """Settings of a gateway with one key of its own."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    form, lock = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(serialization.Encoding.PEM, form, lock)
    (folder / "benchmark.pem").write_bytes(key)
    return {"ARGUS_TOKEN_KEY": None, "ARGUS_TOKEN_KEYS": str(folder)}


def _settings(url: str) -> dict[str, str | None]:
    return {
        "ARGUS_LDAP_URL": f"ldap://{urlsplit(url).netloc}",
        "ARGUS_LDAP_USER": SERVICE,
        "ARGUS_LDAP_PASSWORD": SERVICE_PASSWORD,
        "ARGUS_LDAP_BASE": PEOPLE,
        "ARGUS_WORKER_CONCURRENCY": "0",
    }


def shown(measured: list[Measured], clients: int, *, as_json: bool) -> str:
    """All rows, and where they were measured."""
    where = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    if as_json:
        told = {"conditions": {**where, "clients": clients}, "rows": [asdict(row) for row in measured]}
        return json.dumps(told)
    lines = ["| what | with | count | seconds | a second | ratio |", "|---|---|---|---|---|---|"]
    for row in measured:
        cells = (row.what, row.by, f"{row.count}", f"{row.seconds:.2f}", f"{row.per_second:.1f}", f"{row.ratio:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    said = f"Python {where['python']} on {where['machine']}, {where['cores']} cores, {clients} clients."
    return "\n".join([*lines, "", said])


if __name__ == "__main__":
    main()
