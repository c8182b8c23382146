"""Whoever has given too many wrong passwords is not let in, is not told so, and does not reach the directory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.identity.lockout import Lockout
from argus_wfm.gateway.storage.tables import login_failures
from argus_wfm.json_type import Json
from tests.support.clock import NOW
from tests.support.directories import Served
from tests.support.peers import DATABASES, database
from tests.support.sso_client import LOGIN, Sso, is_refused, refusal, sso_on

WINDOW_S = 900


@pytest.fixture
def directory(mock_directory: Served) -> Served:
    mock_directory.control("/reset", {})
    mock_directory.control("/lockout", {"threshold": 0})
    return mock_directory


@pytest.fixture(scope="module")
def _sso(mock_directory: Served) -> Iterator[Sso]:
    with sso_on(mock_directory, login_failures=5) as argus:
        yield argus


@pytest.fixture
def sso(_sso: Sso, directory: Served) -> Sso:
    assert _sso.control("/reset", {}).ok
    return _sso


def wrong(sso: Sso, times: int, username: str = LOGIN) -> None:
    for _ in range(times):
        is_refused(sso.ask(username, "wrong"))


def seen(directory: Served) -> Json:
    """Wrong passwords that reached an account of the directory."""
    return directory.control("/state")["wrong_passwords"]


def test_five_wrong_passwords_lock_and_four_do_not(sso: Sso, directory: Served) -> None:
    wrong(sso, 4)
    assert sso.ask().status_code == 200
    wrong(sso, 5)
    is_refused(sso.ask())
    assert seen(directory) == {LOGIN: 5}


def test_who_is_locked_is_told_what_all_others_are(sso: Sso) -> None:
    stranger = refusal(sso.ask("no.such.user"))
    wrong(sso, 5)
    assert refusal(sso.ask()) == refusal(sso.ask(password="wrong")) == stranger


def test_the_directory_sees_the_work_and_not_the_name(sso: Sso, directory: Served) -> None:
    wrong(sso, 5)
    before = directory.control("/state")["arrived"]
    for password in ("wrong", "another", ""):
        is_refused(sso.ask(password=password))
    after = directory.control("/state")["arrived"]
    assert seen(directory) == {LOGIN: 5}
    assert (after["bind"] - before["bind"], after["search"] - before["search"]) == (3, 3)


def test_it_ends_by_the_clock(sso: Sso) -> None:
    wrong(sso, 5)
    sso.move(WINDOW_S - 60)
    is_refused(sso.ask())
    sso.move(61)
    assert sso.ask().status_code == 200
    wrong(sso, 4)
    assert sso.ask().status_code == 200


def test_who_goes_on_guessing_is_not_locked_for_longer(sso: Sso) -> None:
    wrong(sso, 5)
    sso.move(WINDOW_S - 60)
    wrong(sso, 5)
    sso.move(61)
    assert sso.ask().status_code == 200


def test_the_right_password_and_time_forget_the_wrong_ones(sso: Sso) -> None:
    for _ in range(2):
        wrong(sso, 4)
        assert sso.ask().status_code == 200
    wrong(sso, 4)
    sso.move(WINDOW_S + 1)
    wrong(sso, 4)
    assert sso.ask().status_code == 200


def test_a_name_is_one_however_it_is_written(sso: Sso) -> None:
    for username in ("IVAN.IVANOV", "ｉｖａｎ.ivanov", "ivàn.ivanov", "iva\u0301n.ivanov", " ivan . ivanov "):
        wrong(sso, 1, username)
    is_refused(sso.ask())


def test_a_name_that_nobody_has_is_locked_as_well_and_locks_nobody_else(sso: Sso, directory: Served) -> None:
    wrong(sso, 7, "no.such.user")
    assert sso.ask().status_code == 200
    assert seen(directory) == {}


def test_another_user_in_authorization_counts_for_neither(sso: Sso) -> None:
    for _ in range(6):
        is_refused(sso.ask(user="petr.petrov", password="wrong"))
        is_refused(sso.ask("petr.petrov", "wrong", user=LOGIN))
    assert sso.ask().status_code == 200


def test_a_directory_that_is_down_counts_for_nobody(sso: Sso, directory: Served) -> None:
    directory.control("/faults", {"fault": "refuse"})
    for _ in range(7):
        assert sso.ask().status_code == 503
    directory.control("/reset", {})
    sso.move(60)
    assert sso.ask().status_code == 200


def test_guesses_at_once_are_no_more_than_guesses_one_by_one(sso: Sso, directory: Served) -> None:
    with ThreadPoolExecutor(16) as pool:
        for reply in pool.map(lambda number: sso.ask(password=f"guess {number}"), range(32)):
            is_refused(reply)
    assert seen(directory) == {LOGIN: 5}
    is_refused(sso.ask())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_name_that_is_locked_at_one_gateway_is_locked_at_the_other(
    kind: str, directory: Served, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(database(kind, tmp_path))
        one, other = (stack.enter_context(sso_on(directory, login_failures=4, database_url=url)) for _ in range(2))
        wrong(one, 2)
        wrong(other, 2)
        is_refused(one.ask())
        is_refused(other.ask())
        assert seen(directory) == {LOGIN: 4}
        one.move(WINDOW_S + 1)
        other.move(WINDOW_S + 1)
        assert other.ask().status_code == 200


class TestCounting:
    """Without HTTP: what many threads do to one row."""

    def test_failures_at_once_are_all_counted(self, engine: sa.Engine) -> None:
        lockout = Lockout(engine, lambda: NOW, failures=40, window_s=WINDOW_S)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: lockout.failed(LOGIN), range(39)))
        assert not lockout.is_locked(LOGIN)
        lockout.failed(LOGIN.upper())
        assert lockout.is_locked(LOGIN)

    def test_names_are_not_kept_in_clear_and_forgotten_in_time(self, engine: sa.Engine) -> None:
        times = [NOW]
        lockout = Lockout(engine, lambda: times[0], failures=1, window_s=10)
        for name in (LOGIN, "nul\0", "\ud800", "x" * 10_000):
            lockout.failed(name)
            assert lockout.is_locked(name)
        with engine.connect() as connection:
            rows = connection.execute(sa.select(login_failures)).all()
        assert {len(row.name) for row in rows} == {64}
        assert LOGIN not in str(rows)
        times[0] = NOW.fromtimestamp(NOW.timestamp() + 9, NOW.tzinfo)
        lockout.purge()
        assert lockout.is_locked(LOGIN)
        times[0] = NOW.fromtimestamp(NOW.timestamp() + 20, NOW.tzinfo)
        lockout.purge()
        with engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(login_failures)) == 0
