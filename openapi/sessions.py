"""x-session-id (seed section 7, A38): issued on the first authenticated reply, the same when sent back.

A session id is a random number and its signature for one principal, so it needs no store, survives a restart with the
same key, and another principal's id is not taken over.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets


class Sessions:
    """Issues and recognises session ids; `key` is shared by the processes that must know each other's."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def resume(self, presented: str | None, principal: str) -> str:
        """`presented` if it was issued to this principal, a new id otherwise."""
        number, _, signature = (presented or "").partition(".")
        if hmac.compare_digest(signature.encode(), self._sign(number, principal).encode()):
            return f"{number}.{signature}"
        number = secrets.token_hex(16)
        return f"{number}.{self._sign(number, principal)}"

    def _sign(self, number: str, principal: str) -> str:
        return hmac.new(self._key, f"{number}:{principal}".encode(), hashlib.sha256).hexdigest()[:32]
