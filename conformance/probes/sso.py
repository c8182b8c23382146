"""Questions to a host's SSO that go over two requests: whose name counts, and what a token is worth once revoked."""

from __future__ import annotations

import time
from collections.abc import Iterator

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.probes.probe import Probe
from argus_wfm.conformance.target import Target
from argus_wfm.openapi import load

STRANGER = "no.such.user.of.argus"
REVOKED_S = 2.0  # in which every process of a host has heard of it
LOOK_S = 0.1


def questions(target: Target) -> Iterator[Probe]:
    """Each an exchange that no account is at stake in. Raises CouldNotTest where nobody of the directory is given."""
    operations, _ = load("sso").operations, target.logins
    yield Probe("other_username", operations["issueToken"], lambda: _other_username(target))
    if target.config.mce:
        yield Probe("revoked_token", operations["revokeToken"], lambda: _revoked(target))


def _other_username(target: Target) -> None:
    """The name in the body has to be that of the credentials (A16)."""
    body = {"username": STRANGER, "auth_type": "ldap", "target_system": "1c_zup"}
    exchange = target.sso.post("/token", body)
    if exchange.status == 200:
        words = "A token for another username than that of the credentials"
        exchange.departs("AUTH_NOT_CHECKED", Drift.AUTH, "/username", words, expected=401, actual=200)
    exchange.require(401)


def _revoked(target: Target) -> None:
    """Raises CouldNotTest where the token is not taken to begin with."""
    token = target.logins.token("mce")
    path, authorization = "/agents/status", f"Bearer {token}"
    try:
        target.mce.ask("GET", path, auth=authorization).require(200)
    except Departure as error:
        raise CouldNotTest(f"needs an MCE that takes the host's own tokens: {error.finding.message}") from error
    revocation = target.sso.post("/revoke", {"token": token}, auth=None)
    revocation.require(200)
    deadline = time.monotonic() + REVOKED_S
    while (after := target.mce.ask("GET", path, auth=authorization)).status != 401:
        if time.monotonic() > deadline:
            words = (
                f"The token is still accepted {REVOKED_S:g} s after it was revoked: {after.status} where 401 was due"
            )
            revocation.departs("AUTH_NOT_CHECKED", Drift.AUTH, "token", words, expected=401, actual=after.status)
        time.sleep(LOOK_S)
