"""The operations of openapi/sso.yaml: the directory says who somebody is, and a token says it for an hour."""

from __future__ import annotations

import asyncio

from argus_wfm.gateway.api.responses import asked
from argus_wfm.gateway.errors import InvalidCredentials, LdapUnavailable, TokenInvalid, TooManyRequests
from argus_wfm.gateway.identity.lockout import Lockout, NameLocks
from argus_wfm.gateway.identity.revocations import Revocations
from argus_wfm.gateway.identity.tokens import LIFE_S, Tokens, scope
from argus_wfm.gateway.upstream.ldap import Identity, LdapDirectory
from argus_wfm.json_type import Json
from argus_wfm.openapi import ApiResponse, Call, Handlers
from argus_wfm.openapi.authorization import BASIC_CHALLENGE, basic
from argus_wfm.openapi.exchange import current

NOT_KEPT = {"Cache-Control": "no-store"}  # RFC 6749, 5.1
ROLES = {"argus-operators": "operator", "argus-supervisors": "supervisor", "argus-admins": "admin"}


class Sso:
    """One method per operation."""

    def __init__(
        self, directory: LdapDirectory | None, tokens: Tokens | None, lockout: Lockout, revocations: Revocations
    ) -> None:
        self._directory, self._tokens = directory, tokens
        self._lockout, self._revocations, self._turns = lockout, revocations, NameLocks()

    def handlers(self) -> Handlers:
        """By operationId."""
        return {"issueToken": self.issue_token, "getJwks": self.get_jwks, "revokeToken": self.revoke_token}

    async def issue_token(self, call: Call) -> Json:
        """Raises InvalidCredentials, LdapUnavailable, CircuitOpen, TooManyRequests, Unauthorized."""
        target, tokens = call.body["target_system"], self._of_gateway()
        identity = await self._identity(call)
        current().principal = identity.username
        issued = {
            "access_token": tokens.issue(identity.username, target, roles=roles(identity)),
            "token_type": "Bearer",
            "expires_in": LIFE_S,
            "scope": scope(target),
        }
        return ApiResponse(issued, headers=NOT_KEPT)

    async def get_jwks(self, call: Call) -> Json:
        """Empty for a shared secret."""
        return self._tokens.keys.jwks() if self._tokens else {"keys": []}

    async def revoke_token(self, call: Call) -> Json:
        """Nobody is told whether the token was one."""
        try:
            claims, _ = self._of_gateway().read(call.body["token"])
        except (TokenInvalid, LdapUnavailable):
            return {"revoked": True}
        await asyncio.to_thread(self._revocations.revoke, claims.id, claims.expires_at)
        return {"revoked": True}

    async def _identity(self, call: Call) -> Identity:
        """Of a user who gave the right password. One who is locked costs the directory the same work, under no name."""
        if self._directory is None:
            raise LdapUnavailable(
                "This gateway has no directory: ARGUS_LDAP_URL is not set.", headers={"Retry-After": "60"}
            )
        username = call.body["username"]
        user, password = basic(call.headers["authorization"]) or ("", "")
        try:
            async with self._turns.of(username, self._directory.patience):
                identity = await self._tried(self._directory, username if user == username else None, password, call)
        except TimeoutError as error:
            words = "Other logins of this name are waiting for the directory; try again later."
            raise TooManyRequests(words, headers={"Retry-After": "5"}) from error
        if identity is None:
            raise InvalidCredentials(
                "The directory does not know this user with this password.", headers=BASIC_CHALLENGE
            )
        return identity

    async def _tried(self, directory: LdapDirectory, name: str | None, password: str, call: Call) -> Identity | None:
        """None as the name is somebody who is not let in, and whose failures are not counted."""
        if await asked(lambda: self._lockout.is_locked(call.body["username"])):
            name = None
        identity = await directory.authenticate(name, password, call.request_id)
        if name is not None:
            await asked(lambda: (self._lockout.succeeded if identity else self._lockout.failed)(name))
        return identity

    def _of_gateway(self) -> Tokens:
        if self._tokens is None:
            raise LdapUnavailable(
                "This gateway signs no tokens: set ARGUS_TOKEN_KEYS, or ARGUS_TOKEN_KEY for development.",
                headers={"Retry-After": "60"},
            )
        return self._tokens


def roles(identity: Identity) -> list[str]:
    """By the groups of ROLES that the user is a member of, whichever part of the tree they are in."""
    names = {group.partition(",")[0].partition("=")[2].casefold() for group in identity.groups}
    return sorted({role for group, role in ROLES.items() if group in names})
