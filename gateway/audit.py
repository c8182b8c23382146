"""The audit trail (seed section 10): every call in and out, committed before the call is answered."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from argus_wfm.gateway.storage.group_commit import Commits
from argus_wfm.gateway.storage.tables import audit
from argus_wfm.json_type import Json
from argus_wfm.openapi import ServedExchange
from argus_wfm.openapi.errors import exact

RETENTION_YEARS = 3
COMPLIANCE = {
    "data_classification": "personal_data",
    "retention_period": f"{RETENTION_YEARS}_years",
    "encryption": "in_transit",
    "gdpr_compliant": True,
}
UNENCRYPTED = "encryption in_transit does not hold: this call did not come over TLS"
SHOWN_ITEMS, SHOWN_TEXT, SHOWN_DEPTH = 3, 256, 8
LONGEST_TEXT = 4096  # characters that are looked through for credentials
OPERATION = re.compile(r"/operations/(op-[0-9a-f]{16})(?:/|$)|/dead-letters/(op-[0-9a-f]{16})/")
SECRET = re.compile(r"password|passwd|secret|token|authorization|cookie|session|credential|api_?key", re.IGNORECASE)
PERSONAL = re.compile(r"(last|first|second|middle|sur|full|user|initiator)_?name|фио", re.IGNORECASE)
CREDENTIAL = re.compile(r"\b(?:Basic|Bearer)\s{1,8}[\w+/=.~-]+|\beyJ[\w-]{8,}(?:\.[\w-]*)*", re.IGNORECASE)
MASK = "***"


@dataclass(frozen=True, slots=True)
class Record:
    """One call; instants are aware UTC by the gateway's clock, the duration is real."""

    direction: Literal["inbound", "outbound", "queue"]
    system: str
    requested_at: dt.datetime
    responded_at: dt.datetime
    principal: str | None
    operation: str | None
    method: str | None
    path: str | None
    payload: Json
    status: int | None
    error: Mapping[str, Json] | None
    duration_ms: float
    retries: int = 0
    request_id: str | None = None
    operation_ref: str | None = None
    transport: str | None = None

    def row(self) -> dict[str, Json]:
        """Column by column; text from outside holds no credential."""
        row = {name: getattr(self, name) for name in self.__slots__}  # asdict() would copy the payload, all of it
        unencrypted = self.transport in ("http", "ws", "ldap")
        return {
            **row,
            "payload": sanitized(self.payload),
            "path": self.path and masked(self.path),
            "error": sanitized(self.error) if self.error else None,
            "failed": self.error is not None,
            "warning": UNENCRYPTED if unencrypted else None,
            "request_id": self.request_id and self.request_id[:64],
            "operation": self.operation and self.operation[:64],
            "method": self.method and self.method[:16],
        }


class Audit:
    """Start it before the first call; safe to share between threads and event loops."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._commits = Commits(engine, "audit", self._write)
        self.start, self.stop = self._commits.start, self._commits.stop

    def record(self, record: Record) -> Future[None]:
        """Done when the record is committed; fails when it cannot be."""
        return self._commits.submit(record)

    def _write(self, connection: sa.Connection, records: Sequence[Record]) -> list[None]:
        connection.execute(audit.insert(), [record.row() for record in records])
        return [None] * len(records)

    def search(self, chosen: sa.ColumnElement[bool], *, before: int | None, limit: int) -> list[Json]:
        """Records, the newest first, older than number `before`."""
        query = sa.select(audit).where(chosen).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.id < before)
        with self._engine.connect() as connection:
            return [_shown(row) for row in connection.execute(query)]

    def purge(self, now: dt.datetime) -> int:
        """Forget what is older than the retention period; how many records that were."""
        with self._engine.begin() as connection:
            return connection.execute(audit.delete().where(audit.c.requested_at < kept_since(now))).rowcount


def kept_since(now: dt.datetime) -> dt.datetime:
    """Records from then on are kept: three years back, to the day."""
    try:
        return now.replace(year=now.year - RETENTION_YEARS)
    except ValueError:  # 29 February
        return dt.datetime(now.year - RETENTION_YEARS, 3, 1, tzinfo=now.tzinfo)


def sanitized(value: Json, depth: int = 0) -> Json:
    """Without secrets and people's names; long lists and texts are cut, and say how much there was."""
    if isinstance(value, (Mapping, list, tuple)) and depth >= SHOWN_DEPTH:
        return f"… {len(value)} members"
    if isinstance(value, Mapping):
        return {str(name): _member(str(name), item, depth) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        shown = [sanitized(item, depth + 1) for item in value[:SHOWN_ITEMS]]
        return shown if len(value) <= SHOWN_ITEMS else [*shown, f"… {len(value)} in all"]
    if isinstance(value, str):
        text = masked(value)
        return text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}… {len(value)} characters"
    return value


def masked(text: str) -> str:
    """Without anything that looks like a credential, at most LONGEST_TEXT of it."""
    return CREDENTIAL.sub(MASK, text[:LONGEST_TEXT])


def _query(query: str) -> str:
    """A query string without the values of parameters whose names promise a secret."""
    pairs = (pair.partition("=") for pair in query[:LONGEST_TEXT].split("&"))
    return "&".join(f"{name}{equals}{MASK if SECRET.search(name) else value}" for name, equals, value in pairs)


def _member(name: str, item: Json, depth: int) -> Json:
    if item is not None and (SECRET.search(name) or PERSONAL.search(name)):
        return MASK
    return sanitized(item, depth + 1)


def _shown(row: sa.Row[Any]) -> Json:
    members = {str(name): value for name, value in row._mapping.items() if name != "failed"}
    moments = {name: exact(members[name]) for name in ("requested_at", "responded_at")}
    return {**members, **moments, **COMPLIANCE}


def as_error(code: str, message: str, details: Mapping[str, Json]) -> dict[str, Json]:
    """The error of a record, from an envelope's members."""
    more = {name: str(details[name]) for name in ("field", "last_error") if details.get(name)}
    if PERSONAL.search(more.get("field", "")) or SECRET.search(more.get("field", "")):
        message = f"{more['field']}: {MASK}"  # its own words may repeat the value
    return {"code": code, "message": message, **more}


def inbound(exchange: ServedExchange, now: dt.datetime) -> Record:
    """Of a call that is about to be answered."""
    failure, operation = exchange.failure, exchange.operation
    query = f"?{_query(exchange.query)}" if exchange.query else ""
    named = OPERATION.search(exchange.path)
    return Record(
        direction="inbound",
        system="gateway",
        requested_at=exchange.requested_at,
        responded_at=now,
        principal=exchange.principal,
        operation=operation.id if operation else None,
        method=exchange.method,
        path=exchange.path + query,
        payload=exchange.body,
        status=exchange.status,
        error=as_error(failure.code, str(failure), failure.details) if failure else None,
        duration_ms=round(exchange.duration_s * 1000, 3),
        request_id=exchange.request_id,
        operation_ref=exchange.reference or (named and (named[1] or named[2])),
        transport=exchange.scheme,
    )
