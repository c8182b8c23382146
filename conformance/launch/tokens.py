"""Tokens that the gateway takes, signed on this machine: `argus token`, and what mocks present to it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from argus_wfm.conformance.errors import LocalError
from argus_wfm.conformance.launch.servers import HOST
from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY

TOKEN_LIFE_S = 3600


def issue_token(key: str | Path, audience: str, subject: str, life_s: int, now: dt.datetime | None = None) -> str:
    """A token for one API, valid from `now` on; `key` is a secret or a folder of keys. Raises LocalError."""
    from argus_wfm.gateway.identity.keys import Keys, KeysError
    from argus_wfm.gateway.identity.tokens import Tokens

    try:
        keys = Keys.of_folder(key) if isinstance(key, Path) else Keys.shared(key.encode())
    except KeysError as error:
        raise LocalError(f"ARGUS_TOKEN_KEY{'S' if isinstance(key, Path) else ''}: {error}.") from error
    return Tokens(keys, lambda: now or dt.datetime.now(dt.UTC)).issue(subject, audience, life_s)


def token_for(
    gateway_url: str,
    now: Callable[[], dt.datetime],
    audience: str = "mce",
    subject: str = "oktell",
    variable: str = "ARGUS_TOKEN",
) -> str | Callable[[], str]:
    """What the variable holds, or on this machine one signed by the development key. Raises LocalError."""
    host = urlsplit(gateway_url)
    if host.scheme not in ("http", "https") or not host.hostname:
        raise LocalError(f"--gateway {gateway_url} is no address; write it as http://127.0.0.1:8090.")
    if token := os.environ.get(variable, "").strip():
        return token
    if host.hostname not in (HOST, "localhost", "::1"):
        raise LocalError(f"Set {variable} to a token that the gateway takes: argus token --audience {audience}.")
    return lambda: issue_token(DEVELOPMENT_KEY, audience, subject, TOKEN_LIFE_S, now())


def operations_token(gateway_url: str, subject: str, now: Callable[[], dt.datetime]) -> str | Callable[[], str]:
    """For those who call the gateway's own operations; none without a gateway. Raises LocalError."""
    return token_for(gateway_url, now, "argus", subject, "ARGUS_OPERATIONS_TOKEN") if gateway_url else ""


def accepting(now: Callable[[], dt.datetime]) -> Callable[[str], bool]:
    """Whether a token is one of development for mce."""
    from argus_wfm.gateway.identity.keys import Keys
    from argus_wfm.gateway.identity.tokens import Tokens
    from argus_wfm.openapi.errors import ApiError

    tokens = Tokens(Keys.shared(DEVELOPMENT_KEY.encode()), now)

    def accepts(token: str) -> bool:
        try:
            return bool(tokens.verify(token, "mce"))
        except ApiError:
            return False

    return accepts
