"""How a caller proves who it is: HTTP Basic in UTF-8, Bearer tokens; each with the challenge that connexion omits."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Callable
from typing import Any

from openapi.errors import Unauthorized
from openapi.exchange import Authenticate, current

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion.lifecycle import ConnexionRequest
    from connexion.security import AbstractSecurityHandler

CHALLENGE = {"WWW-Authenticate": 'Basic realm="argus", charset="UTF-8"'}
TOKEN_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="argus"'}


class Credentials(AbstractSecurityHandler):  # type: ignore[misc]
    """HTTP Basic in UTF-8 (RFC 7617); connexion reads latin-1 and sends no challenge."""

    def __init__(self, check: Authenticate) -> None:
        self._check = check

    def get_fn(self, _scheme: Any, _scopes: Any) -> Callable[[ConnexionRequest], Any]:
        def verify(request: ConnexionRequest) -> Any:
            scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
            principal = self._check(*_user_and_password(credentials)) if scheme.lower() == "basic" else None
            if principal is None:
                raise Unauthorized("Send the user and password of this API by HTTP Basic.", headers=CHALLENGE)
            current().principal = principal
            return {"sub": principal}

        return verify


class Token(AbstractSecurityHandler):  # type: ignore[misc]
    """A Bearer token (RFC 6750) whose audience is the contract's."""

    def __init__(self, check: Authenticate) -> None:
        self._check = check

    def get_fn(self, _scheme: Any, _scopes: Any) -> Callable[[ConnexionRequest], Any]:
        def verify(request: ConnexionRequest) -> Any:
            exchange = current()
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                raise Unauthorized("Send a token of this API as Authorization: Bearer …", headers=TOKEN_CHALLENGE)
            contract: Any = exchange.contract
            exchange.principal = self._check(token.strip(), contract.document["x-audience"])
            return {"sub": exchange.principal}

        return verify


SCHEMES: dict[str, Any] = {"basic": Credentials, "bearer": Token}


def _user_and_password(credentials: str) -> tuple[str, str]:
    """Raises Unauthorized for what is not base64 of UTF-8 with a colon."""
    try:
        user, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("The Basic credentials are not base64 of UTF-8.", headers=CHALLENGE) from error
    return (user, password) if colon else ("", "")
