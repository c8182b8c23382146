"""Ways of answering that both contracts share: from a cache, and with an operation of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from gateway.cache import Region, is_fresh_wanted
from gateway.work.listing import Listing
from gateway.work.queue import Queue
from openapi import Call, Reply
from openapi.exchange import current

Json = Any
OPERATIONS = "/api/integration/operations"


async def cached(region: Region, call: Call, key: str, fetch: Callable[[], Awaitable[bytes]]) -> Reply:
    """What is kept under `key`, or what `fetch` brings; the caller's no-cache always fetches."""
    fresh = is_fresh_wanted(call.headers)
    served = await region.get_or_fetch(key, fetch, refresh=fresh)
    return Reply(raw=served.body, headers=served.headers(fresh=fresh))


async def accepted(queue: Queue, listing: Listing, call: Call, kind: str, payload: Json) -> Reply:
    """202 with Location, once it stands in the queue. Raises ValidationFailed for a reused Idempotency-Key."""
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
    shown = await asyncio.to_thread(listing.one, operation_id)
    return Reply(shown, 202, {"Location": f"{OPERATIONS}/{operation_id}"})
