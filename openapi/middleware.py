"""The outermost layer of a served contract: what every reply has, whichever framework answers underneath.

Routing refusals (404, 405 with Allow), Accept (406), the size of bodies (413), Date from our clock, x-session-id, a
request id, and the envelope for every error.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from argus_wfm.openapi.body import buffered
from argus_wfm.openapi.contract import Contract
from argus_wfm.openapi.errors import (
    ApiError,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    render,
)
from argus_wfm.openapi.exchange import ServedExchange, enter, leave
from argus_wfm.openapi.schema import openapi_31
from argus_wfm.openapi.sessions import Sessions

log = logging.getLogger("argus.openapi")
MAX_BODY_BYTES = 4 * 1024 * 1024  # 100 employees × 400 shifts fit; connexion itself has no limit
DOCUMENT = "/openapi.json"
SWAGGER_UI = re.compile(r"/ui(/.*)?")
TWIN = re.compile(r"/openapi-3\.1/([a-z-]+)\.json")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class ContractMiddleware:
    """ASGI application around `inner`; `now` is aware UTC, `on_exchange` is told of every exchange when it closes.

    `before_answer` is awaited once the answer is known and before any of it is sent; if it fails, the caller gets a 500
    instead. `admit` raises for strangers, before a body that may be larger than others is kept.
    """

    def __init__(
        self,
        inner: ASGIApp,
        contracts: Iterable[Contract],
        *,
        now: Callable[[], dt.datetime],
        sessions: Sessions,
        on_exchange: Callable[[ServedExchange], None] | None = None,
        before_answer: Callable[[ServedExchange], Awaitable[None]] | None = None,
        admit: Callable[[ServedExchange], None] | None = None,
    ) -> None:
        self._inner, self._before_answer, self._admit = inner, before_answer, admit
        self._contracts = sorted(contracts, key=lambda contract: len(contract.base_path), reverse=True)
        self._now, self._sessions, self._on_exchange = now, sessions, on_exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await refuse_upgrade(scope, receive, send, NotFound(f"There is no socket {scope['path']}."), self._now())
            return
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = exchange_of(scope, self._now())
        token = enter(exchange)
        try:
            await self._answer(exchange, scope, receive, self._dressed(exchange, send))
        finally:
            leave(token)
            if self._on_exchange:
                self._on_exchange(exchange)

    async def _answer(self, exchange: ServedExchange, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if document := self._document(exchange):
                await Response(document, media_type="application/json")(scope, receive, send)
            elif self._route(exchange):
                _check_accept(exchange)
                limit = _most_bytes(exchange)
                if limit > MAX_BODY_BYTES and self._admit:
                    self._admit(exchange)
                await self._inner(scope, await buffered(receive, limit), send)
            else:
                await self._inner(scope, receive, send)
        except ApiError as error:
            await self.refuse(exchange, error, send)

    def _document(self, exchange: ServedExchange) -> bytes | None:
        """The contract itself, as written (…/openapi.json) or as its 3.1 twin (/openapi-3.1/<name>.json)."""
        if exchange.method not in ("GET", "HEAD"):
            return None
        twin = TWIN.fullmatch(exchange.path)
        for contract in self._contracts:
            if exchange.path == contract.base_path + DOCUMENT:
                return orjson.dumps(contract.document)
            if twin and twin[1] == contract.name:
                return orjson.dumps(openapi_31(contract.document))
        return None

    def _route(self, exchange: ServedExchange) -> bool:
        """Find the operation; False for the pages about a contract. Raises NotFound, MethodNotAllowed."""
        for contract in self._contracts:
            path = exchange.path.removeprefix(contract.base_path)
            if path == exchange.path and contract.base_path:
                continue
            if SWAGGER_UI.fullmatch(path):
                return False
            exchange.contract, exchange.operation = contract, contract.match(exchange.method, path)
            if exchange.operation:
                return True
            if methods := contract.methods(path):
                raise _not_allowed(exchange, methods)
        raise NotFound(f"There is no path {exchange.path}. Contracts: {self._addresses()}")

    def _addresses(self) -> str:
        return ", ".join(f"{contract.base_path}/ui/" for contract in self._contracts)

    def _dressed(self, exchange: ServedExchange, send: Send) -> Send:
        withheld = False

        async def dressed(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start":
                self._dress(exchange, message)
                withheld = not await self._may_answer(exchange)
                if withheld:
                    await self._withhold(exchange, send)
            if not withheld:
                await send(message)

        return dressed

    def _dress(self, exchange: ServedExchange, message: Message) -> None:
        exchange.status = message["status"]
        headers = MutableHeaders(raw=message["headers"])
        if exchange.status in (204, 304):
            del headers["Content-Type"]  # Flask adds one
        headers["Date"] = format_datetime(self._now(), usegmt=True)
        headers["X-Request-Id"] = exchange.request_id
        if exchange.principal is not None:
            session = exchange.headers.get("x-session-id")
            headers["X-Session-Id"] = self._sessions.resume(session, exchange.principal)

    async def _may_answer(self, exchange: ServedExchange) -> bool:
        if self._before_answer is None:
            return True
        try:
            await self._before_answer(exchange)
        except Exception as error:
            log.error("%s %s is not answered as it was to be: %s", exchange.method, exchange.path, error)
            return False
        return True

    async def _withhold(self, exchange: ServedExchange, send: Send) -> None:
        """A 500 in place of the answer that nobody could write down."""
        error = ApiError("The call could not be written to the audit trail, so its answer is withheld.")
        status, headers, body = self.envelope(exchange, error)
        exchange.status = status
        head = {"type": "http.response.start", "status": status, "headers": _raw(headers, body)}
        self._dress(exchange, head)
        await send(head)
        await send({"type": "http.response.body", "body": b"" if exchange.method == "HEAD" else body})

    async def refuse(self, exchange: ServedExchange, error: ApiError, send: Send) -> None:
        """Answer with the envelope of `error`."""
        status, headers, body = self.envelope(exchange, error)
        await send({"type": "http.response.start", "status": status, "headers": _raw(headers, body)})
        await send({"type": "http.response.body", "body": b"" if exchange.method == "HEAD" else body})

    def envelope(self, exchange: ServedExchange, error: ApiError) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body for an error; one whose status the contract has not becomes INTERNAL_ERROR."""
        if exchange.operation and error.status not in exchange.operation.statuses:
            log.error("%s answered %s, which its contract has not", exchange.operation.id, error.status)
            error = ApiError("The answer would have broken the contract; the log says how.")
        exchange.failure = error
        return error.status, {"Content-Type": "application/json", **error.headers}, render(error, self._now())


async def refuse_upgrade(scope: Scope, receive: Receive, send: Send, error: ApiError, now: dt.datetime) -> None:
    """Answer the request for a WebSocket with the envelope of `error`; no socket opens."""
    dated = {"Date": format_datetime(now, usegmt=True), "Content-Type": "application/json", **error.headers}
    await WebSocket(scope, receive, send).send_denial_response(Response(render(error, now), error.status, dated))


def with_routes(
    app: ASGIApp,
    routes: Sequence[BaseRoute],
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """`app` with more routes in front (health, controls, sockets) and a lifespan; all other paths are its own.

    A Mount at "/" would not do: its pattern misses paths with a line feed, which then get a bare 404.
    """
    joined = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _enveloped})
    joined.router.redirect_slashes = False
    joined.router.default = app
    return joined


async def _enveloped(_request: Request, error: Exception) -> Response:
    """A route that is not a contract's has been asked by another method than its own."""
    headers = dict(getattr(error, "headers", None) or {})
    refusal = MethodNotAllowed(f"This path has no such method, only {headers.get('Allow', '')}.", headers=headers)
    body = render(refusal, dt.datetime.now(dt.UTC))
    return Response(body, refusal.status, {"Content-Type": "application/json", **headers})


def _raw(headers: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return [*raw, (b"content-length", str(len(body)).encode())]


def exchange_of(scope: Scope, now: dt.datetime) -> ServedExchange:
    """A request that has just come in, of HTTP or for an upgrade."""
    headers = Headers(scope=scope)
    given = headers.get("x-request-id", "")
    return ServedExchange(
        given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex,
        scope.get("method", "GET"),
        scope["path"].removeprefix(scope.get("root_path", "")),
        headers,
        now,
        scope["query_string"].decode("latin-1"),
        scope.get("scheme", "http"),
    )


def _most_bytes(exchange: ServedExchange) -> int:
    """x-max-bytes of the operation, where it takes more than others."""
    operation = exchange.operation
    return int(operation.spec.get("x-max-bytes", MAX_BODY_BYTES)) if operation else MAX_BODY_BYTES


def _not_allowed(exchange: ServedExchange, methods: list[str]) -> MethodNotAllowed:
    allow = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
    return MethodNotAllowed(f"{exchange.path} has no {exchange.method}, only {allow}.", headers={"Allow": allow})


def _check_accept(exchange: ServedExchange) -> None:
    """Raises NotAcceptable unless some media range of Accept takes in a type the operation answers in."""
    accept = exchange.headers.get("accept", "*/*")
    produced = _produced(exchange)
    if not any(_takes(accept, media_type) for media_type in produced):
        raise NotAcceptable(f"Accept: {accept} takes none of {', '.join(sorted(produced))}.")


def _produced(exchange: ServedExchange) -> set[str]:
    operation: Any = exchange.operation
    successes = [response for status, response in operation.spec["responses"].items() if status.startswith("2")]
    return {media_type for response in successes for media_type in response.get("content", {})} or {"application/json"}


def _takes(accept: str, media_type: str) -> bool:
    kind = media_type.split("/")[0]
    for media_range in accept.split(","):
        name, *parameters = (part.strip().lower() for part in media_range.split(";"))
        if name in ("*/*", f"{kind}/*", media_type) and not any(re.fullmatch(r"q=0(\.0*)?", p) for p in parameters):
            return True
    return not accept.strip()
