"""Tokens for users of a directory, by HTTP: who gets one, what stands in it, and that all others are told the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
import requests

from argus_wfm.json_type import Json
from argus_wfm.mocks.ldap.accounts import password_of
from tests.support.clock import NOW
from tests.support.directories import Served
from tests.support.http_client import TOKEN_KEY, Caller
from tests.support.sso_client import LOGIN, RIGHT, Sso, basic, is_refused, refusal, sso_on

TARGETS = ("1c_zup", "mce", "reports", "argus")
TROUBLES = ("disabled", "expired", "locked", "must_change", "password_expired")
UNCHECKED = {"verify_exp": False, "verify_iat": False}


@pytest.fixture
def ad(mock_directory: Served, ad_sso: Sso) -> Served:
    """The mock alone, as new."""
    assert mock_directory.control("/reset", {})
    assert ad_sso.control("/reset", {}).ok
    return mock_directory


@pytest.fixture(scope="module")
def ad_sso(mock_directory: Served) -> Iterator[Sso]:
    with sso_on(mock_directory) as argus:
        yield argus


def read(token: str, audience: str = "mce") -> Json:
    return jwt.decode(token, TOKEN_KEY, ["HS256"], audience=audience, options=UNCHECKED)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", TARGETS)
def test_a_token_is_of_its_target_and_says_who_and_until_when(sso: Sso, target: str) -> None:
    reply = sso.ask(target=target)
    assert reply.status_code == 200
    body = reply.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 3600, "scope": f"{target}_integration"}
    header, claims = jwt.get_unverified_header(token), read(token, target)
    assert (header["typ"], header["alg"], header["kid"]) == ("JWT", "HS256", "shared")
    assert (claims["iss"], claims["sub"], claims["scope"]) == ("argus", LOGIN, f"{target}_integration")
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - NOW.timestamp()) < 600
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Session-Id"]


def test_every_token_has_an_id_of_its_own(sso: Sso) -> None:
    assert len({read(sso.token())["jti"] for _ in range(5)}) == 5


def test_roles_come_from_groups(sso: Sso, directory: Served) -> None:
    roles = {"Оператор": ["operator"], "Супервизор": ["supervisor"], "Аналитик": ["admin"]}
    for title, expected in roles.items():
        found = directory.found(f"(title={title})", attributes=["sAMAccountName"], size_limit=0)
        names = [entry["sAMAccountName"][0] for entry in found.values()]
        login = next(name for name in names if sso.ask(name, _password(name)).status_code == 200)
        assert read(sso.token(username=login, password=_password(login)))["roles"] == expected


def _password(login: str) -> str:
    return RIGHT if login == LOGIN else password_of(login, 1)


def test_roles_of_several_groups_and_of_none(ad: Served, ad_sso: Sso) -> None:
    ad.control("/people", {"login": LOGIN, "groups": ["argus-admins", "argus-operators", "argus-users"]})
    assert read(ad_sso.token())["roles"] == ["admin", "operator"]
    ad.control("/people", {"login": LOGIN, "groups": []})
    assert read(ad_sso.token())["roles"] == []


def test_a_token_opens_its_own_api_and_no_other(sso: Sso) -> None:
    paths = {"mce": "/services/mce/queues", "argus": "/api/integration/queue"}
    for target in TARGETS:
        token = sso.token(target)
        answers = {name: sso.bearing(token, path).status_code for name, path in paths.items()}
        assert answers == {name: 200 if name == target else 403 for name in paths}


def test_whoever_is_refused_is_told_the_same(sso: Sso) -> None:
    told = [
        refusal(sso.ask(password="wrong")),
        refusal(sso.ask("no.such.user", "wrong")),
        refusal(sso.ask("no.such.user", RIGHT)),
        refusal(sso.ask(user="petr.petrov")),
        refusal(sso.ask(user=LOGIN.upper())),
        refusal(sso.ask("petr.petrov", user=LOGIN)),
        refusal(sso.ask(password="")),
        refusal(sso.ask(password="\0")),
        refusal(sso.ask(password=RIGHT + "\0")),
        refusal(sso.ask(password=RIGHT[:-1])),
        refusal(sso.ask(password=RIGHT.upper())),
        refusal(sso.ask(password="x" * 5000)),
        refusal(sso.ask(password="\u0007\u202e пароль \ufdd0 אב12")),
        refusal(sso.ask(user="", password="")),
        refusal(sso.ask(authorization="Basic " + "bm8tY29sb24=")),
    ]
    assert told == [told[0]] * len(told)
    status, headers, body = told[0]
    assert (status, body["code"]) == (401, "INVALID_CREDENTIALS")
    assert headers["www-authenticate"] == 'Basic realm="argus", charset="UTF-8"'
    assert "x-session-id" not in headers
    assert sso.upstream()["breaker"] == {"state": "closed", "failures": 0}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_account_that_may_not_log_in_is_told_what_a_stranger_is(ad: Served, ad_sso: Sso, trouble: str) -> None:
    stranger = refusal(ad_sso.ask("no.such.user", "wrong"))
    assert ad.control("/people", {"login": LOGIN, trouble: True})["troubles"] == [trouble]
    assert refusal(ad_sso.ask()) == refusal(ad_sso.ask(password="wrong")) == stranger
    ad.control("/people", {"login": LOGIN, trouble: False})
    assert ad_sso.ask().status_code == 200


@pytest.mark.parametrize("spelled", [LOGIN.upper(), LOGIN.title()])
def test_a_name_in_other_case_is_the_same_user_as_the_directory_spells_it(sso: Sso, spelled: str) -> None:
    assert read(sso.token(username=spelled))["sub"] == LOGIN


@pytest.mark.parametrize(
    "looks_like",
    [
        "ivаn.ivanov",  # Cyrillic а
        "ｉｖａｎ.ivanov",  # full width
        "ivan\u2024ivanov",  # one dot leader
        "ivan.\u200bivanov",  # zero width space
        "ivàn.ivanov",
        "iva\u0301n.ivanov",
        " ivan.ivanov",
        "ivan.ivanov ",
        "ivan.ivanov\t",
        "ivan.ivanov\0",
        "ivan.ivanov@company.ru",
        "COMPANY\\ivan.ivanov",
        "ivan.ivano\\76",
        "ivan.iv*",
        "*)(sAMAccountName=*",
    ],
)
def test_what_looks_like_a_name_is_another(sso: Sso, looks_like: str) -> None:
    is_refused(sso.ask(looks_like))


def test_a_login_leaves_everybody_elses_account_alone(ad: Served, ad_sso: Sso) -> None:
    """Names are looked for as sAMAccountName; whoever gives a cn has no bind tried under it."""
    names = [name.split(",")[0].removeprefix("cn=") for name in ad.found(f"(sAMAccountName={LOGIN})")]
    is_refused(ad_sso.ask(names[0], "wrong"))
    assert ad.control("/state")["wrong_passwords"] == {}


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "UNAUTHORIZED"),
        ("Bearer eyJ0eXAiOiJKV1QifQ.e30.x", "UNAUTHORIZED"),
        ("Basic ***", "UNAUTHORIZED"),
        ("Basic /w==", "UNAUTHORIZED"),
        ("Digest username=ivan.ivanov", "UNAUTHORIZED"),
        (f"{basic(LOGIN, RIGHT)}, {basic(LOGIN, RIGHT)}", "UNAUTHORIZED"),
    ],
)
def test_without_basic_credentials_one_is_asked_for_them(ad_sso: Sso, authorization: str, code: str) -> None:
    reply = ad_sso.ask(authorization=authorization)
    is_refused(reply, 401, code)
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="argus", charset="UTF-8"'


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"target": "sap"}, "target_system"),
        ({"auth_type": "kerberos"}, "auth_type"),
        ({"username": ""}, "username"),
        ({"username": "x" * 257, "user": "x"}, "username"),
        ({"auth_type": None}, "auth_type"),
        ({"password_too": "x"}, "password_too"),
        ({"target_system": None}, "target_system"),
    ],
)
def test_a_request_against_the_contract_is_refused_before_anybody_is_asked(
    ad: Served, ad_sso: Sso, changed: dict[str, Any], field: str
) -> None:
    reply = ad_sso.ask(**changed)
    is_refused(reply, 400, "VALIDATION_ERROR")
    assert field in reply.text
    assert ad.control("/state")["arrived"] == {}


def test_several_log_in_at_once(sso: Sso, directory: Served) -> None:
    found = directory.found("(objectClass=user)", attributes=["sAMAccountName"], size_limit=40)
    names = [entry["sAMAccountName"][0] for entry in found.values()][:12]
    with ThreadPoolExecutor(12) as pool:
        alone = [sso.ask(name, _password(name)).status_code for name in names]
        at_once = list(pool.map(lambda name: sso.ask(name, _password(name)).status_code, names))
        one_name = list(pool.map(lambda _: sso.ask().status_code, range(12)))
    assert alone == at_once
    assert alone.count(200) >= 6
    assert one_name == [200] * 12


def test_two_entries_of_one_name_are_nobody(ad_sso: Sso, mock_directory: Served) -> None:
    """Asked of a directory whose base is the whole tree, by an attribute that many have."""
    from argus_wfm.gateway.upstream.ldap_login import DirectoryAccount, Login, Service
    from argus_wfm.mocks.ldap.accounts import SERVICE_PASSWORD
    from argus_wfm.mocks.ldap.entries import ROOT, SERVICE

    for attribute, value in (("company", "x"), ("title", "Оператор"), ("objectClass", "user")):
        account = DirectoryAccount(mock_directory.url, SERVICE, SERVICE_PASSWORD, ROOT, name_attribute=attribute)
        service = Service(account, 5)
        assert Login(service, value, RIGHT).run() is None
        service.close()


def test_without_a_directory_or_a_key_nobody_gets_a_token(ad: Served) -> None:
    for settings in ({"ldap_url": ""}, {"token_key": None}):
        with sso_on(ad, **settings) as argus:
            reply = argus.ask()
            is_refused(reply, 503, "LDAP_UNAVAILABLE")
            assert reply.headers["Retry-After"] == "60"
            assert argus.revoke("x").json() == {"revoked": True}
    assert ad.control("/state")["arrived"] == {}


def test_what_other_apis_take_is_not_taken_here(ad_sso: Sso) -> None:
    reply: requests.Response = Caller(ad_sso.url).root("/auth/sso/token")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")
