"""Bearer tokens made by hand, right ones and forged ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.support.clock import NOW
from tests.support.http_client import TOKEN_KEY


def made(claims: Any, key: str = TOKEN_KEY, **header: Any) -> str:
    """Signed by hand, so that what a library would not make can be sent as well."""
    parts = [_part({"alg": "HS256", "typ": "JWT", **header}), _part(claims)]
    signature = hmac.digest(key.encode(), ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _text(signature)])


def claims(**changed: Any) -> dict[str, Any]:
    """Of a good token; None takes one away."""
    now = int(NOW.timestamp())
    good = {"iss": "argus", "sub": "argus", "aud": "argus", "iat": now, "exp": now + 3600, **changed}
    return {name: value for name, value in good.items() if value is not None}


def _part(value: Any) -> str:
    return _text(value if isinstance(value, bytes) else json.dumps(value).encode())


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


FOREIGN = {
    "another key": made(claims(), key="another-key-of-more-than-32-bytes-of-length"),
    "alg none": ".".join([_part({"alg": "none", "typ": "JWT"}), _part(claims()), ""]),
    "alg none, signed": made(claims(), alg="none"),
    "alg of another family": made(claims(), alg="RS256"),
    "another issuer": made(claims(iss="somebody")),
    "no issuer": made(claims(iss=None)),
    "no subject": made(claims(sub=None)),
    "no expiry": made(claims(exp=None)),
    "no audience": made(claims(aud=None)),
    "a critical extension": made(claims(), crit=["b64"], b64=False),
    "no claims": made([]),
    "a subject that is no text": made(claims(sub=7)),
    "no token at all": "x",
    "dots": "..",
    "another member signed": ".".join([_part({"alg": "HS256"}), *made(claims()).split(".")[1:]]),
    "a header nested without end": ".".join([_part(b"[" * 9000), _part(claims()), "c2ln"]),
}
