"""Folders of private keys: which sign and verify, what a token may not make of them, and one line for what is wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from argus_wfm.conformance.cli.app import main
from argus_wfm.json_type import Json
from tests.support.clock import NOW
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE, TOKEN_KEY
from tests.support.keys import MAKERS, pem, public_pem
from tests.support.sso_client import Sso

PUBLIC = {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"}
ATTEMPTS = 20  # to be answered within one second
UNCHECKED: Any = {"verify_exp": False, "verify_iat": False}


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    return {algorithm: make() for algorithm, make in MAKERS.items()}


@pytest.fixture(scope="module")
def folder(keys: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all three kinds; the last by name is P-256."""
    made = tmp_path_factory.mktemp("keys")
    for name, algorithm in (("2025-05", "RS256"), ("2025-06", "EdDSA"), ("2025-07", "ES256")):
        (made / f"{name}.pem").write_bytes(pem(keys[algorithm]))
    (made / "README").write_text("not a key", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def argus(folder: Path) -> Iterator[Sso]:
    with gateway_on(NOWHERE, token_key=None, token_keys=folder) as url:
        yield Sso(url)


def issued(argus: Sso, audience: str = "mce") -> str:
    return str(argus.control("/token", {"audience": audience}).json()["access_token"])


def claims(**changed: Any) -> dict[str, Any]:
    now = int(NOW.timestamp())
    return {"iss": "argus", "sub": "argus", "aud": "mce", "iat": now, "exp": now + 3600, "jti": "a", **changed}


def signed(key: Any, algorithm: str, kid: Any, **changed: Any) -> str:
    headers = {"kid": kid} if kid is not None else {}
    return jwt.encode(claims(**changed), key, algorithm, headers)


def by_hand(header: Json, secret: bytes) -> str:
    """HS256 whatever the header says; libraries refuse a public key for a secret."""
    text = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims())]
    signature = base64.urlsafe_b64encode(hmac.digest(secret, b".".join(text), hashlib.sha256)).rstrip(b"=")
    return b".".join([*text, signature]).decode()


def status(argus: Sso, token: str) -> tuple[int, str]:
    reply = argus.bearing(token)
    return reply.status_code, reply.json().get("code", "")


REFUSED = (401, "TOKEN_INVALID")


def test_the_last_by_name_signs_and_all_verify(argus: Sso, keys: dict[str, Any]) -> None:
    token = issued(argus)
    header = jwt.get_unverified_header(token)
    assert header == {"typ": "JWT", "alg": "ES256", "kid": "2025-07"}
    good = [signed(keys["RS256"], "RS256", "2025-05"), signed(keys["EdDSA"], "EdDSA", "2025-06"), token]
    assert [status(argus, one)[0] for one in good] == [200] * 3


def test_public_keys_are_published_and_no_private_member(argus: Sso, keys: dict[str, Any]) -> None:
    published = argus.root("/auth/sso/jwks").json()["keys"]
    assert [(key["kid"], key["alg"], key["use"]) for key in published] == [
        ("2025-05", "RS256", "sig"),
        ("2025-06", "EdDSA", "sig"),
        ("2025-07", "ES256", "sig"),
    ]
    assert all(key.keys() <= PUBLIC for key in published)
    for key, algorithm in zip(published, ("RS256", "EdDSA", "ES256"), strict=True):
        token = signed(keys[algorithm], algorithm, key["kid"])
        assert jwt.decode(token, jwt.PyJWK(key), [algorithm], audience="mce", options=UNCHECKED)["sub"] == "argus"
    found = jwt.PyJWKSet.from_dict({"keys": published})["2025-07"]
    assert jwt.decode(issued(argus), found, ["ES256"], audience="mce", options=UNCHECKED)["aud"] == "mce"


def test_of_a_shared_secret_nothing_is_published() -> None:
    with gateway_on(NOWHERE) as url:
        assert Sso(url).root("/auth/sso/jwks").json() == {"keys": []}
        assert status(Sso(url), by_hand({"alg": "HS256"}, TOKEN_KEY.encode())) == (200, "")


@pytest.mark.parametrize(
    "kid", [None, "", "2025-04", "shared", "../2025-07", "2025-07.pem", "/etc/passwd", "2025-07\0", 7]
)
def test_a_key_that_is_none_of_ours_opens_nothing(argus: Sso, keys: dict[str, Any], kid: Any) -> None:
    header = {"alg": "HS256", "typ": "JWT"} | ({"kid": kid} if kid is not None else {})
    assert status(argus, by_hand(header, b"")) == REFUSED
    if not isinstance(kid, int):
        assert status(argus, signed(keys["ES256"], "ES256", kid)) == REFUSED


def test_a_token_does_not_choose_how_it_is_verified(argus: Sso, keys: dict[str, Any]) -> None:
    """HS256 with the public key for a secret, alg none, another's key, another's algorithm, its own key with it."""
    stranger = MAKERS["ES256"]()
    bad = [by_hand({"alg": "HS256", "kid": kid}, TOKEN_KEY.encode()) for kid in ("2025-05", "2025-06", "2025-07")]
    for algorithm, kid in (("RS256", "2025-05"), ("EdDSA", "2025-06"), ("ES256", "2025-07")):
        public = public_pem(keys[algorithm])
        bad += [by_hand({"alg": "HS256", "kid": kid}, secret) for secret in (public, public.strip(), b"")]
        bad += [by_hand({"alg": one, "kid": kid}, public) for one in ("none", "None", "nOnE", "", algorithm, "ES512")]
        bad += [jwt.encode(claims(), "", "none", {"kid": kid}), signed(stranger, "ES256", kid)]
    bad += [signed(keys["RS256"], one, "2025-05") for one in ("RS384", "RS512", "PS256")]
    bad += [signed(keys["ES256"], "ES256", "2025-05"), signed(keys["EdDSA"], "EdDSA", "2025-07")]
    own = {"jwk": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(stranger.public_key())), "jku": f"{argus.url}/x"}
    bad.append(jwt.encode(claims(), stranger, "ES256", {"kid": "2025-07", **own}))
    assert {status(argus, token) for token in bad} == {REFUSED}


@pytest.mark.parametrize("algorithm", list(MAKERS))
def test_one_character_changed_opens_nothing(argus: Sso, keys: dict[str, Any], algorithm: str) -> None:
    """Of header, claims or signature; the last of base64url may stand for the same bytes, so others are changed."""
    kid = {"RS256": "2025-05", "EdDSA": "2025-06", "ES256": "2025-07"}[algorithm]
    token = signed(keys[algorithm], algorithm, kid)
    assert status(argus, token)[0] == 200
    begins = token.rindex(".") + 1
    for place in (0, 5, token.index(".") + 5, begins, begins + 1, (begins + len(token)) // 2, len(token) - 2):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert status(argus, changed) == REFUSED, place
    for changed in (token[:-2], token[:begins], token + "AAAA", token.rpartition(".")[0]):
        assert status(argus, changed) == REFUSED


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"aud": "argus"}, (403, "INSUFFICIENT_SCOPE")),
        ({"aud": ["mce"]}, (403, "INSUFFICIENT_SCOPE")),
        ({"exp": int(NOW.timestamp()) - 1}, (401, "TOKEN_EXPIRED")),
        ({"exp": True}, REFUSED),
        ({"exp": NOW.timestamp() + 3600.5}, REFUSED),
        ({"exp": str(int(NOW.timestamp()) + 3600)}, REFUSED),
        ({"exp": -(10**18)}, REFUSED),
        ({"exp": 10**30}, (200, "")),
        ({"nbf": int(NOW.timestamp()) + 3000}, REFUSED),
        ({"nbf": int(NOW.timestamp()) - 1}, (200, "")),
        ({"nbf": "soon"}, REFUSED),
        ({"sub": 7}, REFUSED),
        ({"sub": None}, REFUSED),
        ({"jti": 7}, REFUSED),
        ({"jti": ["a"]}, REFUSED),
        ({"iss": "another"}, REFUSED),
    ],
)
def test_claims_of_a_well_signed_token(
    argus: Sso, keys: dict[str, Any], changed: dict[str, Any], answer: tuple[int, str]
) -> None:
    whole = json.dumps(claims(**changed)).encode()
    token = jwt.api_jws.encode(whole, keys["ES256"], "ES256", {"kid": "2025-07"})
    assert status(argus, token) == answer


def test_an_hour_is_over_at_3601_seconds_and_not_at_3599(folder: Path) -> None:
    with gateway_on(NOWHERE, token_key=None, token_keys=folder) as url:
        argus, answer, token = Sso(url), (0, ""), ""
        for _ in range(ATTEMPTS):
            if answer[0] != 200:  # the last second may pass before a busy machine has answered
                token = issued(argus)
                until = jwt.decode(token, options={"verify_signature": False})["iat"] + 3600
                moment = NOW.fromtimestamp(until - 1, NOW.tzinfo)
                assert argus.control("/clock", {"now": moment.isoformat()}).ok
                answer = status(argus, token)
        assert answer[0] == 200
        argus.move(2)
        assert status(argus, token) == (401, "TOKEN_EXPIRED")


def test_rotation_old_tokens_are_good_until_their_key_is_taken_away(tmp_path: Path) -> None:
    made = {name: MAKERS["EdDSA"]() for name in ("1", "2")}
    (tmp_path / "1.pem").write_bytes(pem(made["1"]))

    def run() -> tuple[str, dict[str, int]]:
        with gateway_on(NOWHERE, token_key=None, token_keys=tmp_path) as url:
            argus = Sso(url)
            answers = {name: status(argus, signed(key, "EdDSA", name))[0] for name, key in made.items()}
            return jwt.get_unverified_header(issued(argus))["kid"], answers

    assert run() == ("1", {"1": 200, "2": 401})
    (tmp_path / "2.pem").write_bytes(pem(made["2"]))
    assert run() == ("2", {"1": 200, "2": 200})
    (tmp_path / "1.pem").unlink()
    assert run() == ("2", {"1": 401, "2": 200})


def test_argus_token_signs_with_the_last_of_a_folder(
    folder: Path, argus: Sso, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ARGUS_TOKEN_KEY", raising=False)
    monkeypatch.setenv("ARGUS_TOKEN_KEYS", str(folder))
    assert main(["token", "--audience", "mce", "--now", "2025-07-29T01:30:00Z"]) == 0
    token = capsys.readouterr().out.strip()
    assert jwt.get_unverified_header(token)["kid"] == "2025-07"
    assert status(argus, token)[0] == 200
    monkeypatch.setenv("ARGUS_TOKEN_KEY", TOKEN_KEY)
    assert main(["token"]) == 2
    assert "two ways of signing" in capsys.readouterr().err
    monkeypatch.delenv("ARGUS_TOKEN_KEY")
    monkeypatch.setenv("ARGUS_TOKEN_KEYS", str(folder / "nowhere"))
    assert main(["token"]) == 2
    assert "ARGUS_TOKEN_KEYS: " in capsys.readouterr().err
