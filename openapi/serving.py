"""Serve contracts with connexion, known to this module and security.py alone; what it leaves open is closed here, once.

connexion routes, checks credentials and calls validators; bodies, formats, replies and errors are ours (see README,
"What connexion leaves open").
"""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import email.message
import hmac
import inspect
import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import a2wsgi
import orjson
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope

from argus_wfm.openapi import errors
from argus_wfm.openapi.contract import Contract, load
from argus_wfm.openapi.errors import ApiError, Unauthorized, UnsupportedMediaType, ValidationFailed
from argus_wfm.openapi.exchange import (
    ApiResponse,
    Authenticate,
    Call,
    Handler,
    Handlers,
    ServedExchange,
    current,
    folded,
)
from argus_wfm.openapi.middleware import ContractMiddleware
from argus_wfm.openapi.security import SCHEMES
from argus_wfm.openapi.sessions import Sessions
from argus_wfm.openapi.validation import parse, validators

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its test client and its RefResolver, which nobody here uses
    import connexion
    from connexion.exceptions import ProblemException
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import Resolver
    from connexion.validators.parameter import ParameterValidator

log = logging.getLogger("argus.openapi")
LARGE_BYTES = 256 * 1024
THREADS = 100  # a2wsgi has 10, so that ten slow calls would stop a mock
BODILESS = (204, 304)  # RFC 9110: neither has a body
UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")


class OperationMismatch(Exception):
    """Handlers and operationIds of a contract differ; raised before anything is served."""


def serve(
    handlers: Mapping[str, Handlers],
    *,
    stack: Literal["async", "flask"],
    users: Mapping[str, Callable[[str, str], str | None]],
    now: Callable[[], dt.datetime],
    on_exchange: Callable[[ServedExchange], None] | None = None,
    before_answer: Callable[[ServedExchange], Awaitable[None]] | None = None,
    session_key: bytes | None = None,
) -> ASGIApp:
    """An ASGI application that serves each contract named in `handlers` under its own base path.

    `stack` chooses connexion's AsyncApp (coroutine handlers) or FlaskApp (plain functions, 100 threads). `users` has a
    check per security scheme: {"basic": (user, password) -> principal or None, "bearer": (token, audience) ->
    principal}, the audience being the contract's x-audience. `now` gives aware UTC.
    Raises OperationMismatch when a handler is missing or spare.
    """
    contracts = {name: load(name) for name in handlers}
    for name, contract in contracts.items():
        _check_operations(contract, handlers[name])
    app = _application(stack, users)
    frame = ContractMiddleware(
        app,
        contracts.values(),
        now=now,
        sessions=Sessions(session_key),
        on_exchange=on_exchange,
        before_answer=before_answer,
        admit=_admission(users),
    )
    for name, contract in contracts.items():
        _add(app, contract, {id_: _endpoint(contract, id_, fn) for id_, fn in handlers[name].items()})
        validators(contract)
    for kind in (ApiError, ProblemException, HTTPException, Exception):
        app.add_error_handler(kind, _error_handler(frame))
    return frame


def _admission(users: Mapping[str, Authenticate]) -> Callable[[ServedExchange], None]:
    """A check of who calls, for bodies too large to be kept for strangers. Raises what the scheme raises."""
    checks = {scheme: SCHEMES[scheme](check).get_fn(None, None) for scheme, check in users.items()}

    def admit(exchange: ServedExchange) -> None:
        if exchange.operation and exchange.operation.security:
            checks[exchange.operation.security](exchange)

    return admit


def accounts(passwords: Mapping[str, str]) -> Authenticate:
    """A check of user and password against a table, taking the same time for a wrong user and a wrong password."""

    def check(user: str, password: str) -> str | None:
        known = passwords.get(user, "")
        right = hmac.compare_digest(known.encode(), password.encode())
        return user if right and user in passwords else None

    return check


def _check_operations(contract: Contract, handlers: Handlers) -> None:
    missing = sorted(contract.operations.keys() - handlers.keys())
    spare = sorted(handlers.keys() - contract.operations.keys())
    if missing or spare:
        parts = [f"no handler for {', '.join(missing)}"] if missing else []
        parts += [f"no operation for handler {', '.join(spare)}"] if spare else []
        raise OperationMismatch(f"Contract {contract.name}: {'; '.join(parts)}.")


def _application(stack: str, users: Mapping[str, Authenticate]) -> Any:
    options = {
        "strict_validation": True,
        "pythonic_params": True,
        "validator_map": {"body": {"application/json": _Body}, "parameter": _Parameters},
        "security_map": {
            scheme: lambda made=SCHEMES[scheme], check=check: made(check) for scheme, check in users.items()
        },
    }
    if stack == "async":
        return connexion.AsyncApp(__name__, **options)
    app = connexion.FlaskApp(__name__, **options)
    app._middleware_app.asgi_app = a2wsgi.WSGIMiddleware(app.app.wsgi_app, workers=THREADS)
    return app


def _add(app: Any, contract: Contract, endpoints: Mapping[str, Handler]) -> None:
    document = copy.deepcopy(contract.document)  # connexion writes references out in place
    app.add_api(
        document,
        base_path=contract.base_path,
        name=contract.name,
        resolver=Resolver(endpoints.__getitem__),
        swagger_ui_options=SwaggerUIOptions(serve_spec=True),  # the frame serves the document itself
    )


def _endpoint(contract: Contract, operation_id: str, handler: Handler) -> Handler:
    """`handler` as connexion calls it: coroutine or function, by what the handler is."""
    operation = contract.operations[operation_id]
    taken = [parameter for parameter in inspect.signature(handler).parameters.values() if parameter.name != "call"]

    def call() -> Call:
        exchange = current()
        headers = folded(exchange.headers)
        return Call(operation, headers, exchange.principal or "", exchange.request_id, exchange.body)

    def endpoint(**parameters: Any) -> ConnexionResponse:
        return _response(contract, operation_id, handler(call(), **parameters))

    async def async_endpoint(**parameters: Any) -> ConnexionResponse:
        return _response(contract, operation_id, await handler(call(), **parameters))

    chosen: Any = async_endpoint if inspect.iscoroutinefunction(handler) else endpoint
    chosen.__signature__ = inspect.Signature(taken[1:] if taken and taken[0].name == "self" else taken)
    return chosen  # type: ignore[no-any-return]


def _response(contract: Contract, operation_id: str, result: Any) -> ConnexionResponse:
    """The answer on the wire; one that breaks the contract is a defect of ours, so the caller sees a 500."""
    reply = result if isinstance(result, ApiResponse) else ApiResponse(result)
    body = reply.raw
    if body is None:
        operation = contract.operations[operation_id]
        try:
            validators(contract).check_reply(operation, reply.status, reply.data)
        except ApiError as error:
            log.error("%s %s would break its contract: %s", operation_id, reply.status, error)
            raise ApiError("The answer would have broken the contract; the log says how.") from error
        body = b"" if reply.status in BODILESS else orjson.dumps(reply.data)
    media_type = None if reply.status in BODILESS else reply.media_type
    return ConnexionResponse(reply.status, content_type=media_type, body=body, headers=dict(reply.headers))


def _error_handler(frame: ContractMiddleware) -> Callable[[ConnexionRequest, Exception], Awaitable[ConnexionResponse]]:
    async def handle(_request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        status, headers, body = frame.envelope(current(), _as_api_error(error))
        return ConnexionResponse(status, body=body, headers=dict(headers))

    return handle


def _as_api_error(error: Exception) -> ApiError:
    """Connexion's and Starlette's own errors in our terms; anything else is logged and told as INTERNAL_ERROR."""
    if isinstance(error, ApiError):
        return error
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    detail = str(getattr(error, "detail", "") or error)
    refusal = {
        400: ValidationFailed,
        401: Unauthorized,
        404: errors.NotFound,
        405: errors.MethodNotAllowed,
        415: UnsupportedMediaType,
    }.get(status or 500)
    if refusal:
        return refusal(detail, headers=getattr(error, "headers", None))
    log.error("%s %s failed", current().method, current().path, exc_info=error)
    return ApiError("This is a defect of the server; its log has the request id.")


class _Body:
    """Connexion's body validator, by bytes and not by Content-Length (chunked bodies), with compiled schemas."""

    def __init__(self, *, required: bool, **_: Any) -> None:
        self._required = required

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        exchange = current()
        _check_encoding(exchange)
        message = await receive()
        body = message.get("body", b"")
        if len(body) > LARGE_BYTES:  # others need not wait while it is read
            await asyncio.to_thread(self._take, exchange, body)
        elif body or self._required:
            self._take(exchange, body)
        return _once(message, receive), scope

    def _take(self, exchange: ServedExchange, body: bytes) -> None:
        operation: Any = exchange.operation
        contract: Any = exchange.contract
        if not body:
            raise ValidationFailed("The request has no body, and this operation needs one.", field="body")
        exchange.body = parse(body)
        validators(contract).check_body(operation, exchange.body)


def _check_encoding(exchange: ServedExchange) -> None:
    """Raises UnsupportedMediaType for a declared charset other than UTF-8, and for compressed bodies."""
    declared = email.message.Message()
    declared["Content-Type"] = exchange.headers.get("content-type", "application/json")
    charset = declared.get_content_charset("utf-8")
    if charset not in UTF8:
        raise UnsupportedMediaType(f"charset={charset}: this API reads JSON in UTF-8 only.")
    coding = exchange.headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding: {coding} is not read here; send the body as it is.")


def _once(message: Any, receive: Receive) -> Receive:
    messages = iter([message])

    async def replay() -> Any:
        return next(messages, None) or await receive()

    return replay


class _Parameters(ParameterValidator):  # type: ignore[misc]
    """Connexion's parameter validator with formats on and the parameter named in details.field."""

    @staticmethod
    def validate_parameter(
        parameter_type: str, value: Any, param: Mapping[str, Any], param_name: str | None = None
    ) -> None:
        operation: Any = current().operation
        contract: Any = current().contract
        name = param["name"]
        if value is not None:
            validators(contract).check_parameter(operation, parameter_type, name, value)
        elif param.get("required"):
            raise ValidationFailed(f"{name}: the {parameter_type} parameter is missing", field=name)

    def validate_request(self, request: Any) -> None:
        unknown = sorted(self.validate_query_parameter_list(request))
        if unknown:
            name = unknown[0]
            raise ValidationFailed(f"{name or 'query'}: this operation has no such parameter", field=name or "query")
        super().validate_request(request)
