"""Audit records of queued operations."""

from __future__ import annotations

import datetime as dt

from argus_wfm.gateway.audit import Record, as_error
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.json_type import Json


def of_queue(claimed: Claimed, status: str, error: Json, now: dt.datetime) -> Record:
    """Of how an operation ended; `error` is that of a dead letter."""
    told = as_error(error["code"], error["message"], error["details"]) if error else None
    return Record(
        direction="queue",
        system="gateway",
        requested_at=claimed.submitted_at,
        responded_at=now,
        principal=claimed.principal,
        operation=claimed.kind.name,
        method=None,
        path=None,
        payload={"status": status},
        status=None,
        error=told,
        duration_ms=max(0.0, round((now - claimed.submitted_at).total_seconds() * 1000, 3)),
        retries=claimed.attempt,
        request_id=claimed.request_id,
        operation_ref=claimed.id,
    )
