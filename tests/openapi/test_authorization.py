"""What an Authorization header holds."""

from __future__ import annotations

import base64

import pytest

from argus_wfm.openapi.authorization import BASIC_CHALLENGE, BEARER_CHALLENGE, basic, bearer
from argus_wfm.openapi.errors import Unauthorized


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
@pytest.mark.parametrize(
    ("credentials", "found"),
    [
        ("argus:пароль", ("argus", "пароль")),
        ("argus:", ("argus", "")),
        (":", ("", "")),
        ("a:b:c", ("a", "b:c")),
        ("no colon", ("", "")),
        ("", ("", "")),
    ],
)
def test_basic_credentials_are_user_and_password(scheme: str, credentials: str, found: tuple[str, str]) -> None:
    assert basic(f"{scheme} {encoded(credentials)}") == found
    assert basic(f"{scheme}  {encoded(credentials)} ") == found


@pytest.mark.parametrize("header", ["", "Bearer x", "Basically x", "Digest x"])
def test_another_scheme_has_no_basic_credentials(header: str) -> None:
    assert basic(header) is None


@pytest.mark.parametrize("credentials", ["x", "=", "Ёж", "YQ==YQ==", base64.b64encode(b"\xff:\xff").decode()])
def test_basic_credentials_that_are_none_are_refused_with_the_challenge(credentials: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        basic(f"Basic {credentials}")
    assert refused.value.headers == BASIC_CHALLENGE
    assert credentials not in str(refused.value)


@pytest.mark.parametrize("header", ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "])
def test_a_bearer_token_is_what_follows(header: str) -> None:
    assert bearer(header) == "a.b.c"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer   ", "Basic a.b.c", "a.b.c", "Bearera.b.c"])
def test_without_a_token_the_challenge_says_which_is_wanted(header: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        bearer(header)
    assert refused.value.headers == BEARER_CHALLENGE
