"""Tokens that the judge reads, verifies and forges."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from argus_wfm.conformance.checks.jwt import DecodedToken, forgeries, signed_with_public_keys, with_other_signature
from argus_wfm.json_type import Json
from tests.support.sso_host import KEY

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
