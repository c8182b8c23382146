"""Tokens that the judge reads and forges, and hosts that take what they should not."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from argus_wfm.conformance.checks.jwt import DecodedToken, forgeries, signed_with_public_keys, with_other_signature
from argus_wfm.conformance.model.findings import clipped
from argus_wfm.conformance.probes.examples import named
from argus_wfm.conformance.probes.http import forged
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import by_url
from argus_wfm.conformance.target.target import Target
from tests.support.sso_host import KEY, Refused, SsoHost, served

Json = Any
SECRET = "a secret of this test alone, which is long enough for each of the algorithms"
CLAIMS = {"sub": "ivan.ivanov", "aud": "mce", "iat": 1753752600, "exp": 1753756200}
KEYS: dict[str, Any] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "RS256": rsa.generate_private_key(65537, 2048),
}


def jwks(algorithm: str, kid: str = "k") -> Json:
    public = KEYS[algorithm].public_key()
    members = get_default_algorithms()[algorithm].to_jwk(public, as_dict=True)
    return {"keys": [{**members, "kid": kid, "use": "sig", "alg": algorithm}]}


@pytest.mark.parametrize("algorithm", KEYS)
def test_token_is_read_and_verified_by_the_published_key_alone(algorithm: str) -> None:
    text = jwt.encode(CLAIMS, KEYS[algorithm], algorithm, headers={"kid": "k"})
    token = DecodedToken.read(text)
    assert (token.header["alg"], token.claims) == (algorithm, CLAIMS)
    assert token.verified_by(jwks(algorithm))
    assert not token.verified_by(jwks(algorithm, "other"))
    assert not token.verified_by({"keys": []})
    assert not DecodedToken.read(with_other_signature(text)).verified_by(jwks(algorithm))
    others = [name for name in KEYS if name != algorithm]
    assert not any(token.verified_by(jwks(name)) for name in others)


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.c", "e30.W10.c2ln", "e30=.e30.c2ln", "e30.e30.c2ln.x", "e30.e30.a/+b"]
)
def test_what_is_no_token_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"parts|header|claims|signature"):
        DecodedToken.read(text)


@given(st.text(min_size=1, max_size=50), st.binary(min_size=1, max_size=80))
def test_changed_signature_is_other_bytes(subject: str, key: bytes) -> None:
    text = jwt.encode({"sub": subject}, key.ljust(32, b"0"), "HS256")
    assert DecodedToken.read(with_other_signature(text)).claims == {"sub": subject}
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(with_other_signature(text), key.ljust(32, b"0"), algorithms=["HS256"])


@pytest.mark.parametrize(
    "good",
    [jwt.encode(CLAIMS, SECRET, "HS256"), jwt.encode(CLAIMS, KEY, "ES256"), "opaque"],
    ids=["HS256", "ES256", "opaque"],  # a signature by ES256 is another each time
)
def test_no_forgery_is_verified_and_each_is_another(good: str) -> None:
    tokens = forgeries(good, "mce")
    assert len({good, *tokens.values()}) == len(tokens) + 1
    public: Any = KEY.public_key()
    for key, algorithms in ((SECRET, ["HS256", "HS384", "HS512"]), (public, ["ES256"])):
        for token in tokens.values():
            with pytest.raises(jwt.PyJWTError):
                jwt.decode(token, key, algorithms=algorithms, options={"verify_exp": False, "verify_aud": False})


def test_public_key_is_tried_as_a_secret() -> None:
    token = jwt.encode(CLAIMS, KEYS["RS256"], "RS256", headers={"kid": "k"})
    (made,) = signed_with_public_keys(token, jwks("RS256")).values()
    head, _, _ = made.rpartition(".")
    public = KEYS["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = jwt.utils.base64url_decode(made.rpartition(".")[2])
    assert jwt.get_unverified_header(made)["alg"] == "HS256"
    assert hmac.new(public, head.encode(), hashlib.sha256).digest() == signature
    assert signed_with_public_keys(token, {"keys": []}) == {}


def unsigned_taken(token: str) -> Json:
    if jwt.get_unverified_header(token)["alg"] == "none":
        return jwt.decode(token, options={"verify_signature": False})
    return SsoHost().read(token)


def key_chosen_by_token(token: str) -> Json:
    """Whoever names a key that is not known is believed."""
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


def test_findings_hold_no_token() -> None:
    token = jwt.encode(CLAIMS, SECRET, "HS256")
    assert clipped({"access_token": token, "scope": "x"}) == "{'access_token': 'eyJ…', 'scope': 'x'}"
    assert token.split(".")[2] not in clipped(f"Bearer {token}")


def test_username_of_a_generated_request_is_the_user_s() -> None:
    assert named({"username": "x", "auth_type": "ldap"}, "petr") == {"username": "petr", "auth_type": "ldap"}
    assert named({"token": "x"}, "petr") == {"token": "x"}
    assert named(["username"], "petr") == ["username"]
