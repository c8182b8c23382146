"""What the judge asks of a directory: the mock and OpenLDAP keep to all of it; each deviation is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from json import loads
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.utils.conv import escape_filter_chars

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.generated.progress import Probed
from argus_wfm.conformance.generated.runner import _asked_of_directory
from argus_wfm.conformance.model.findings import CODES
from argus_wfm.conformance.probes.directory import HOSTILE, QUESTIONS, DirectoryTarget, questions
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.kill_switch import Limits
from argus_wfm.conformance.target.profile import DIRECTORY_USER
from argus_wfm.conformance.target.safety import SafetyGuard
from argus_wfm.json_type import Json
from argus_wfm.mocks.ldap import session
from tests.support.directories import Served, mocked, slapd
from tests.support.directory_target import asked, target
from tests.support.environment import without_target_settings


@pytest.fixture(scope="module")
def _served() -> Iterator[Served]:
    with mocked(agents=130) as directory:
        yield directory


@pytest.fixture
def mock(_served: Served) -> Served:
    _served.control("/reset", {})
    return _served


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    without_target_settings(monkeypatch)


def test_mock_keeps_to_all_of_it(mock: Served) -> None:
    for url in (mock.url, mock.tls_url):
        assert asked(target(url)) == dict.fromkeys(QUESTIONS, "pass")


def test_openldap_keeps_to_all_of_it() -> None:
    with slapd(agents=30) as directory:
        dn = "cn=Иванов Иван Иванович,ou=employees,dc=company,dc=ru"
        assert asked(target(directory.url, ldap_dn=dn)) == dict.fromkeys(QUESTIONS, "pass")


@pytest.mark.parametrize(
    ("allowed", "asker", "due"), [(False, "SSO-03", "held"), (True, "SSO-03", "pass"), (True, "SSO-04", "held")]
)
def test_wrong_password_is_tried_once_where_it_may_be(
    mock: Served, tmp_path: Path, allowed: bool, asker: str, due: str
) -> None:
    limits = Limits(journal=str(tmp_path / "journal.jsonl"))
    before = SafetyGuard(limits)
    before.by = asker
    with before.request("issueToken", "POST", "http://127.0.0.1:9/auth/sso/token", "read") as pending:
        pending.status = 401
    of_others = replace(target(mock.url, Policy(allow_auth_failures=allowed)).config, limits=limits)
    (probe,) = [probe for probe in questions(Target(of_others)) if probe.name == "refuses_wrong_password"]
    assert outcome(probe)[0] == due
    wrong = mock.control("/state")["wrong_passwords"]
    assert wrong == ({DIRECTORY_USER[0]: 1} if due == "pass" else {})


def test_each_exchange_with_a_directory_passes_the_gate(mock: Served, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    limits = Limits(journal=str(journal), rate=1e9)
    assert set(asked(Target(replace(target(mock.url, Policy()).config, limits=limits))).values()) == {"pass", "held"}
    sent = [entry for line in journal.read_text(encoding="utf-8").splitlines() if "method" in (entry := loads(line))]
    methods = Counter(entry["method"] for entry in sent)
    assert methods.keys() == {"CONNECT", "BIND", "SEARCH", "STARTTLS"}
    assert methods["SEARCH"] > len(HOSTILE)
    few = replace(limits, requests=len(sent) + 4)
    told = asked(Target(replace(target(mock.url, Policy()).config, limits=few)))
    assert list(told.values())[-3:] == ["untested"] * 3


def test_user_who_is_refused_is_tried_once(mock: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TARGET_LDAP_USER", DIRECTORY_USER[0])
    monkeypatch.setenv("ARGUS_TARGET_LDAP_PASSWORD", "mistyped")
    told = asked(target(mock.url, Policy()))
    assert told["answers"] == told["has_the_four_attributes"] == "LDAP_BIND_REFUSED"
    assert mock.control("/state")["wrong_passwords"] == {DIRECTORY_USER[0]: 1}


def test_password_does_not_show_where_the_directory_is_printed(mock: Served) -> None:
    directory = DirectoryTarget.of(target(mock.url))
    assert DIRECTORY_USER[0] in repr(directory)
    assert DIRECTORY_USER[1] not in repr(directory)


def test_nobody_given_could_not_be_tested() -> None:
    with pytest.raises(CouldNotTest, match="set ARGUS_TARGET_LDAP_USER and ARGUS_TARGET_LDAP_PASSWORD"):
        list(_asked_of_directory(target("ldap://ldap.example", sso="https://argus.example/auth/sso")))
    assert list(_asked_of_directory(target(""))) == list[Probed]()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": None}, "LDAP_ATTRIBUTE"),
        ({"title": " "}, "LDAP_ATTRIBUTE"),
        ({"department": "Ð˜Ð²Ð°Ð½"}, "MOJIBAKE"),
    ],
)
def test_entry_that_deviates_is_named(mock: Served, change: Json, code: str) -> None:
    mock.control("/people", {"login": DIRECTORY_USER[0], **change})
    told = asked(target(mock.url))
    assert told == {**dict.fromkeys(QUESTIONS, "pass"), "has_the_four_attributes": code}


def test_user_who_is_not_found_is_told(mock: Served) -> None:
    assert asked(target(mock.url, ldap_name_attribute="mail"))["has_the_four_attributes"] == "LDAP_NOT_FOUND"


def open_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.Session, "_need_bind", lambda self: None)


def without_starttls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "STARTTLS", b"1.2.3")


def other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that tells an unknown user from a wrong password."""
    monkeypatch.setattr(session, "BAD_CREDENTIALS", session.NO_SUCH_OBJECT)


def empty_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unauthenticated bind, as RFC 4513 (5.1.2) warns of."""
    bind = session.Session._bind

    def lets_in(self: Any, request: Any, reply: type, arrived: float) -> Any:
        request.dn = request.dn if request.auth else b""
        return bind(self, request, reply, arrived)

    monkeypatch.setattr(session.Session, "_bind", lets_in)


DEVIATIONS = {
    "an empty password": (empty_password, "refuses_empty_password", "LDAP_EMPTY_PASSWORD"),
    "open to all": (open_to_all, "hides_people_from_strangers", "LDAP_ANONYMOUS"),
    "no StartTLS": (without_starttls, "offers_starttls", "LDAP_STARTTLS"),
    "another result code": (other_code, "refuses_wrong_password", "LDAP_WRONG_PASSWORD"),
    "another result code for nobody": (other_code, "refuses_unknown_name", "LDAP_WRONG_PASSWORD"),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_directory_that_deviates_is_named(mock: Served, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deviate, question, code = DEVIATIONS[name]
    deviate(monkeypatch)
    assert asked(target(mock.url))[question] == code


def test_name_that_is_taken_for_a_filter_is_named(mock: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ldap3.utils.conv.escape_filter_chars", lambda text: text if text == "*" else escape_filter_chars(text)
    )
    assert asked(target(mock.url))["matches_nobody_by_hostile_names"] == "LDAP_INJECTION"


def test_directory_that_is_down_is_unreachable(mock: Served) -> None:
    mock.control("/faults", [{"fault": "refuse"}])
    assert set(asked(target(mock.url)).values()) == {"LDAP_UNREACHABLE"}


def test_passwords_do_not_travel_in_the_clear_to_other_machines(mock: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock's certificate is nobody's that we trust."""
    monkeypatch.setattr("argus_wfm.conformance.probes.directory.LOOPBACK", ())
    told = asked(target(mock.url))
    assert {told[name] for name in ("answers", "refuses_unknown_name", "offers_starttls")} == {"LDAP_STARTTLS"}
    trusting = target(mock.url.replace("127.0.0.1", "localhost"))
    trusting = Target(replace(trusting.config, ca_file=str(mock.authority)))
    assert asked(trusting) == dict.fromkeys(QUESTIONS, "pass")


@given(st.text())
def test_ldap3_escapes_a_name_as_our_own_code_did(name: str) -> None:
    """RFC 4515, section 3: five characters mean something in a filter."""
    escapes = {letter: f"\\{ord(letter):02x}" for letter in "\\*()\x00"}
    assert escape_filter_chars(name) == "".join(escapes.get(letter, letter) for letter in name)


def test_every_code_is_explained() -> None:
    assert {code for code in CODES if code.startswith("LDAP_")} >= {code for *_, code in DEVIATIONS.values()}
    assert DirectoryTarget.answers.__doc__
