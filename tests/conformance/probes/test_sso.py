"""Questions to an SSO over two requests, and what its replies must be headed with: each deviation is named."""

from types import MappingProxyType

import pytest
from starlette.requests import Request

from argus_wfm.conformance.model.findings import Finding
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.conformance.probes.sso import questions
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import DIRECTORY_USER, by_url
from argus_wfm.json_type import Json
from tests.support.sso_host import SsoHost, ours, served


def asked(
    host: SsoHost, monkeypatch: pytest.MonkeyPatch, policy: Policy | None = None
) -> tuple[dict[str, str], list[Finding]]:
    """By question, what came of it; and what the replies departed in."""
    monkeypatch.setattr("argus_wfm.conformance.probes.sso.REVOKED_S", 0.2)
    with served(host) as url:
        target = Target(by_url(url, policy)) if policy else ours(url)
        told = {}
        for probe in questions(target):
            verdict, departure, _ = outcome(probe)
            told[probe.name] = departure.finding.where if departure else verdict
        return told, target.recorder.drain().findings


def test_the_right_host_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(SsoHost(), monkeypatch) == ({"other_username": "pass", "revoked_token": "pass"}, [])


def test_nobody_s_token_is_ended_on_a_host_that_is_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    host = SsoHost()
    assert asked(host, monkeypatch, Policy())[0] == {"other_username": "pass", "revoked_token": "held"}
    assert host.revoked == set()


class AnyName(SsoHost):
    async def token(self, request: Request) -> Json:
        body = await request.json()
        return self.reply(DIRECTORY_USER[0], body["target_system"])


class Forgetful(SsoHost):
    async def revoke(self, request: Request) -> Json:
        return {"revoked": True}


@pytest.mark.parametrize(
    ("host", "question", "where"), [(AnyName, "other_username", "/username"), (Forgetful, "revoked_token", "token")]
)
def test_a_host_that_deviates_is_named(
    host: type[SsoHost], question: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(host(), monkeypatch)[0][question] == where


class Cached(SsoHost):
    kept = MappingProxyType({"Cache_Control": "max-age=3600"})


class Uncontrolled(SsoHost):
    kept = MappingProxyType({})


@pytest.mark.parametrize("host", [Cached, Uncontrolled])
def test_a_token_that_may_be_kept_on_the_way_is_a_departure(
    host: type[SsoHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(host(), monkeypatch)[1]
    assert {(one.code, one.operation, one.where) for one in found} == {("HEADER", "issueToken", "header Cache-Control")}
