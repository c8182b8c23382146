"""SSO, one operation of MCE, and the controls of both parties, in memory: a host that keeps to openapi/sso.yaml.

Written apart from the gateway: the judge's scenarios are tried on it, and tests override one behaviour each.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import DIRECTORY_USER, by_url
from argus_wfm.json_type import Json
from argus_wfm.openapi.server import background
from tests.support.contact_centre import stamp

KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
SYSTEMS = ("1c_zup", "mce", "reports", "argus")
LDAP_S = 10.0


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str = "Refused.", **details: Json) -> None:
        super().__init__(message)
        self.status, self.code, self.details, self.more = status, code, details, dict[str, Json]()


class SsoHost:
    """Each overridable method is one behaviour."""

    key: Any = KEY
    kept: Mapping[str, str] = MappingProxyType({"Cache_Control": "no-store"})  # headers of a token's reply

    def __init__(self) -> None:
        self.moved_s, self.fault = 0.0, ""
        self.revoked: set[str] = set()
        self.asked: list[str] = []  # names that passwords were tried for
        self.wrong = 0  # passwords, of the user who exists

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.moved_s)

    def known(self, user: str, password: str) -> bool:
        if user == DIRECTORY_USER[0] and password != DIRECTORY_USER[1]:
            self.wrong += 1
        return (user, password) == DIRECTORY_USER

    def refusal(self, user: str) -> Refused:
        return Refused(401, "INVALID_CREDENTIALS", "The directory does not know this user with this password.")

    def down(self) -> Refused:
        return Refused(503, "LDAP_UNAVAILABLE")

    def check(self, body: Json) -> None:
        if body["auth_type"] != "ldap":
            raise Refused(400, "VALIDATION_ERROR", field="auth_type")
        if body["target_system"] not in SYSTEMS:
            raise Refused(400, "VALIDATION_ERROR", field="target_system")

    def claims(self, user: str, system: str) -> Json:
        now = int(self.now().timestamp())
        return {"sub": user, "aud": system, "scope": self.scope(system), "iat": now, "exp": now + 3600}

    def scope(self, system: str) -> str:
        return f"{system}_integration"

    def signed(self, claims: Json) -> str:
        return jwt.encode(claims, self.key, "ES256", headers={"kid": "one"})

    def reply(self, user: str, system: str) -> Json:
        token = self.signed(self.claims(user, system))
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": self.scope(system)}

    def keys(self) -> list[Json]:
        members = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
        return [{**members, "kid": "one", "use": "sig", "alg": "ES256"}]

    def read(self, token: str) -> Json:
        """Its claims, verified."""
        try:
            options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
            return jwt.decode(token, KEY.public_key(), algorithms=["ES256"], options=options)
        except jwt.InvalidTokenError as error:
            raise Refused(401, "TOKEN_INVALID") from error

    def over(self, claims: Json) -> bool:
        return bool(claims["exp"] <= self.now().timestamp())

    # Operations

    async def token(self, request: Request) -> Json:
        body = await request.json()
        self.check(body)
        if self.fault:
            await self._wait(LDAP_S if self.fault == "hang" else 0)
            raise self.down()
        user, _, password = base64.b64decode(request.headers["authorization"].split()[1]).decode().partition(":")
        self.asked.append(user)
        if user != body["username"] or not self.known(user, password):
            raise self.refusal(user)
        return self.reply(DIRECTORY_USER[0], body["target_system"])

    async def jwks(self, request: Request) -> Json:
        return {"keys": self.keys()}

    async def revoke(self, request: Request) -> Json:
        self.revoked.add((await request.json())["token"])
        return {"revoked": True}

    async def statuses(self, request: Request) -> Json:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = self.read(token)
        if token in self.revoked:
            raise Refused(401, "TOKEN_INVALID")
        if self.over(claims):
            raise Refused(401, "TOKEN_EXPIRED")
        if claims["aud"] != "mce":
            raise Refused(403, "INSUFFICIENT_SCOPE")
        return {"agents": [], "total_count": 0, "sequence": 0, "as_of": stamp()}

    async def control(self, request: Request) -> Json:
        body, name = json.loads(await request.body() or b"{}"), request.path_params["name"]
        if name == "clock" and request.method == "POST" and request.path_params["party"] == "gateway":
            until = dt.datetime.fromisoformat(body["now"]) if "now" in body else None
            self.moved_s += (until - self.now()).total_seconds() if until else body["move_seconds"]
        elif name == "token":
            return {"access_token": self.signed(self.claims("argus", body["audience"]))}
        elif name == "faults":
            self.fault = body[0]["fault"] if body else ""
        return {"now": self.now().strftime("%Y-%m-%dT%H:%M:%SZ")}

    async def _wait(self, seconds: float) -> None:
        until = self.now() + dt.timedelta(seconds=seconds)
        while self.now() < until:
            await asyncio.sleep(0.01)


def _route(path: str, act: Callable[[Request], Awaitable[Json]], *methods: str, **kept: str) -> Route:
    kept = {name.replace("_", "-"): value for name, value in kept.items()}

    async def answered(request: Request) -> Response:
        try:
            return JSONResponse(await act(request), headers={"X-Session-Id": "s", **kept})
        except Refused as refused:
            details = {"timestamp": stamp(), **refused.details}
            body = {"error": True, "code": refused.code, "message": str(refused), "details": details, **refused.more}
            headers = {401: {"WWW-Authenticate": 'Bearer realm="test"'}, 503: {"Retry-After": "5"}}
            return JSONResponse(body, refused.status, headers.get(refused.status))

    return Route(path, answered, methods=list(methods))


@contextlib.contextmanager
def served(host: SsoHost) -> Iterator[str]:
    """Yields its address."""
    routes = [
        _route("/auth/sso/token", host.token, "POST", **host.kept),
        _route("/auth/sso/revoke", host.revoke, "POST"),
        _route("/auth/sso/jwks", host.jwks, "GET"),
        _route("/services/mce/agents/status", host.statuses, "GET"),
        _route("/{party}/_control/{name}", host.control, "GET", "POST", "DELETE"),
    ]
    with background(Starlette(routes=routes)) as url:
        yield url


def ours(url: str) -> Target:
    """As a host that we started, with its controls."""
    controls = {party: f"{url}/{party}" for party in ("gateway", "ldap")}
    return Target(replace(by_url(url, Policy(ours=True)), controls=controls, ldap="ldap://127.0.0.1:9"))
