"""Accounts of the directory: locked out by wrong passwords, troubles of the cast, passwords by seed."""

from __future__ import annotations

import datetime as dt

from argus_wfm.mocks import people
from argus_wfm.mocks.ldap.accounts import SERVICE_PASSWORD, LockoutPolicy, Trouble, account, password_of
from argus_wfm.mocks.ldap.entries import PEOPLE, SERVICE
from tests.support.clock import NOW
from tests.support.directories import Served, bind, data

IVAN, LOGIN = f"cn=Иванов Иван Иванович,{PEOPLE}", "ivan.ivanov"


class TestLockout:
    def wrong(self, directory: Served, times: int) -> list[str]:
        return [data(directory, IVAN, "wrong") for _ in range(times)]

    def test_five_wrong_passwords_lock_for_half_an_hour(self, directory: Served) -> None:
        assert self.wrong(directory, 4) == ["52e"] * 4
        assert self.held(directory, "badPwdCount") == "4"
        assert self.wrong(directory, 2) == ["52e", "775"]
        assert data(directory, IVAN) == "775"
        assert self.held(directory, "lockoutTime") != "0"
        assert LOGIN in directory.control("/state")["troubles"]["locked"]
        directory.control("/clock", {"move_seconds": 1700})
        assert data(directory, IVAN) == "775"
        directory.control("/clock", {"move_seconds": 101})
        assert data(directory, IVAN) == ""
        assert self.held(directory, "badPwdCount") == "0"

    def held(self, directory: Served, attribute: str) -> str:
        (held,) = directory.found(f"(sAMAccountName={LOGIN})", attributes=[attribute]).values()
        return str(held[attribute][0])

    def test_the_right_password_forgets_the_wrong_ones(self, directory: Served) -> None:
        assert self.wrong(directory, 4) == ["52e"] * 4
        assert data(directory, IVAN) == ""
        assert self.wrong(directory, 4) == ["52e"] * 4
        assert data(directory, IVAN) == ""

    def test_wrong_passwords_outside_of_the_window_do_not_count(self, directory: Served) -> None:
        self.wrong(directory, 4)
        directory.control("/clock", {"move_seconds": 1801})
        assert self.wrong(directory, 4) == ["52e"] * 4
        assert data(directory, IVAN) == ""

    def test_settings_and_unlocking_by_control(self, directory: Served) -> None:
        assert directory.control("/lockout", {"threshold": 2, "duration_s": 60}) == {
            "threshold": 2,
            "window_s": 1800,
            "duration_s": 60,
        }
        self.wrong(directory, 2)
        assert data(directory, IVAN) == "775"
        directory.control("/people", {"login": LOGIN, "locked": False})
        assert data(directory, IVAN) == ""
        directory.control("/lockout", {"threshold": 0})
        assert self.wrong(directory, 12) == ["52e"] * 12
        assert directory.control("/reset", {})["lockout"]["threshold"] == 5

    def test_nobody_else_is_locked_out(self, directory: Served) -> None:
        self.wrong(directory, 6)
        assert bind(directory, SERVICE, SERVICE_PASSWORD)[0] == 0


class TestAccounts:
    def test_who_leaves_has_an_account_until_the_end_of_that_day(self) -> None:
        person = next(one for one in people.cast(20) if one.dismissed)
        assert person.dismissed
        held, lockout = account(person, 1, NOW), LockoutPolicy()
        evening = dt.datetime.combine(person.dismissed, dt.time(20, 59), dt.UTC)
        assert Trouble.EXPIRED not in held.troubles(evening, lockout)
        assert Trouble.EXPIRED in held.troubles(evening + dt.timedelta(minutes=1), lockout)

    def test_every_trouble_is_somebodys_in_each_fifty_people(self) -> None:
        for seed in (1, 2, 3):
            persons = [people.person(number, seed) for number in range(1, 51)]
            troubles = [account(person, seed, NOW).troubles(NOW, LockoutPolicy()) for person in persons]
            assert troubles[0] == []
            assert {trouble for those in troubles for trouble in those} == set(Trouble)

    def test_passwords_differ_by_seed_and_login(self) -> None:
        given = {password_of(login, seed) for login in ("a", "b") for seed in (1, 2)}
        assert len(given) == 4
        assert password_of("a", 1) == password_of("a", 1)
