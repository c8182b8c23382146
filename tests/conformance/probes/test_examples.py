"""Examples that probes send: amended where they name a user."""

from __future__ import annotations

from argus_wfm.conformance.probes.examples import named


def test_username_of_a_generated_request_is_the_user_s() -> None:
    assert named({"username": "x", "auth_type": "ldap"}, "petr") == {"username": "petr", "auth_type": "ldap"}
    assert named({"token": "x"}, "petr") == {"token": "x"}
    assert named(["username"], "petr") == ["username"]
