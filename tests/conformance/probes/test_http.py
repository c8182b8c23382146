"""Hosts that accept a forged token are named by the probes of HTTP."""

from __future__ import annotations

from collections.abc import Callable

import jwt
import pytest

from argus_wfm.conformance.checks.jwt import forgeries
from argus_wfm.conformance.probes.http import forged
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import by_url
from argus_wfm.json_type import Json
from tests.support.sso_host import Refused, SsoHost, served


def unsigned_taken(token: str) -> Json:
    if jwt.get_unverified_header(token)["alg"] == "none":
        return jwt.decode(token, options={"verify_signature": False})
    return SsoHost().read(token)


def key_chosen_by_token(token: str) -> Json:
    """A token that names an unknown key is believed."""
    if jwt.get_unverified_header(token).get("kid") == "no-such-key":
        return jwt.decode(token, options={"verify_signature": False})
    return SsoHost().read(token)


def anything_taken(token: str) -> Json:
    return jwt.decode(token, options={"verify_signature": False})


def everything_refused_otherwise(token: str) -> Json:
    try:
        return SsoHost().read(token)
    except Refused as error:
        raise Refused(403, "INSUFFICIENT_SCOPE") from error


HOSTS: dict[str, tuple[Callable[[str], Json], set[str], str]] = {
    "right": (SsoHost().read, set(), ""),
    "alg none": (unsigned_taken, {"token_alg_none"}, "AUTH_NOT_CHECKED"),
    "unknown kid": (key_chosen_by_token, {"token_unknown_kid"}, "AUTH_NOT_CHECKED"),
    "signature not checked": (
        anything_taken,
        {
            *("token_alg_none", "token_swapped_algorithm", "token_changed_signature", "token_not_yet_valid"),
            *("token_own_key", "token_unknown_kid", "token_expired", "token_wrong_audience", "token_public_key_1"),
        },
        "",
    ),
    "403": (
        everything_refused_otherwise,
        {f"token_{name}" for name in (*forgeries("x", "mce"), "public_key_1")},
        "AUTH_REFUSED",
    ),
}


@pytest.mark.parametrize("name", HOSTS)
def test_host_that_takes_a_forged_token_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read, failing, code = HOSTS[name]
    host = SsoHost()
    monkeypatch.delenv("ARGUS_TARGET_TOKEN", raising=False)
    monkeypatch.setattr(host, "read", read)
    with served(host) as url:
        target = Target(by_url(url, Policy()))
        told = [(probe, outcome(probe)) for probe in forged(target.mce, target.sso)]
    assert {probe.operation.id for probe, _ in told} == {"listAgentStatuses"}
    assert {probe.name for probe, (verdict, *_) in told if verdict == "fail"} == failing
    assert {departure.finding.code for _, (_, departure, _) in told if departure} >= ({code} if code else set())
