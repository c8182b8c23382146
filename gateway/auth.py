"""Tokens of the gateway: JSON Web Tokens, HS256, one audience each (seed section 3; A17, A18)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import jwt

from gateway.errors import InsufficientScope, TokenExpired, TokenInvalid

ISSUER = "argus"
LIFE_S = 3600
SHORTEST_KEY = 32  # bytes, RFC 7518 section 3.2
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="argus"'}


class Tokens:
    """Signs and verifies; times are judged by `now`, since the clock may have been moved."""

    def __init__(self, key: bytes, now: Callable[[], dt.datetime]) -> None:
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"a token key has at least {SHORTEST_KEY} bytes")
        self._key, self._now = key, now

    def issue(self, subject: str, audience: str, life_s: int = LIFE_S) -> str:
        """A token for one API."""
        issued = int(self._now().timestamp())
        claims = {"iss": ISSUER, "sub": subject, "aud": audience, "iat": issued, "exp": issued + life_s}
        return jwt.encode(claims, self._key, algorithm="HS256", headers={"typ": "JWT"})

    def verify(self, token: str, audience: str) -> str:
        """The subject. Raises TokenInvalid, TokenExpired, InsufficientScope."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                issuer=ISSUER,
                options={
                    "require": ["exp", "iat", "sub", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                },
            )
        except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError) as error:  # its parts may hold anything
            raise TokenInvalid("The token is none of this gateway's; ask for a new one.", headers=CHALLENGE) from error
        if not isinstance(claims["exp"], int) or claims["exp"] <= self._now().timestamp():
            raise TokenExpired("The token has expired; ask for a new one.", headers=CHALLENGE)
        if claims["aud"] != audience:
            raise InsufficientScope(f"The token is for {claims['aud']}; this API takes tokens for {audience}.")
        return str(claims["sub"])
