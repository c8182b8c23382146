"""Hosts that deviate from the contract of SSO, one promise each.

They sign with a key of their own and publish it, as a host of others does; what they take is translated for ours.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.mutants.exchange import Reply, Request
from tests.mutants.proxy import Spoiler
from tests.mutants.spoiling import (
    DIRECTORY,
    Deviation,
    Making,
    added,
    asked,
    body,
    changed,
    claims,
    envelope,
    header,
    json_reply,
    missing,
    renamed,
)

TOKEN, JWKS, REVOKE = "issueToken", "getJwks", "revokeToken"
KID = "2026-01"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """One for each name."""
    return ec.generate_private_key(ec.SECP256R1())


def jwk(private: bool = False, of: str = KID) -> dict[str, Any]:
    """The key as it is published, or as it never may be."""
    members = json.loads(ECAlgorithm.to_jwk(key(of) if private else key(of).public_key()))
    members.pop("key_ops", None)
    return {**members, "kid": KID, "use": "sig", "alg": "ES256"}


def signed(payload: Mapping[str, Any], header_: Mapping[str, Any]) -> str:
    """By our key; without a signature where the header says none."""
    head = {"typ": "JWT", "kid": KID, "alg": "ES256", **header_}
    if head["alg"] == "none":
        parts = (json.dumps(part, separators=(",", ":")).encode() for part in (head, payload))
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
    rest = {name: value for name, value in head.items() if name != "alg" and value is not None}
    token: str = jwt.encode(dict(payload), key(KID), "ES256", headers={**rest, "typ": head["typ"]})
    return token


def issuing(
    payload: Change = lambda given: given,
    head: Mapping[str, Any] | None = None,
    keys: Callable[[], list[dict[str, Any]]] = lambda: [jwk()],
    token: Callable[[str], str] = lambda given: given,
) -> Making:
    """A host with keys of its own, whose tokens may be otherwise than they should."""

    def make() -> Spoiler:
        ours: dict[str, str] = {}

        def request(given: Request) -> None:
            if given.bearer in ours:
                given.put("Authorization", f"Bearer {ours[given.bearer]}")
            if given.operation == REVOKE:
                revoked = given.members
                if isinstance(revoked.get("token"), str) and revoked["token"] in ours:
                    given.json = {**revoked, "token": ours[revoked["token"]]}

        def reply(given: Request, answer: Reply) -> None:
            if given.operation == TOKEN and answer.status == 200:
                document = answer.json
                issued = token(signed(payload(claims(document["access_token"])), head or {}))
                ours[issued] = document["access_token"]
                answer.json = {**document, "access_token": issued}
            if given.operation == JWKS and answer.status == 200:
                answer.json = {"keys": keys()}

        return Spoiler(request=request, reply=reply)

    return make


def over(*makings: Making) -> Making:
    """Something else is wrong with a host that has keys of its own."""

    def make() -> Spoiler:
        parts = [issuing()(), *(making() for making in makings)]

        def request(given: Request) -> Reply | None:
            return next((answer for part in parts if (answer := part.request(given)) is not None), None)

        def reply(given: Request, answer: Reply) -> None:
            for part in parts:
                part.reply(given, answer)

        return dataclasses.replace(parts[0], request=request, reply=reply)

    return make


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, given = (request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(given).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password


def _any_password(request: Request) -> None:
    if _basic(request)[0] == "ivan.ivanov":
        request.put("Authorization", DIRECTORY)


def _any_user(request: Request) -> None:
    """The name in the body may be anybody's."""
    given = request.members
    if isinstance(given.get("username"), str) and _basic(request) == ("ivan.ivanov", "argus-dev"):
        request.json = {**given, "username": "ivan.ivanov"}


def _injected(request: Request) -> None:
    """What stands for anybody in a filter is not escaped."""
    if "*" in _basic(request)[0]:
        request.put("Authorization", DIRECTORY)
        request.json = {**request.members, "username": "ivan.ivanov"}


def _no_credentials(request: Request) -> None:
    """The body's word is enough."""
    if request.header("Authorization") is None:
        request.put("Authorization", DIRECTORY)


def _any_target(request: Request) -> None:
    given = request.members
    target = given.get("target_system")
    if isinstance(target, str) and target not in ("1c_zup", "mce", "reports", "argus"):
        request.json = {**given, "target_system": "argus"}


def _any_type(request: Request) -> None:
    given = request.members
    if isinstance(given.get("auth_type"), str):
        request.json = {**given, "auth_type": "ldap"}


def _told_apart() -> Spoiler:
    """Whoever is unknown is told so."""

    def reply(given: Request, answer: Reply) -> None:
        if given.operation == TOKEN and answer.status == 401 and _basic(given)[0] not in ("", "ivan.ivanov"):
            answer.json = envelope("INVALID_CREDENTIALS", f"There is no user {_basic(given)[0]}.")

    return Spoiler(reply=reply)


def _leaking() -> Spoiler:
    def reply(given: Request, answer: Reply) -> None:
        if given.operation == TOKEN and answer.status == 401:
            token = signed({"sub": "anonymous", "aud": "1c_zup", "iat": 0, "exp": 3600}, {})
            answer.json = {**answer.json, "access_token": token}

    return Spoiler(reply=reply)


def _revoked_in_words(request: Request) -> None:
    """It is said to be over, and is not: the host ends a token that nobody has."""
    given = request.members
    if isinstance(given.get("token"), str) and claims(given["token"]):
        request.json = {**given, "token": "0.0.0"}


def _never_was(request: Request, answer: Reply) -> None:
    """A token that never was is told so."""
    token = request.members.get("token")
    if request.operation == REVOKE and answer.status == 200 and not claims(token if isinstance(token, str) else None):
        refused = json_reply(400, envelope("VALIDATION_ERROR", "There is no such token.", field="token"))
        answer.status, answer.body = refused.status, refused.body


def _with_claim(**members: Any) -> Change:
    return lambda given: {**given, **members}


def _without_claim(name: str) -> Change:
    return lambda given: {key_: value for key_, value in given.items() if key_ != name}


def _deviation(name: str, operation: str, place: str, promise: str, spoil: Making, *names: str) -> Deviation:
    return Deviation(f"sso-{name}", "sso", operation, place, promise, spoil, names)


SSO = (
    _deviation(
        "type-lower-case", TOKEN, "/token_type", "Token: Bearer", over(changed(TOKEN, "/token_type", str.lower))
    ),
    _deviation("expires-as-text", TOKEN, "/expires_in", "Token: integer", over(changed(TOKEN, "/expires_in", str))),
    _deviation(
        "expires-in-ms",
        TOKEN,
        "/expires_in",
        "SSO-01: 3600, seconds",
        over(changed(TOKEN, "/expires_in", lambda seconds: seconds * 1000)),
    ),
    _deviation(
        "scope-bare",
        TOKEN,
        "/scope",
        "A17: <target_system>_integration",
        over(changed(TOKEN, "/scope", lambda scope: scope.removesuffix("_integration"))),
    ),
    _deviation(
        "scope-of-another",
        TOKEN,
        "/scope",
        "A17: <target_system>_integration",
        over(changed(TOKEN, "/scope", lambda _: "argus_integration")),
    ),
    _deviation(
        "token-renamed", TOKEN, "/access_token", "Token: required", over(renamed(TOKEN, "/access_token", "token"))
    ),
    _deviation(
        "refresh-token",
        TOKEN,
        "/refresh_token",
        "Token: additionalProperties false",
        over(added(TOKEN, "/refresh_token", "8f1c")),
    ),
    _deviation(
        "opaque",
        TOKEN,
        "/access_token",
        "SSO-02: a JSON Web Token",
        issuing(token=lambda given: given[-43:]),
        "access_token",
        "token",
    ),
    _deviation("alg-none", TOKEN, "alg", "SSO-02: alg not none", issuing(head={"alg": "none"}), "alg", "signs"),
    _deviation("typ-missing", TOKEN, "typ", "SSO-02: typ is JWT", issuing(head={"typ": "at+jwt"}), "typ"),
    _deviation("sub-missing", TOKEN, "sub", "issueToken: sub is the name", issuing(_without_claim("sub")), "sub"),
    _deviation(
        "sub-is-the-number",
        TOKEN,
        "sub",
        "issueToken: sub is the name as the directory spells it",
        issuing(_with_claim(sub="00123")),
        "sub",
    ),
    _deviation(
        "aud-of-another", TOKEN, "aud", "tokens are of one audience each", issuing(_with_claim(aud="argus")), "aud"
    ),
    _deviation(
        "a-day-of-life",
        TOKEN,
        "exp",
        "tokens are valid for an hour",
        issuing(lambda given: {**given, "exp": given["iat"] + 86400}),
        "exp",
    ),
    _deviation("exp-missing", TOKEN, "exp", "tokens are valid for an hour", issuing(_without_claim("exp")), "exp"),
    _deviation(
        "exp-in-milliseconds",
        TOKEN,
        "exp",
        "RFC 7519: seconds",
        issuing(lambda given: {**given, "exp": given["exp"] * 1000}),
        "exp",
    ),
    _deviation(
        "private-key-published",
        JWKS,
        "/keys/*/d",
        "Jwk: never a private member",
        issuing(keys=lambda: [jwk(private=True)]),
        "/d",
        "private",
        "'d'",
        '"d"',
    ),
    _deviation(
        "secret-published",
        JWKS,
        "/keys/*/k",
        "Jwk: never a private member",
        issuing(keys=lambda: [jwk(), {"kty": "oct", "kid": "shared", "use": "sig", "alg": "HS256", "k": "c2VjcmV0"}]),
        "/k",
        "kty",
        "alg",
    ),
    _deviation(
        "kid-missing",
        JWKS,
        "/keys/*/kid",
        "Jwk: required",
        issuing(keys=lambda: [{name: value for name, value in jwk().items() if name != "kid"}]),
        "kid",
    ),
    _deviation(
        "another-key-published",
        TOKEN,
        "/access_token",
        "getJwks: the keys that tokens are signed with",
        issuing(keys=lambda: [jwk(of="another")]),
        "sign",
        "key",
    ),
    _deviation(
        "cache-control-missing",
        TOKEN,
        "header Cache-Control",
        "Cache-Control: no-store (RFC 6749, 5.1)",
        over(header(TOKEN, "Cache-Control", None)),
        "cache-control",
    ),
    _deviation(
        "cached-for-an-hour",
        TOKEN,
        "header Cache-Control",
        "Cache-Control: no-store (RFC 6749, 5.1)",
        over(header(TOKEN, "Cache-Control", "max-age=3600")),
        "cache-control",
    ),
    _deviation(
        "any-password",
        TOKEN,
        "header Authorization",
        "SSO-04: a wrong password gives 401",
        over(asked(TOKEN, _any_password)),
        "401",
        "password",
        "credential",
    ),
    _deviation(
        "any-name-in-the-body",
        TOKEN,
        "username",
        "username has to be the same name (A16)",
        over(asked(TOKEN, _any_user)),
        "username",
        "401",
    ),
    _deviation(
        "no-credentials",
        TOKEN,
        "header Authorization",
        "security: directory",
        over(asked(TOKEN, _no_credentials)),
        "authorization",
        "credential",
        "401",
    ),
    _deviation(
        "filter-injected",
        TOKEN,
        "username",
        "SSO-07: matches nobody",
        over(asked(TOKEN, _injected)),
        "401",
        "username",
        "token",
        "nobody",
    ),
    _deviation(
        "target-sap-taken",
        TOKEN,
        "target_system",
        "TargetSystem: enum",
        over(asked(TOKEN, _any_target)),
        "target_system",
        "400",
    ),
    _deviation(
        "kerberos-taken", TOKEN, "auth_type", "auth_type: ldap", over(asked(TOKEN, _any_type)), "auth_type", "400"
    ),
    _deviation(
        "unknown-user-told",
        TOKEN,
        "/message",
        "the answer is one and the same (SSO-05)",
        over(_told_apart),
        "unknown",
        "message",
        "body",
        "same",
        "differ",
    ),
    _deviation(
        "token-in-refusal",
        TOKEN,
        "/access_token",
        "SSO-04: without access_token",
        over(_leaking),
        "access_token",
        "token",
    ),
    _deviation(
        "challenge-missing",
        TOKEN,
        "header WWW-Authenticate",
        "401: WWW-Authenticate",
        over(header(TOKEN, "WWW-Authenticate", None, (401,))),
        "www-authenticate",
    ),
    _deviation(
        "refusal-page",
        TOKEN,
        "body of 401",
        "common.yaml Error",
        over(body(TOKEN, "text/html", b"<html>401</html>", (401,))),
        "html",
        "envelope",
        "content-type",
    ),
    _deviation(
        "revoked-as-text", REVOKE, "/revoked", "Revoked: true", over(changed(REVOKE, "/revoked", lambda _: "yes"))
    ),
    _deviation(
        "revoked-in-words",
        REVOKE,
        "status",
        "revokeToken: the token is no longer accepted",
        over(asked(REVOKE, _revoked_in_words)),
        "revoked",
        "accepted",
        "401",
        "token",
    ),
    _deviation(
        "unknown-token-refused",
        REVOKE,
        "status",
        "revokeToken: the same for a token that never was",
        over(lambda: Spoiler(reply=_never_was)),
        "400",
        "status",
        "refused",
    ),
    _deviation("keys-missing", JWKS, "/keys", "Jwks: required", over(missing(JWKS, "/keys"))),
)
