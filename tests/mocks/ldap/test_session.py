"""The mock directory where it is Active Directory and no other: names, refusals, filters."""

from __future__ import annotations

from typing import Any

import ldap3
import pytest
from ldap3.utils.conv import escape_filter_chars

from argus_wfm.mocks import people
from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, password_of
from argus_wfm.mocks.ldap.entries import GROUPS, PEOPLE, ROOT
from tests.support.directories import Served, data, logins

IVAN, LOGIN = f"cn=Иванов Иван Иванович,{PEOPLE}", "ivan.ivanov"
BAND = "1.2.840.113556.1.4.803"
SASL = {"sasl_mechanism": "PLAIN", "sasl_credentials": (None, "svc", "argus-svc")}
CHAIN = "1.2.840.113556.1.4.1941"


class TestBind:
    @pytest.mark.parametrize(
        "who",
        [
            IVAN,
            IVAN.upper(),
            f"CN=Иванов  Иван  Иванович , {PEOPLE}",
            r"cn=\D0\98ванов Иван Иванович,ou=employees,dc=company,dc=ru",
            "ivan.ivanov@company.ru",
            "Ivan.Ivanov@COMPANY.RU",
            "COMPANY\\ivan.ivanov",
            "company\\IVAN.IVANOV",
        ],
    )
    def test_every_form_of_a_name(self, directory: Served, who: str) -> None:
        assert data(directory, who) == ""
        assert data(directory, who, "wrong") == "52e"

    @pytest.mark.parametrize(
        "who",
        [
            f"cn=Nobody,{PEOPLE}", "nobody@company.ru", "COMPANY\\nobody", "ivan.ivanov", "ivan.ivanov@elsewhere.ru",
            "ELSEWHERE\\ivan.ivanov", "*", "*@company.ru", "COMPANY\\*", "cn=*", "\\", "@company.ru", "COMPANY\\",
        ],
    )  # fmt: skip
    def test_nobody_of_that_name(self, directory: Served, who: str) -> None:
        assert data(directory, who) == "525"

    def test_a_group_has_no_password(self, directory: Served) -> None:
        assert data(directory, f"cn=argus-admins,{GROUPS}") == "52e"

    @pytest.mark.parametrize(
        ("trouble", "code"),
        [
            ("disabled", "533"),
            ("expired", "701"),
            ("password_expired", "532"),
            ("must_change", "773"),
        ],
    )
    def test_troubles_are_told_to_who_knows_the_password(self, directory: Served, trouble: str, code: str) -> None:
        directory.control("/people", {"login": LOGIN, trouble: True})
        assert data(directory, IVAN) == code
        assert data(directory, IVAN, "wrong") == "52e"
        directory.control("/people", {"login": LOGIN, trouble: False})
        assert data(directory, IVAN) == ""

    def test_a_locked_account_does_not_look_at_the_password(self, directory: Served) -> None:
        directory.control("/people", {"login": LOGIN, "locked": True})
        assert [data(directory, IVAN), data(directory, IVAN, "wrong")] == ["775", "775"]
        assert directory.control("/state")["wrong_passwords"] == {}

    def test_troubles_of_the_cast_are_listed_and_meant(self, directory: Served) -> None:
        troubles = directory.control("/state")["troubles"]
        codes = {"disabled": "533", "expired": "701", "locked": "775", "must_change": "773", "password_expired": "532"}
        assert troubles.keys() == codes.keys()
        listed = [login for logins in troubles.values() for login in logins]
        for trouble, code in codes.items():
            login = next(login for login in troubles[trouble] if listed.count(login) == 1)
            assert data(directory, f"COMPANY\\{login}", password_of(login, 1)) == code

    def test_anonymous_may_bind_and_read_the_root_alone(self, directory: Served) -> None:
        connection = directory.connection("", "")
        assert connection.bind()
        assert connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["namingContexts"])
        assert connection.entries[0].namingContexts.value == ROOT
        asked: list[Any] = [
            lambda: connection.search(PEOPLE, "(objectClass=*)"),
            lambda: connection.delete(IVAN),
            lambda: connection.compare(IVAN, "title", "Оператор"),
        ]
        for ask in asked:
            assert not ask()
            assert connection.result["result"] == 1
            assert "a successful bind must be completed" in connection.result["message"]
        connection.unbind()

    def test_a_bind_that_fails_leaves_nobody_bound(self, directory: Served) -> None:
        with directory.bound() as connection:
            assert not connection.rebind(user=IVAN, password="wrong")
            connection.search(PEOPLE, "(objectClass=*)")
            assert connection.result["result"] == 1

    def test_who_am_i(self, directory: Served) -> None:
        with directory.bound("ivan.ivanov@company.ru", FIRST_PASSWORD) as connection:
            assert connection.extend.standard.who_am_i() == "u:COMPANY\\ivan.ivanov"

    def test_other_methods_and_versions_are_refused(self, directory: Served) -> None:
        for options, code in (({"version": 2}, 2), ({"authentication": ldap3.SASL, **SASL}, 7)):
            connection = directory.connection(**options)
            connection.bind()
            assert connection.result["result"] == code
            connection.unbind()


class TestSearch:
    def test_bits_of_user_account_control(self, directory: Served) -> None:
        disabled = set(directory.control("/state")["troubles"]["disabled"])
        assert logins(directory, f"(userAccountControl:{BAND}:=2)") == disabled
        assert logins(directory, f"(&(userAccountControl:{BAND}:=512)(userAccountControl:{BAND}:=2))") == disabled
        active = logins(directory, f"(&(objectClass=user)(!(userAccountControl:{BAND}:=2)))")
        assert LOGIN in active
        assert not active & disabled
        assert logins(directory, "(userAccountControl:1.2.840.113556.1.4.804:=3)") == disabled
        assert logins(directory, f"(userAccountControl:{BAND}:=x)") == set()

    def test_groups_of_groups(self, directory: Served) -> None:
        everybody = logins(directory, f"(&(objectClass=user)(memberOf:{CHAIN}:=cn=argus-users,{GROUPS}))")
        assert len(everybody) == directory.control("/state")["people"]
        assert logins(directory, f"(&(objectClass=user)(memberOf=cn=argus-users,{GROUPS}))") == set()
        assert logins(directory, f"(member:{CHAIN}:={IVAN})") == {"argus-operators", "argus-users"}

    def test_order_and_likeness_of_texts(self, directory: Served) -> None:
        late = logins(directory, "(&(objectClass=user)(title>=Супервизор)(title<=супервизор))")
        assert late == logins(directory, "(title=Супервизор)") == logins(directory, "(title~=СУПЕРВИЗОР)")
        assert late

    @pytest.mark.parametrize("name", ["*", "ivan*", "ivan.ivanov)(uid=*", "a\\b", "ivan.ivanov\0", "(", ")", "\\2a"])
    def test_escaped_values_are_meant_literally(self, directory: Served, name: str) -> None:
        assert logins(directory, f"(sAMAccountName={escape_filter_chars(name)})") == set()
        assert LOGIN in logins(directory, "(sAMAccountName=*)")

    def test_roles_by_position(self, directory: Served) -> None:
        found = directory.found("(objectClass=user)", attributes=["title", "memberOf"])
        held = {(entry["title"][0], entry["memberOf"][0].split(",")[0]) for entry in found.values() if entry["title"]}
        assert ("Оператор", "cn=argus-operators") in held
        assert ("Супервизор", "cn=argus-supervisors") in held
        assert ("Аналитик", "cn=argus-admins") in held
        assert len(held) == len(people.POSITIONS)

    def test_operational_attributes_when_asked_for(self, directory: Served) -> None:
        (plain,) = directory.found(f"(sAMAccountName={LOGIN})", attributes=["*"]).values()
        assert "createTimestamp" not in plain
        assert plain["distinguishedName"] == [IVAN]
        assert "userPassword" not in plain
        (every,) = directory.found(f"(sAMAccountName={LOGIN})", attributes=["+"]).values()
        assert every.keys() == {"createTimestamp", "modifyTimestamp", "msDS-User-Account-Control-Computed"}

    def test_no_more_than_a_thousand_at_once(self, directory: Served) -> None:
        directory.control("/seed", {"seed": 1, "agents": 1200})
        with directory.bound() as connection:
            connection.search(PEOPLE, "(objectClass=user)", attributes=["1.1"])
            assert (connection.result["result"], len(connection.entries)) == (4, 1000)
            pages = connection.extend.standard.paged_search(PEOPLE, "(objectClass=user)", paged_size=500)
            assert sum(1 for _ in pages) == directory.control("/state")["people"]

    def test_a_person_is_the_same_everywhere(self, directory: Served) -> None:
        person = people.person(7)
        (held,) = directory.found(f"(employeeID={person.employee_id})", attributes=["*"]).values()
        assert held["sAMAccountName"] == [person.login]
        assert held["sn"] == [person.lastname]
        assert held["givenName"] == [person.firstname]
        assert held["title"] == [people.POSITIONS[int(person.position_id[3:]) - 1]]
