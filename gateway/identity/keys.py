"""The keys that tokens are signed with: a folder of private keys, or, for development, one shared secret.

Of a folder the key whose file name comes last signs, and all verify: a new key is added before it signs for long, an
old one is taken away once its last token has expired. A token names its key (kid), and a key its algorithm, so that no
token chooses how it is verified.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jwt.algorithms import get_default_algorithms

from argus_wfm.json_type import Json

SHORTEST_SECRET = 32  # bytes, RFC 7518 section 3.2
SHORTEST_RSA = 2048  # bits
SHARED = "shared"  # the kid of a secret


class KeysError(ValueError):
    """These keys cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Key:
    """One of them; for a secret both sides are the same, which is why neither is shown."""

    kid: str
    algorithm: str
    private: Any = field(repr=False)
    public: Any = field(repr=False)

    def jwk(self) -> dict[str, Json]:
        """The public side (RFC 7517)."""
        algorithm = get_default_algorithms()[self.algorithm]
        members = json.loads(algorithm.to_jwk(self.public))
        shown = {name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members}
        return {**shown, "kid": self.kid, "use": "sig", "alg": self.algorithm}


class Keys:
    """All that verify, by kid, and the one that signs."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys, self.signing = dict(keys), list(keys.values())[-1]

    @classmethod
    def shared(cls, secret: bytes) -> Keys:
        """HS256 with one secret. Raises KeysError for one that is too short."""
        if len(secret) < SHORTEST_SECRET:
            raise KeysError(f"a token key has at least {SHORTEST_SECRET} bytes")
        return cls({SHARED: Key(SHARED, "HS256", secret, secret)})

    @classmethod
    def of_folder(cls, folder: Path) -> Keys:
        """Every <kid>.pem in it: P-256, Ed25519, or RSA of at least 2048 bits. Raises KeysError."""
        try:
            files = sorted(folder.glob("*.pem"))
            keys = {file.stem: _read(file) for file in files}
        except OSError as error:
            raise KeysError(f"{error.filename or folder}: {error.strerror}") from error
        if not keys:
            raise KeysError(f"{folder} holds no key, no file that ends in .pem")
        return cls(keys)

    def of(self, kid: str | None) -> Key | None:
        """The key of a token that names it; a token that names none is of the shared secret, where there is one."""
        return self._keys.get(SHARED if kid is None else kid)

    def jwks(self) -> dict[str, Json]:
        """The public keys; of a secret there is none."""
        return {"keys": [key.jwk() for key in self._keys.values() if key.algorithm != "HS256"]}


def _read(file: Path) -> Key:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(file.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeysError(f"{file.name} is no private key in PEM without a passphrase") from error
    match private:
        case EllipticCurvePrivateKey() if isinstance(private.curve, SECP256R1):
            algorithm = "ES256"
        case Ed25519PrivateKey():
            algorithm = "EdDSA"
        case RSAPrivateKey() if private.key_size >= SHORTEST_RSA:
            algorithm = "RS256"
        case _:
            raise KeysError(f"{file.name} is none of P-256, Ed25519 and RSA of at least {SHORTEST_RSA} bits")
    return Key(file.stem, algorithm, private, private.public_key())
