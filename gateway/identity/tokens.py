"""Tokens of the gateway: JSON Web Tokens of one audience each (seed section 3; A17, A18)."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from argus_wfm.gateway.errors import InsufficientScope, TokenExpired, TokenInvalid
from argus_wfm.gateway.identity.keys import Keys
from argus_wfm.openapi.authorization import BEARER_CHALLENGE

ISSUER = "argus"
LIFE_S = 3600
TOKEN_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
LATEST = 253_370_764_800  # the year 9999, which ends what a datetime can say


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says; `expires_at` is aware UTC."""

    subject: str
    expires_at: dt.datetime
    id: str


class Tokens:
    """Signs and verifies; times are judged by `now`, since the clock may have been moved.

    `revoked` knows the ids of tokens that were ended before their time.
    """

    def __init__(
        self, keys: Keys, now: Callable[[], dt.datetime], revoked: Callable[[str], bool] = lambda token_id: False
    ) -> None:
        self.keys, self._now, self._revoked = keys, now, revoked

    def issue(self, subject: str, audience: str, life_s: int = LIFE_S, roles: Sequence[str] = ()) -> str:
        """A token for one API."""
        issued, key = int(self._now().timestamp()), self.keys.signing
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": audience,
            "scope": scope(audience),
            "roles": list(roles),
            "iat": issued,
            "exp": issued + life_s,
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"typ": "JWT", "kid": key.kid})

    def verify(self, token: str, audience: str) -> str:
        """The subject. Raises TokenInvalid, TokenExpired, InsufficientScope."""
        return self.claims(token, audience).subject

    def claims(self, token: str, audience: str) -> Claims:
        """Who presents it, and until when. Raises TokenInvalid, TokenExpired, InsufficientScope."""
        known, for_whom = self.read(token)
        now = self._now()
        if known.expires_at <= now:
            raise TokenExpired("The token has expired; ask for a new one.", headers=BEARER_CHALLENGE)
        if self.is_revoked(known.id):
            raise _invalid()
        if for_whom != audience:
            raise InsufficientScope(f"The token is for {for_whom}; this API takes tokens for {audience}.")
        return known

    def is_revoked(self, token_id: str) -> bool:
        """Whether the token of that id was ended before its time."""
        return self._revoked(token_id)

    def read(self, token: str) -> tuple[Claims, str]:
        """What a token of ours says, over or not, and its audience. Raises TokenInvalid."""
        try:
            claims = self._decoded(token)
            expires_at = dt.datetime.fromtimestamp(min(claims["exp"], LATEST), dt.UTC)
            not_before = claims.get("nbf", 0)
            if not_before > self._now().timestamp() or not isinstance(claims.get("jti", ""), str):
                raise _invalid()
        except (jwt.InvalidTokenError, TypeError, ValueError, OSError, OverflowError, RecursionError) as error:
            raise _invalid() from error  # its parts may hold anything
        return Claims(str(claims["sub"]), expires_at, _id(token, claims.get("jti"))), str(claims["aud"])

    def _decoded(self, token: str) -> dict[str, Any]:
        key = self.keys.of(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            raise _invalid()
        unchecked = ("verify_exp", "verify_iat", "verify_nbf", "verify_aud")
        options: Any = {"require": ["exp", "iat", "sub", "aud"], **dict.fromkeys(unchecked, False)}
        claims = jwt.decode(token, key.public, algorithms=[key.algorithm], issuer=ISSUER, options=options)
        if isinstance(claims["exp"], bool) or not isinstance(claims["exp"], int):
            raise _invalid()
        return claims


def scope(target_system: str) -> str:
    """Of a token for a system (A17)."""
    return f"{target_system}_integration"


def _id(token: str, given: str | None) -> str:
    """What it is revoked by: its jti, or what was signed where somebody else's jti is missing or would not do."""
    if given is not None and TOKEN_ID.fullmatch(given):
        return given
    return hashlib.sha256(token.rpartition(".")[0].encode("utf-8", "surrogatepass")).hexdigest()


def _invalid() -> TokenInvalid:
    words = "The token is none of this gateway's, or is not accepted any more; ask for a new one."
    return TokenInvalid(words, headers=BEARER_CHALLENGE)
