"""Faults over HTTP: ASGI middleware before a mock, which does what HTTP can and has the relay do the rest.

Only requests that came through the relay are struck: the party's own address behind it stays sound, so that controls
and whoever looks on can always reach it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults import models
from argus_wfm.mocks.faults.active import ActiveFault, ActiveFaults, FaultDecision
from argus_wfm.mocks.faults.json_patch import AmendmentError, amended
from argus_wfm.mocks.faults.relay import Relay, RelayedConnection
from argus_wfm.mocks.response import WholeResponse, answer_of
from argus_wfm.openapi import Contract, Operation
from argus_wfm.openapi.errors import instant

PAGE = "<!DOCTYPE html><html lang=ru><meta charset=utf-8><title>1С:Предприятие</title><p>Сервер недоступен.</html>"


class HttpFaults:
    """ASGI application before `app`; `relay` is where its callers come through."""

    def __init__(
        self, app: ASGIApp, contracts: Iterable[Contract], *, active_faults: ActiveFaults, relay: Relay, clock: Clock
    ) -> None:
        self._app, self._contracts = app, tuple(contracts)
        self._active_faults, self._relay, self._clock = active_faults, relay, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = self._relay.of(_source(scope)) if scope["type"] == "http" else None
        operation = self._operation(scope) if connection else None
        if connection is None or operation is None:
            await self._app(scope, receive, send)
            return
        decision = self._active_faults.decision(operation.id)
        if decision.active is None and not decision.delays:
            await self._app(scope, receive, send)
        else:
            await _Struck(self._app, scope, receive, send, connection).by(decision, operation, self._clock)

    def _operation(self, scope: Scope) -> Operation | None:
        path: str = scope["path"]
        for contract in self._contracts:
            if path.startswith(contract.base_path):
                return contract.match(scope["method"], path.removeprefix(contract.base_path))
        return None


class _Struck:
    """One request that a fault has struck."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, connection: RelayedConnection) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._connection = connection

    async def by(self, decision: FaultDecision, operation: Operation, clock: Clock) -> None:
        """Carry the request out where the fault has a reply to spoil; then the delays, then what the fault says."""
        due, fault = clock.elapsed(), decision.active.fault if decision.active else None
        carried_out = fault is None or fault.applied or fault.reads_reply
        kept = await answer_of(self._app, self._scope, self._receive) if carried_out else None
        if kept is None:
            await self._drained()
        for active, seconds in decision.delays:
            due += seconds
            if not await self._waited(clock.sleep_until(due), active):
                return
        if decision.active:
            await self._strike(decision.active, kept, operation, clock.now())
        elif kept:
            await self._give(kept)

    async def _strike(
        self, active: ActiveFault, answer: WholeResponse | None, operation: Operation, now: dt.datetime
    ) -> None:
        fault = active.fault
        match fault:
            case models.Hang():
                await self._held(active)
            case models.Reset():
                self._connection.reset()
                await self._gone()
            case models.Empty():
                self._connection.close()
                await self._gone()
            case models.StatusFault():
                await self._give(_error(fault, operation, now))
            case models.Html():
                await self._give(WholeResponse(200, ((b"content-type", b"text/html; charset=utf-8"),), PAGE.encode()))
            case _ if answer:
                await self._spoiled(active, answer)

    async def _spoiled(self, active: ActiveFault, answer: WholeResponse) -> None:
        """A reply was made; it goes out in another form, or not whole."""
        fault = active.fault
        match fault:
            case models.Drip():
                self._connection.drip(fault.interval, head=fault.part == "head")
                answer = replace(answer, headers=(*answer.headers, (b"connection", b"close")))
            case models.HalfHead():
                self._connection.cut_head()
            case models.Truncate():
                self._connection.cut_body(len(answer.body) // 2)
            case models.Malformed():
                answer = replace(answer, body=answer.body[: len(answer.body) // 2])
            case models.ContentType():
                answer = answer.retyped(fault.media_type, answer.body)
            case models.Charset():
                answer = _in_charset(answer, fault)
            case models.Amend():
                answer = _amended(answer, fault, active)
        await self._give(answer)

    async def _give(self, answer: WholeResponse) -> None:
        await answer.give(self._scope, self._send)

    async def _held(self, active: ActiveFault) -> None:
        """No answer: until the caller has gone, or the fault is lifted, which drops the caller."""
        if await self._waited(asyncio.Event().wait(), active):
            self._connection.reset()
            await self._gone()

    async def _waited(self, what: Coroutine[Any, Any, object], active: ActiveFault) -> bool:
        """Until that is over or its fault is lifted; False when the caller has gone meanwhile."""
        gone = asyncio.ensure_future(self._gone())
        others = [asyncio.ensure_future(what), asyncio.ensure_future(active.lifted.wait())]
        try:
            await asyncio.wait([gone, *others], return_when=asyncio.FIRST_COMPLETED)
            return not gone.done()
        finally:
            for task in (gone, *others):
                task.cancel()

    async def _drained(self) -> None:
        """Read the body, which nobody will: bytes left unread would turn an orderly close into a reset."""
        while (await self._receive()).get("more_body", False):
            pass

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _error(fault: models.StatusFault, operation: Operation, now: dt.datetime) -> WholeResponse:
    code = fault.code or next(iter(operation.error_codes(fault.status)), "INTERNAL_ERROR")
    envelope = {
        "error": True,
        "code": code,
        "message": f"The mock was told to answer {fault.status}.",
        "details": {"timestamp": instant(now)},
    }
    return WholeResponse(fault.status, ((b"content-type", b"application/json"),), orjson.dumps(envelope))


def _in_charset(answer: WholeResponse, fault: models.Charset) -> WholeResponse:
    body = answer.body.decode("utf-8", "replace").encode(fault.charset, "replace")
    return answer.retyped(f"application/json; charset={fault.charset}" if fault.declared else "application/json", body)


def _amended(answer: WholeResponse, fault: models.Amend, active: ActiveFault) -> WholeResponse:
    """A reply that cannot be amended goes out as it is, and GET /_control/faults says why."""
    try:
        return replace(answer, body=orjson.dumps(amended(orjson.loads(answer.body), fault.patch)))
    except (AmendmentError, TypeError, orjson.JSONDecodeError) as error:
        active.trouble = str(error)
        return answer


def _source(scope: Scope) -> tuple[str, int] | None:
    client = scope.get("client")
    return (client[0], client[1]) if client else None
