"""Builds the gateway: the one place that constructs its objects and joins them.

web: contracts (personnel, operations) ── Parts ── work: queue, worker, sync, transfers
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from email.utils import format_datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from gateway import logs, tables
from gateway.api.operations import Operations
from gateway.api.personnel import Personnel
from gateway.audit import Audit, Record, inbound, of_queue
from gateway.auth import CHALLENGE, Tokens
from gateway.cache import Caches
from gateway.clock import Clock
from gateway.controls import controls
from gateway.database import connect as connect_database
from gateway.database import default_url, migrate
from gateway.employees import Employees
from gateway.errors import TokenInvalid
from gateway.metrics import CONTENT_TYPE, Metrics
from gateway.settings import Settings
from gateway.upstream.breaker import Breaker
from gateway.upstream.zup import Upstream, ZupClient, connect
from gateway.work.bridge import Bridge
from gateway.work.interventions import Interventions
from gateway.work.job import Job
from gateway.work.kinds import Status
from gateway.work.listing import Listing
from gateway.work.queue import Queue
from gateway.work.records import Claimed
from gateway.work.report import report_export
from gateway.work.sync import PersonnelSync
from gateway.work.transfer import fact_transfer, schedule_upload, timesheet_request
from gateway.work.turns import Act, BlockingZup, Turns
from openapi import Exchange, accounts, load, serve
from openapi.errors import instant
from openapi.frame import with_routes

Json = Any
RESET_S = 5.0


class Parts:
    """What web and work of one process share. Raises DatabaseError for a URL that is none."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.engine = connect_database(settings.database_url or default_url())
        self.audit = Audit(self.engine)
        self.queue = Queue(self.engine, clock.now)
        self.listing = Listing(self.engine, clock.now)
        self.employees = Employees(self.engine, clock.now)
        self.caches = Caches(
            clock.now,
            api_s=settings.api_cache_s,
            employee_s=settings.employee_cache_s,
            calendar_s=settings.calendar_cache_s,
            entries=settings.api_cache_entries,
            redis_url=settings.redis_url,
        )
        self.zup = Upstream(settings.zup_url, _breaker(settings, clock), settings.call_timeout_s)
        self.zup.on_recovery = self.caches.on_recovery
        self.queue.on_end = self._ended
        key = settings.token_key
        self.tokens = Tokens(key.get_secret_value().encode(), clock.now) if key else None
        self.metrics = Metrics(self.listing.queue, self._breakers, self.caches)

    def zup_client(self, http: Any) -> ZupClient:
        """One for each event loop."""
        return ZupClient(load("personnel"), self.zup, http, self.clock, self._outbound)

    def health(self) -> Json:
        """From what is known; an upstream is never called for it."""
        seen = {"zup": {**self.zup.seen.shown(), "breaker": self.zup.breaker.shown()}}
        failing = any(upstream["state"] == "failing" for upstream in seen.values())
        return {"status": "failing" if failing else "ok", "now": instant(self.clock.now()), "upstreams": seen}

    async def inbound(self, exchange: Exchange) -> None:
        """Into the audit trail, before the call is answered; pages about a contract are no calls."""
        if exchange.operation or exchange.failure:
            await asyncio.wrap_future(self.audit.record(inbound(exchange, self.clock.now())))

    def closed(self, exchange: Exchange) -> None:
        """A call has been answered."""
        logs.exchange(exchange)
        self.metrics.exchange(exchange)

    async def _outbound(self, record: Record) -> None:
        self.metrics.outbound(record)
        await asyncio.wrap_future(self.audit.record(record))

    def _ended(self, connection: sa.Connection, claimed: Claimed, status: Status, error: Json) -> None:
        connection.execute(tables.audit.insert(), of_queue(claimed, status.value, error, self.clock.now()).row())
        logs.operation(claimed.id, claimed.kind.name, status, claimed.attempt, claimed.request_id)

    def _breakers(self) -> dict[str, Json]:
        return {"zup": self.zup.breaker.shown()}


class Work:
    """The queue's worker of one process; start() and stop() block."""

    def __init__(self, parts: Parts) -> None:
        from gateway.work.worker import Worker  # dbos takes a second to import

        settings, self._parts, self._bridge = parts.settings, parts, Bridge()
        self._http = connect(settings.zup_user, settings.zup_password.get_secret_value())
        zup = BlockingZup(parts.zup_client(self._http), self._bridge)
        turns = Turns(parts.queue, self._acts(), zup, lambda: self.worker.stopping)
        self.worker = Worker(
            parts.engine,
            parts.queue,
            turns,
            concurrency=settings.worker_concurrency,
            housekeeping=self._keep_house,
        )

    def _acts(self) -> dict[str, Act]:
        parts = self._parts
        sync = PersonnelSync(
            parts.engine,
            parts.employees,
            parts.clock.now,
            shrinkage=parts.settings.sync_shrinkage,
            on_success=parts.caches.on_sync,
        )
        return {
            "personnel_sync": sync.run,
            "schedule_upload": partial(self._modifying, schedule_upload),
            "fact_transfer": partial(self._modifying, fact_transfer),
            "timesheet_request": timesheet_request,
            "report_export": partial(report_export, parts.engine),
        }

    def _modifying(self, act: Act, job: Job) -> dict[str, Json]:
        try:
            return act(job)
        finally:
            self._parts.caches.on_modification()

    def _keep_house(self) -> None:
        logs.purged(self._parts.audit.purge(self._parts.clock.now()))

    def start(self) -> None:
        """Raises NoSlot."""
        self._bridge.start()
        self.worker.start()

    def stop(self) -> None:
        """What runs gets its grace, then it is handed back."""
        self.worker.stop(self._parts.settings.stop_grace_s, self._bridge.give_up)
        self._bridge.run(self._http.aclose())
        self._bridge.stop()

    def drop(self) -> None:
        """Give up what runs, for a reset."""
        self._bridge.give_up()
        self.worker.idle(RESET_S)


@contextlib.contextmanager
def working(parts: Parts) -> Iterator[Work | None]:
    """Database, audit trail and, unless settings say 0, a worker. Raises DatabaseError, NoSlot."""
    migrate(parts.engine)
    parts.audit.start()
    work = Work(parts) if parts.settings.worker_concurrency else None
    try:
        if work:
            work.start()
        try:
            yield work
        finally:
            if work:
                work.stop()
    finally:
        parts.audit.stop()
        parts.engine.dispose()


def build(settings: Settings, *, clock: Clock | None = None, with_controls: bool = False) -> ASGIApp:
    """The gateway as an ASGI application; controls exist only when asked for. Raises DatabaseError."""
    clock = clock or Clock()
    parts = Parts(settings, clock)
    http = connect(settings.zup_user, settings.zup_password.get_secret_value())
    contracts = _contracts(parts, parts.zup_client(http))
    running: list[Work] = []

    async def health(_request: Request) -> Response:
        headers = {"Date": format_datetime(parts.clock.now(), usegmt=True)}
        return JSONResponse({"service": "gateway", **parts.health(), "status": "ok"}, headers=headers)

    async def metrics(_request: Request) -> Response:
        return Response(await asyncio.to_thread(parts.metrics.text), media_type=CONTENT_TYPE)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        """Starting and stopping work blocks, in a thread of its own."""
        async with http, _in_thread(working(parts)) as work:
            running.extend([work] if work else [])
            yield

    def reset() -> None:
        _empty(parts)
        if running:
            running[0].drop()
            _empty(parts)

    extra = [Mount("/_control", controls(parts.clock, parts.caches, parts.zup, parts.queue, parts.tokens, reset))]
    routes = [Route("/health", health), Route("/metrics", metrics), *(extra if with_controls else [])]
    return with_routes(contracts, routes, lifespan)


def _contracts(parts: Parts, zup: ZupClient) -> ASGIApp:
    settings, tokens = parts.settings, parts.tokens

    def verified(token: str, audience: str) -> str:
        if tokens is None:
            raise TokenInvalid("This gateway has no ARGUS_TOKEN_KEY, so that it takes no token.", headers=CHALLENGE)
        return tokens.verify(token, audience)

    operations = Operations(
        parts.queue,
        Interventions(parts.queue),
        parts.listing,
        parts.employees,
        parts.caches,
        parts.audit,
        parts.health,
    )
    key = settings.session_key.get_secret_value().encode() if settings.session_key else None
    return serve(
        {
            "personnel": Personnel(zup, parts.caches, parts.queue, parts.listing).handlers(),
            "operations": operations.handlers(),
        },
        stack="async",
        users={"basic": accounts({settings.user: settings.password.get_secret_value()}), "bearer": verified},
        now=parts.clock.now,
        on_exchange=parts.closed,
        before_answer=parts.inbound,
        session_key=key,
    )


def _breaker(settings: Settings, clock: Clock) -> Breaker:
    failures, reset_s = settings.breaker_failures, settings.breaker_reset_s
    return Breaker("1C ZUP", clock, failures=failures, reset_s=reset_s, on_change=logs.breaker)


@contextlib.asynccontextmanager
async def _in_thread(entered: contextlib.AbstractContextManager[Work | None]) -> AsyncIterator[Work | None]:
    work = await asyncio.to_thread(entered.__enter__)
    try:
        yield work
    finally:
        await asyncio.to_thread(entered.__exit__, None, None, None)


def _empty(parts: Parts) -> None:
    """As new, for controls: no operations, employees or records, nothing cached, the breaker closed."""
    with parts.engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            if table is not tables.workers:
                connection.execute(table.delete())
    parts.caches.clear()
    parts.zup.reset()
