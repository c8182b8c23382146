"""JSON Web Tokens as the judge reads and forges them (RFC 7519), with no code of the gateway's."""

from __future__ import annotations

import base64
import binascii
import functools
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argus_wfm.json_type import Json

HOUR_S = 3600
FOREVER = 32_503_680_000  # the year 3000
OTHER_ALGORITHM = {"HS256": "HS512", "HS384": "HS256", "HS512": "HS256"}


@dataclass(frozen=True, slots=True)
class DecodedToken:
    """Header and claims; nothing is verified."""

    header: dict[str, Json]
    claims: dict[str, Json]
    parts: tuple[str, str, str]

    @classmethod
    def read(cls, text: str) -> DecodedToken:
        """Raises ValueError saying what is no JSON Web Token about it."""
        parts = text.split(".")
        if len(parts) != 3:
            raise ValueError(f"{len(parts)} parts instead of three")
        header, claims = _object("header", parts[0]), _object("claims", parts[1])
        _bytes("signature", parts[2])
        return cls(header, claims, (parts[0], parts[1], parts[2]))

    def verified_by(self, jwks: Json) -> bool:
        """Whether one of these public keys, of the token's kid and for its algorithm, made the signature."""
        import jwt

        keys = [key for key in jwks["keys"] if key.get("kid") == self.header.get("kid")]
        for key in keys:
            try:
                public = jwt.PyJWK(key, key["alg"])
                jwt.decode(".".join(self.parts), public, algorithms=[key["alg"]], options=_signature_alone())
            except (jwt.PyJWTError, ValueError, KeyError):
                continue
            return True
        return False


def with_other_signature(token: str) -> str:
    """With the first character of the signature changed, so that other bytes come of it."""
    head, dot, signature = token.rpartition(".")
    return f"{head}{dot}{'A' if signature[:1] != 'A' else 'B'}{signature[1:]}"


def forgeries(token: str, audience: str) -> dict[str, str]:
    """By name: what nobody may take for a token of the host's. `token` is a good one, of any form."""
    try:
        known = DecodedToken.read(token)
        header, claims, signature = known.header, known.claims, known.parts[2]
    except ValueError:  # the host's tokens are of another form: a JWT of ours is none of them all the more
        header, claims, signature = {"typ": "JWT", "alg": "HS256"}, {"sub": "argus", "aud": audience}, "c2lnbmF0dXJl"
    elsewhere = "reports" if audience != "reports" else "mce"
    swapped = OTHER_ALGORITHM.get(str(header.get("alg")), "HS256")
    signed = functools.partial(_signed, {**header, "alg": "HS256"})
    return {
        "alg_none": _joined({**header, "alg": "none"}, claims, ""),
        "swapped_algorithm": _joined({**header, "alg": swapped}, claims, signature),
        "changed_signature": with_other_signature(token),
        "wrong_audience": _joined(header, {**claims, "aud": elsewhere}, signature),
        "expired": signed({**claims, "iat": HOUR_S, "exp": 2 * HOUR_S}),
        "not_yet_valid": signed({**claims, "nbf": FOREVER, "exp": FOREVER + HOUR_S}),
        "own_key": signed({**claims, "exp": FOREVER}),
        "unknown_kid": _signed({**header, "alg": "HS256", "kid": "no-such-key"}, {**claims, "exp": FOREVER}),
    }


def signed_with_public_keys(token: str, jwks: Json) -> dict[str, str]:
    """A public key taken for a shared secret (RFC 8725, 2.1); by name, empty where there is no key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from jwt import PyJWK, PyJWTError

    known = DecodedToken.read(token)
    found: dict[str, str] = {}
    for key in jwks["keys"]:
        try:
            public = PyJWK(key, key["alg"]).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        except PyJWTError as error:
            raise ValueError(f"the key {key.get('kid')} cannot be read: {error}") from error
        header = {**known.header, "alg": "HS256", "kid": key["kid"]}
        found[f"public_key_{len(found) + 1}"] = _signed(header, known.claims, public)
    return found


def _signed(header: Mapping[str, Json], claims: Mapping[str, Json], key: bytes = b"") -> str:
    """HS256 by hand: PyJWT refuses what a forger would do."""
    import hashlib
    import hmac

    head = f"{_encoded(header)}.{_encoded(claims)}"
    digest = hmac.new(key or secrets.token_bytes(32), head.encode(), hashlib.sha256).digest()
    return f"{head}.{_text(digest)}"


def _joined(header: Mapping[str, Json], claims: Mapping[str, Json], signature: str) -> str:
    return f"{_encoded(header)}.{_encoded(claims)}.{signature}"


def _encoded(part: Mapping[str, Json]) -> str:
    return _text(json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _object(name: str, text: str) -> dict[str, Json]:
    try:
        part = json.loads(_bytes(name, text))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the {name} cannot be read: {error}") from error
    if not isinstance(part, dict):
        raise ValueError(f"the {name} is no object")
    return part


def _bytes(name: str, text: str) -> bytes:
    if "=" in text or "+" in text or "/" in text:
        raise ValueError(f"the {name} is not base64url without padding")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"the {name} is not base64url: {error}") from error


def _signature_alone() -> Any:
    return {f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")}
