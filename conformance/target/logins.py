"""Requests of tokens at a host's SSO, so that nobody is locked out (design decision 13).

On a host of others one wrong password is tried for an account, and one that is refused as wrong is not sent again.
"""

from __future__ import annotations

import time

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target.client import Client
from argus_wfm.json_type import Json

PATH = "/token"
WRONG = "not-the-password"
HALF_S = 1800.0  # of a token's life; what is kept is renewed then


class Logins:
    """Of the user of the directory whom the client's credentials are of, and of users who are made up."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._kept: dict[str, tuple[str, float]] = {}
        self._barred: Exchange | None = None
        self._wrong: Exchange | None = None

    def ask(self, target_system: str = "1c_zup", **members: Json) -> Exchange:
        """A token for a system, with the right password; `members` replace those of the request."""
        body = {"username": self.client.user, "auth_type": "ldap", "target_system": target_system, **members}
        if self._barred:
            return self._barred
        return self._looked_at(self.client.post(PATH, body))

    def token(self, target_system: str) -> str:
        """A new one. Raises Departure."""
        return _token(self.ask(target_system))

    def kept(self, target_system: str) -> str:
        """One that is renewed now and then. Nobody judges the exchange. Raises Departure."""
        if self._barred:
            return _token(self._barred)
        token, until = self._kept.get(target_system, ("", 0.0))
        if time.monotonic() >= until:
            body = {"username": self.client.user, "auth_type": "ldap", "target_system": target_system}
            token = _token(self._looked_at(self.client.ask("POST", PATH, json=body)))
            self._kept[target_system] = token, time.monotonic() + HALF_S
        return token

    def as_user(self, username: str, password: str = WRONG) -> Exchange:
        """As somebody who is made up, with the same name in both places. Raises HeldBack for the user of the target."""
        body = {"username": username, "auth_type": "ldap", "target_system": "1c_zup"}
        return self.client.post(PATH, body, auth=(username, password))

    def with_wrong_password(self) -> Exchange:
        """The user of the target; on a host of others the first answer is given again. Raises HeldBack."""
        if self._wrong is None or self.client.policy.ours:
            self._wrong = self.as_user(self.client.user)
        return self._wrong

    def _looked_at(self, exchange: Exchange) -> Exchange:
        if exchange.status == 401 and not self.client.policy.ours:
            self._barred = exchange
        return exchange


def _token(exchange: Exchange) -> str:
    body = exchange.require(200)
    token = body.get("access_token") if isinstance(body, dict) else None
    exchange.expect(isinstance(token, str) and bool(token), "MISSING_MEMBER", "/access_token", "There is no token")
    return str(token)
