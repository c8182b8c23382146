"""How connexion asks who calls: a check per security scheme, each with the challenge that connexion omits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from argus_wfm.openapi.authorization import BASIC_CHALLENGE, basic, bearer
from argus_wfm.openapi.errors import Unauthorized
from argus_wfm.openapi.exchange import Authenticate, current

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion.lifecycle import ConnexionRequest
    from connexion.security import AbstractSecurityHandler

DIRECTORY = "directory"


class Credentials(AbstractSecurityHandler):  # type: ignore[misc]
    """HTTP Basic; connexion reads latin-1 and sends no challenge.

    Of the scheme `directory` it is only checked that they are there: handlers ask the directory, which takes time.
    """

    def __init__(self, check: Authenticate) -> None:
        self._check = check

    def get_fn(self, _scheme: Any, _scopes: Any) -> Callable[[ConnexionRequest], Any]:
        def verify(request: ConnexionRequest) -> Any:
            given = basic(request.headers.get("authorization", ""))
            operation: Any = current().operation
            if given and operation.security == DIRECTORY:
                return {}
            principal = self._check(*given) if given else None
            if principal is None:
                raise Unauthorized("Send the user and password of this API by HTTP Basic.", headers=BASIC_CHALLENGE)
            current().principal = principal
            return {"sub": principal}

        return verify


class BearerToken(AbstractSecurityHandler):  # type: ignore[misc]
    """A Bearer token whose audience is the contract's."""

    def __init__(self, check: Authenticate) -> None:
        self._check = check

    def get_fn(self, _scheme: Any, _scopes: Any) -> Callable[[ConnexionRequest], Any]:
        def verify(request: ConnexionRequest) -> Any:
            exchange = current()
            token = bearer(request.headers.get("authorization", ""))
            contract: Any = exchange.contract
            exchange.principal = self._check(token, contract.document["x-audience"])
            return {"sub": exchange.principal}

        return verify


SCHEMES: dict[str, Any] = {"basic": Credentials, "bearer": BearerToken}
