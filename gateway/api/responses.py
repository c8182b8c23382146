"""Ways of asking and answering that contracts share: the database, a cache, an operation of the queue, an instant."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.views import QueueViews
from argus_wfm.gateway.storage.cache import Region, is_fresh_wanted
from argus_wfm.json_type import Json
from argus_wfm.openapi import ApiResponse, Call
from argus_wfm.openapi.errors import ValidationFailed
from argus_wfm.openapi.exchange import current

T = TypeVar("T")
OPERATIONS = "/api/integration/operations"


async def cached(region: Region, call: Call, key: str, fetch: Callable[[], Awaitable[bytes]]) -> ApiResponse:
    """What is kept under `key`, or what `fetch` brings; the caller's no-cache always fetches."""
    fresh = is_fresh_wanted(call.headers)
    served = await region.get_or_fetch(key, fetch, refresh=fresh)
    return ApiResponse(raw=served.body, headers=served.headers(fresh=fresh))


async def accepted(queue: Queue, views: QueueViews, call: Call, kind: str, payload: Json) -> ApiResponse:
    """202 with Location, once it stands in the queue. Raises ValidationFailed for a reused Idempotency-Key."""
    operation_id = await submitted(queue, call, kind, payload)
    shown = await asyncio.to_thread(views.one, operation_id)
    return ApiResponse(shown, 202, {"Location": f"{OPERATIONS}/{operation_id}"})


async def submitted(queue: Queue, call: Call, kind: str, payload: Json) -> str:
    """The id of an operation that stands in the queue now. Raises ValidationFailed for a reused Idempotency-Key."""
    submit = partial(
        queue.submit,
        kind,
        payload,
        key=call.headers.get("idempotency-key"),
        principal=call.principal,
        request_id=call.request_id,
    )
    operation_id = await asyncio.to_thread(submit)
    current().reference = operation_id
    return operation_id


async def asked(act: Callable[[], T]) -> T:
    """What blocks, in a thread."""
    return await asyncio.to_thread(act)


def decoded(cursor: str | None) -> str:
    """The key that a page ended with; a cursor that was not ours begins at the start."""
    try:
        return bytes.fromhex(cursor or "").decode()
    except ValueError:
        return ""


def encoded(last: str | None) -> str | None:
    """A cursor of any key."""
    return last and last.encode().hex()


def moment(name: str, text: str) -> dt.datetime:
    """Of a member that the contract calls a date-time. Raises ValidationFailed for a leap second."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:  # it is RFC 3339, and no datetime
        raise ValidationFailed(f"{name}: {text} is no instant", field=name) from error
