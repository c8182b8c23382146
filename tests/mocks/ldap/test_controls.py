"""The mock directory as its callers control it: its people, and orders that it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from argus_wfm.mocks.ldap.entries import GROUPS, PEOPLE
from tests.support.directories import Served, data, logins
from tests.support.http_client import Caller

IVAN, LOGIN = f"cn=Иванов Иван Иванович,{PEOPLE}", "ivan.ivanov"


class TestControls:
    def test_people_change(self, directory: Served) -> None:
        given = {"login": LOGIN, "password": "иной", "groups": ["argus-admins"], "mail": "i@x.ru", "department": None}
        assert directory.control("/people", given) == {"login": LOGIN, "dn": IVAN, "troubles": []}
        assert (data(directory, IVAN), data(directory, IVAN, "иной")) == ("52e", "")
        (held,) = directory.found(f"(sAMAccountName={LOGIN})", attributes=["*"]).values()
        assert (held["memberOf"], held["mail"]) == ([f"cn=argus-admins,{GROUPS}"], ["i@x.ru"])
        assert "department" not in held
        assert logins(directory, f"(member={IVAN})") == {"argus-admins"}
        directory.control("/reset", {})
        assert data(directory, IVAN) == ""

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/people", {"login": "nobody", "disabled": True}, 404),
            ("/people", {}, 404),
            ("/people", {"login": LOGIN, "disabled": "yes"}, 400),
            ("/people", {"login": LOGIN, "cn": "x"}, 400),
            ("/people", {"login": LOGIN, "groups": ["root"]}, 400),
            ("/people", {"login": LOGIN, "password": ""}, 400),
            ("/people", {"login": LOGIN, "title": 5}, 400),
            ("/lockout", {"threshold": -1}, 400),
            ("/lockout", {"threshold": True}, 400),
            ("/lockout", {"limit": 1}, 400),
            ("/faults", {"fault": "html"}, 400),
            ("/faults", {"fault": "hang", "operation": "getAgents"}, 400),
        ],
    )
    def test_what_is_wrong_changes_nothing(self, directory: Served, path: str, body: Any, status: int) -> None:
        assert directory.controls is not None
        reply = directory.controls.control(path, body)
        assert reply.status_code == status
        assert data(directory, IVAN) == ""

    def test_another_seed_has_other_people(self, directory: Served) -> None:
        before = logins(directory, "(objectClass=user)")
        directory.control("/seed", {"seed": 7, "agents": 20})
        after = logins(directory, "(objectClass=user)")
        assert LOGIN in before & after
        assert after - before
        assert data(directory, IVAN) == ""

    def test_certificate_and_health(self, directory: Served) -> None:
        assert isinstance(directory.controls, Caller)
        assert directory.controls.control("/certificate").content == directory.authority.read_bytes()
        assert directory.controls.root("/health").json()["service"] == "ldap"
