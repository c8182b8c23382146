"""The mock 1C with its replies amended on the way out: a host that deviates in one way."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.response import answer_of
from argus_wfm.mocks.zup.app import zup
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.http_client import PASSWORD, USER

Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, Headers, bytes]
Amend = Callable[[str, str, Reply], Reply]  # (method, path, reply)


def amending(app: ASGIApp, amend: Amend, *, let_in: bool = False) -> ASGIApp:
    """`let_in` adds the right credentials to whatever comes: a host that does not check them."""

    async def amended(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        kept = await answer_of(app, _with_credentials(scope) if let_in else scope, receive)
        status, headers, body = amend(scope["method"], scope["path"], (kept.status, list(kept.headers), kept.body))
        sized = [*((n, v) for n, v in headers if n != b"content-length"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": sized})
        await send({"type": "http.response.body", "body": body})

    return amended


@contextlib.contextmanager
def host(amend: Amend, *, let_in: bool = False, agents: int = 513) -> Iterator[str]:
    """Serve it from a thread on a free port; yields its address."""
    app = zup(user=USER, password=PASSWORD, agents=agents, clock=Clock(NOW))
    with background(amending(app, amend, let_in=let_in)) as url:
        yield url


def unchanged(method: str, path: str, reply: Reply) -> Reply:
    return reply


def page(method: str, path: str, reply: Reply) -> Reply:
    """An HTML page in place of every response."""
    return 200, [(b"content-type", b"text/html")], b"<!doctype html><p>Argus"


def in_json(operation: str, change: Callable[[Any], Any]) -> Amend:
    """Change the body of an operation's 200."""

    def amend(method: str, path: str, reply: Reply) -> Reply:
        status, headers, body = reply
        if operation not in path or status != 200 or not body:
            return reply
        return status, headers, json.dumps(change(json.loads(body)), ensure_ascii=False).encode()

    return amend


def _with_credentials(scope: Scope) -> Scope:
    import base64

    basic = b"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode())
    others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    return {**scope, "headers": [*others, (b"authorization", basic)]}


def wrong_count(body: Any) -> Any:
    return {**body, "total_count": body["total_count"] + 1}
