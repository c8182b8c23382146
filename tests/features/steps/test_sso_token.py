"""SSO that deviates in one way: the judge names it; the right one passes all ten scenarios; nobody is locked out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from starlette.requests import Request

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.generated.runner import _clients
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.controls import ABSENT
from argus_wfm.conformance.target.profile import DIRECTORY_USER, by_url
from argus_wfm.json_type import Json
from tests.support.command_line import conform
from tests.support.environment import without_target_settings
from tests.support.scenario_player import play_on
from tests.support.sso_host import OTHER_KEY, Refused, SsoHost, ours, served

SSO = [f"SSO-{number:02d}" for number in range(1, 11)]


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    without_target_settings(monkeypatch)


@pytest.mark.parametrize("scenario", SSO)
def test_right_host_passes(scenario: str) -> None:
    with served(SsoHost()) as url:
        played = play_on(scenario, ours(url))
    assert (played.verdict, played.reason, played.findings) == ("pass", "", [])


class WithoutType(SsoHost):
    def signed(self, claims: Json) -> str:
        return jwt.encode(claims, self.key, "ES256", headers={"kid": "one", "typ": None})


class Unsigned(SsoHost):
    def signed(self, claims: Json) -> str:
        return jwt.encode(claims, "", "none")


class Opaque(SsoHost):
    def signed(self, claims: Json) -> str:
        return "a-token-of-another-form"


class OtherKey(SsoHost):
    key = OTHER_KEY


class OtherSubject(SsoHost):
    def claims(self, user: str, system: str) -> Json:
        return super().claims("svc", system)


class OtherAudience(SsoHost):
    def claims(self, user: str, system: str) -> Json:
        return {**super().claims(user, system), "aud": "argus"}


class TwoHours(SsoHost):
    def claims(self, user: str, system: str) -> Json:
        claims = super().claims(user, system)
        return {**claims, "exp": claims["iat"] + 7200}


class OneScope(SsoHost):
    def scope(self, system: str) -> str:
        return "1c_zup_integration"


class OtherScopeInside(SsoHost):
    def claims(self, user: str, system: str) -> Json:
        return {**super().claims(user, system), "scope": "everything"}


class TellsWhoExists(SsoHost):
    def refusal(self, user: str) -> Refused:
        known = user == DIRECTORY_USER[0]
        return Refused(401, "INVALID_CREDENTIALS", "Wrong password." if known else "No such user.")


class Injected(SsoHost):
    """The name is put into the filter as it is."""

    def known(self, user: str, password: str) -> bool:
        return super().known(DIRECTORY_USER[0] if "*)(" in user else user, password)


class Unescapes(SsoHost):
    """A name may spell letters in hexadecimal."""

    def known(self, user: str, password: str) -> bool:
        return super().known(user.replace("\\69", "i"), password)


class Trusting(SsoHost):
    def read(self, token: str) -> Json:
        return jwt.decode(token, options={"verify_signature": False})


class Timeless(SsoHost):
    def over(self, claims: Json) -> bool:
        return False


class ShortOfTime(SsoHost):
    def over(self, claims: Json) -> bool:
        return bool(claims["exp"] - 60 <= self.now().timestamp())


class Slow(SsoHost):
    """Each answer takes longer than the second that a token still has."""

    async def statuses(self, request: Request) -> Json:
        self.moved_s += 2
        return await super().statuses(request)


class Broken(SsoHost):
    def down(self) -> Refused:
        return Refused(500, "INTERNAL_ERROR")


class Leaking(SsoHost):
    def refusal(self, user: str) -> Refused:
        refused = super().refusal(user)
        refused.more = {"access_token": self.signed(self.claims(user, "1c_zup"))}
        return refused


class TakesAnything(SsoHost):
    def check(self, body: Json) -> None:
        pass


class Patient(SsoHost):
    async def _wait(self, seconds: float) -> None:
        await super()._wait(60 * (seconds > 0))


DEVIATIONS: dict[str, tuple[type[SsoHost], str, str]] = {
    "token without typ": (WithoutType, "SSO-02", "TOKEN_HEADER"),
    "alg none": (Unsigned, "SSO-02", "TOKEN_HEADER"),
    "no JWT": (Opaque, "SSO-02", "TOKEN_FORM"),
    "signed by a key that is not published": (OtherKey, "SSO-02", "TOKEN_SIGNATURE"),
    "another's sub": (OtherSubject, "SSO-02", "TOKEN_CLAIM"),
    "another aud": (OtherAudience, "SSO-02", "TOKEN_CLAIM"),
    "exp - iat is 7200": (TwoHours, "SSO-02", "TOKEN_CLAIM"),
    "scope wrong": (OneScope, "SSO-03", "VALUE"),
    "scope wrong in the token alone": (OtherScopeInside, "SSO-01", "TOKEN_CLAIM"),
    "access_token in a 401": (Leaking, "SSO-04", "TOKEN_LEAKED"),
    "other words for who is unknown": (TellsWhoExists, "SSO-05", "USER_ENUMERATION"),
    "unknown system taken": (TakesAnything, "SSO-06", "REQUEST_ACCEPTED"),
    "200 for an injection": (Injected, "SSO-07", "AUTH_NOT_CHECKED"),
    "200 for an escaped letter": (Unescapes, "SSO-07", "AUTH_NOT_CHECKED"),
    "signature not checked": (Trusting, "SSO-08", "AUTH_NOT_CHECKED"),
    "expired token taken": (Timeless, "SSO-09", "AUTH_NOT_CHECKED"),
    "token that ends early": (ShortOfTime, "SSO-09", "AUTH_REFUSED"),
    "500 without a directory": (Broken, "SSO-10", "STATUS_UNEXPECTED"),
    "no answer without a directory": (Patient, "SSO-10", "SLOW"),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation_fails_its_scenario_and_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_wfm.features.steps.sso_token.NOTICED_S", 0.3)
    make, scenario, code = DEVIATIONS[name]
    with served(host := make()) as url:
        played = play_on(scenario, ours(url))
        host.moved_s += 60  # whoever still waits
    assert played.verdict == "fail", played
    assert code in played.codes, played
    assert all("eyJ" not in finding.actual.replace("eyJ…", "") for finding in played.findings)


def test_slow_machine_is_no_finding() -> None:
    with served(Slow()) as url:
        played = play_on("SSO-09", ours(url))
    assert (played.verdict, played.codes) == ("could not test", set())
    assert "no answer came within the last second" in played.reason


# A host of others


def test_without_leave_no_password_is_guessed() -> None:
    with served(host := SsoHost()) as url:
        verdicts = {scenario: play_on(scenario, Target(by_url(url, Policy()))) for scenario in SSO}
    told = {scenario: played.verdict for scenario, played in verdicts.items() if played.verdict != "pass"}
    assert told == {"SSO-04": "held", "SSO-05": "held", "SSO-09": "could not test", "SSO-10": "could not test"}
    assert {verdicts[scenario].reason for scenario in ("SSO-09", "SSO-10")} == {"no directory given"}
    assert host.wrong == 0
    assert not {"*", "\x00"} & set(host.asked)


def test_with_leave_one_wrong_password_is_tried_for_the_account() -> None:
    with served(host := SsoHost()) as url:
        target = Target(replace(by_url(url, Policy(allow_auth_failures=True)), ldap="ldap://127.0.0.1:9"))
        played = {scenario: play_on(scenario, target) for scenario in SSO}
    assert {played[scenario].verdict for scenario in ("SSO-04", "SSO-05", "SSO-07")} == {"pass"}
    assert played["SSO-10"].reason == ABSENT
    assert host.wrong == 1
    assert {"*", "\x00"} < set(host.asked)


def test_token_for_mce_comes_from_the_host_s_own_sso_and_is_kept() -> None:
    with served(host := SsoHost()) as url:
        target = Target(by_url(url, Policy()))
        for _ in range(3):
            assert target.mce.get("/agents/status").status == 200
        foreign = target.mce.foreign_token
        assert foreign
        assert target.mce.get("/agents/status", auth=f"Bearer {foreign()}").status == 403
    assert host.asked == [DIRECTORY_USER[0]] * 2


def test_user_who_is_refused_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TARGET_LDAP_USER", DIRECTORY_USER[0])
    monkeypatch.setenv("ARGUS_TARGET_LDAP_PASSWORD", "mistyped")
    with served(host := SsoHost()) as url:
        target = Target(by_url(url, Policy()))
        for _ in range(3):
            with pytest.raises(CouldNotTest, match="the host's SSO gave none: 401"):
                _ = target.mce
            with pytest.raises(Departure):
                target.logins.token("mce")
        played = {scenario: play_on(scenario, target).verdict for scenario in SSO}
        clients, notes = _clients(target, ("sso", "mce"))
    assert host.wrong == 1
    assert {scenario for scenario, verdict in played.items() if verdict == "fail"} == {
        "SSO-01",
        "SSO-02",
        "SSO-03",
        "SSO-06",
    }
    assert (clients, [note.partition(":")[0] for note in notes]) == ([], ["mce", "sso", "export"])


@pytest.mark.slow
@pytest.mark.parametrize("make", [SsoHost, TellsWhoExists])
def test_argus_conform_names_it(make: type[SsoHost], tmp_path: Path) -> None:
    with served(make()) as url:
        options = ("--only", "sso", "--allow-auth-failures", "--max-time", "0")
        exit_code, screen, report = conform(url, tmp_path, *options)
    failed = {row["id"] for row in report["scenarios"] if row["verdict"] == "fail"}
    assert (exit_code, failed) == ((0, set()) if make is SsoHost else (1, {"SSO-05"}))
    assert len(report["scenarios"]) == 10
    assert "needs our gateway with the host behind it, and getAgents of the host" in screen
    assert "eyJ" not in json.dumps(report).replace("eyJ…", "")
    assert "issueToken" in {row["operation"] for row in report["coverage"]["operations"]}
