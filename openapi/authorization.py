"""What an Authorization header holds: Basic credentials in UTF-8 (RFC 7617), or a Bearer token (RFC 6750)."""

from __future__ import annotations

import base64
import binascii

from argus_wfm.openapi.errors import Unauthorized

BASIC_CHALLENGE = {"WWW-Authenticate": 'Basic realm="argus", charset="UTF-8"'}
BEARER_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="argus"'}


def basic(header: str) -> tuple[str, str] | None:
    """User and password; None for another scheme. Raises Unauthorized for what is not base64 of UTF-8."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("The Basic credentials are not base64 of UTF-8.", headers=BASIC_CHALLENGE) from error
    return (user, password) if colon else ("", "")


def bearer(header: str) -> str:
    """The token. Raises Unauthorized where there is none."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send a token of this API as Authorization: Bearer …", headers=BEARER_CHALLENGE)
    return token.strip()
