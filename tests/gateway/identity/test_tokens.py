"""Tokens of the operations API, over HTTP: who is let in, who is not, and what they are told."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
import requests

from tests.support.clock import NOW
from tests.support.gateway import Gateway
from tests.support.http_client import NOWHERE, PASSWORD, TOKEN_KEY, USER, Caller
from tests.support.tokens import FOREIGN, claims, made

QUEUE = "/api/integration/queue"
CHALLENGE = 'Bearer realm="argus"'


@pytest.fixture(scope="module")
def argus(lone_gateway: str) -> Caller:
    """Its clock is not moved."""
    return Caller(lone_gateway)


def ask(argus: Caller, authorization: str | bytes | None, **headers: str) -> requests.Response:
    given: dict[str, str | bytes] = {**headers}
    if authorization is not None:
        given["Authorization"] = authorization
    with contextlib.closing(requests.Session()) as session:
        session.trust_env = False
        return session.get(argus.url + QUEUE, headers=given, timeout=30)


def issued(argus: Caller, audience: str = "argus") -> str:
    return str(argus.control("/token", {"audience": audience, "subject": "Ёж"}).json()["access_token"])


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("WWW-Authenticate") == (CHALLENGE if status == 401 else None)
    assert "paused" not in answer.json()


def test_a_good_token_is_let_in(argus: Caller) -> None:
    for token in (issued(argus), made(claims())):
        for scheme in ("Bearer", "bearer", "BEARER"):
            answer = ask(argus, f"{scheme} {token}")
            assert (answer.status_code, answer.json()["paused"]) == (200, False)


def test_a_session_is_the_tokens_own(argus: Caller) -> None:
    first = ask(argus, f"Bearer {issued(argus)}")
    assert first.headers["X-Session-Id"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer  ", "Digest x", "Token x"])
def test_no_token_is_unauthorized_with_a_challenge(argus: Caller, authorization: str | None) -> None:
    refused(ask(argus, authorization), 401, "UNAUTHORIZED")


def test_the_password_of_the_personnel_api_is_no_token(argus: Caller) -> None:
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    refused(ask(argus, f"Basic {basic}"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("name", FOREIGN)
def test_what_this_gateway_did_not_sign_is_refused(argus: Caller, name: str) -> None:
    refused(ask(argus, f"Bearer {FOREIGN[name]}"), 401, "TOKEN_INVALID")


def test_bytes_that_are_no_text_are_refused(argus: Caller) -> None:
    refused(ask(argus, b"Bearer \xff\xfe.\xd0\xb9.x"), 401, "TOKEN_INVALID")


@pytest.mark.parametrize("audience", ["1c", "ARGUS", "argus ", ["argus"], ["argus", "1c"]])
def test_a_token_for_another_api_is_forbidden(argus: Caller, audience: Any) -> None:
    refused(ask(argus, f"Bearer {made(claims(aud=audience))}"), 403, "INSUFFICIENT_SCOPE")


@pytest.mark.parametrize("expiry", [0, "9999999999", True, 1e400, NOW.timestamp() + 0.5])
def test_an_expiry_that_is_over_or_no_whole_number_lets_nobody_in(argus: Caller, expiry: Any) -> None:
    answer = ask(argus, f"Bearer {made(claims(exp=expiry))}")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)
    assert answer.json()["code"] in ("TOKEN_EXPIRED", "TOKEN_INVALID")


def test_a_token_ends_at_the_second_it_says_by_the_gateways_clock(gateway: Gateway) -> None:
    with gateway(NOWHERE) as argus:
        token = issued(argus)
        padding = "=" * (-len(token.split(".")[1]) % 4)
        until = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + padding))["exp"]
        assert until - NOW.timestamp() == pytest.approx(3600, abs=30)
        _clock(argus, until - 3)
        assert ask(argus, f"Bearer {token}").status_code == 200
        _clock(argus, until)
        refused(ask(argus, f"Bearer {token}"), 401, "TOKEN_EXPIRED")
        assert ask(argus, f"Bearer {issued(argus)}").status_code == 200


def _clock(argus: Caller, timestamp: float) -> None:
    now = NOW.fromtimestamp(timestamp, NOW.tzinfo).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert argus.control("/clock", {"now": now}).ok


def test_without_a_key_no_token_is_taken_and_none_issued(gateway: Gateway) -> None:
    with gateway(NOWHERE, token_key=None) as argus:
        assert argus.control("/token", {"audience": "argus"}).status_code == 400
        for token in (made(claims()), made(claims(), key=""), FOREIGN["alg none"]):
            refused(ask(argus, f"Bearer {token}"), 401, "TOKEN_INVALID")


def test_refusals_repeat_neither_token_nor_key(argus: Caller) -> None:
    for token in (*FOREIGN.values(), made(claims(exp=0)), made(claims(aud="1c"))):
        said = ask(argus, f"Bearer {token}").text
        assert TOKEN_KEY not in said
        assert len(token) < 3 or token not in said
