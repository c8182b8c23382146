"""Names and passwords of somebody who wants in, by the thousand; and that time does not tell which names there are."""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from argus_wfm.gateway.upstream.ldap_login import DirectoryAccount, Login, Service
from argus_wfm.mocks.ldap.accounts import SERVICE_PASSWORD
from argus_wfm.mocks.ldap.entries import PEOPLE, SERVICE
from tests.support.directories import Served
from tests.support.hostile_names import hostile
from tests.support.sso_client import LOGIN, RIGHT, Sso, basic

MOST = 256  # characters, by the contract
NAMES = int(os.environ.get("ARGUS_TEST_NAMES", "1000"))  # CI's share of the 10,000 that are tried by hand
PAIRS, WITHIN, ROUNDS = 500, 0.05, 4


@pytest.mark.slow
def test_thousands_of_hostile_names_are_nobodys(directory: Served) -> None:
    """Straight at the directory, with the right password of the user whom they are made of."""
    service = Service(DirectoryAccount(directory.url, SERVICE, SERVICE_PASSWORD, PEOPLE), 10)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda name: Login(service, name, RIGHT).run(), hostile(NAMES)))
        assert found == [None] * NAMES
        assert Login(service, LOGIN, RIGHT).run() is not None
    finally:
        service.close()


def test_hostile_names_and_passwords_get_no_token_and_break_nothing(sso: Sso) -> None:
    names = [name[:MOST] for name in hostile(60)]
    for name in names:
        reply = sso.ask(name)
        assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_CREDENTIALS"), name
        if ":" not in name:
            reply = sso.ask(password=name)
            assert (reply.status_code, reply.json()["code"]) == (401, "INVALID_CREDENTIALS"), name
    assert sso.ask().status_code == 200
    assert sso.upstream()["last_failure"] is None


@pytest.mark.slow
def test_time_does_not_tell_which_names_there_are(sso: Sso) -> None:
    """A measurement on a machine that others use: one round in which medians are within 5 % shows that nothing differs.

    A difference that is real, as without the bind for nobody, is in each of the rounds.
    """
    shares: list[float] = []
    for _ in range(ROUNDS):
        unknown, wrong = _medians(sso)
        shares.append(abs(unknown - wrong) / max(unknown, wrong))
        if shares[-1] <= WITHIN:
            return
    raise AssertionError(f"medians differ by {', '.join(f'{share:.1%}' for share in shares)}")


def _medians(sso: Sso) -> tuple[float, float]:
    """Of names of the same length, asked in turn over one kept connection, which is first of a pair by turns."""
    times: dict[str, list[float]] = {"no.such.usr": [], LOGIN: []}
    with requests.Session() as session:
        session.trust_env = False
        for number in range(PAIRS):
            for name in sorted(times, reverse=bool(number % 2)):
                body = {"username": name, "auth_type": "ldap", "target_system": "mce"}
                headers = {"Authorization": basic(name, "wrong")}
                started = time.perf_counter()
                reply = session.post(f"{sso.url}/auth/sso/token", json=body, headers=headers, timeout=30)
                times[name].append(time.perf_counter() - started)
                assert reply.status_code == 401
    unknown, wrong = (statistics.median(taken) for taken in times.values())
    return unknown, wrong
