"""What one gateway process is made of: the parts that web and work share, and the work on the queue."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa

from argus_wfm.gateway import logs
from argus_wfm.gateway.agent_status.events import Agents
from argus_wfm.gateway.agent_status.hub import Hub
from argus_wfm.gateway.agent_status.queries import AgentStatusQueries
from argus_wfm.gateway.audit import Audit, Record, inbound
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.errors import TokenInvalid
from argus_wfm.gateway.identity.keys import Keys
from argus_wfm.gateway.identity.lockout import Lockout
from argus_wfm.gateway.identity.revocations import Revocations
from argus_wfm.gateway.identity.tokens import Claims, Tokens
from argus_wfm.gateway.metrics import Metrics
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.personnel.sync import PersonnelSync
from argus_wfm.gateway.personnel.uploads import fact_transfer, schedule_upload, timesheet_request
from argus_wfm.gateway.queue.audit import of_queue
from argus_wfm.gateway.queue.event_loop import EventLoopBridge
from argus_wfm.gateway.queue.executor import Act, BlockingZup, OperationExecutor
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.queue.kinds import OperationStatus
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.gateway.queue.scheduler import Scheduler
from argus_wfm.gateway.queue.views import QueueViews
from argus_wfm.gateway.reports.exports import Exports
from argus_wfm.gateway.reports.job import ReportExport
from argus_wfm.gateway.reports.signature import Signer
from argus_wfm.gateway.reports.staff import Sources
from argus_wfm.gateway.settings import Settings
from argus_wfm.gateway.sites.actuals import Actuals
from argus_wfm.gateway.sites.consistency import Consistency
from argus_wfm.gateway.sites.payroll import Payroll
from argus_wfm.gateway.sites.registry import SiteRegistry
from argus_wfm.gateway.sites.transfer import Consolidation
from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.cache import Caches
from argus_wfm.gateway.storage.database import connect as connect_database
from argus_wfm.gateway.storage.database import default_url, migrate
from argus_wfm.gateway.upstream.breaker import Breaker
from argus_wfm.gateway.upstream.ldap import DirectoryAccount, LdapDirectory
from argus_wfm.gateway.upstream.zup import ZupClient, ZupUpstream, connect
from argus_wfm.json_type import Json
from argus_wfm.openapi import ServedExchange, load
from argus_wfm.openapi.authorization import BEARER_CHALLENGE
from argus_wfm.openapi.errors import instant

RESET_S = 5.0


class Components:
    """What web and work of one process share.

    Raises DatabaseError, KeysError, DirectoryError, SignatureError, SitesError.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.engine = connect_database(settings.database_url or default_url())
        self.audit = Audit(self.engine)
        self.queue = Queue(self.engine, clock.now)
        self.views = QueueViews(self.engine, clock.now)
        self.employees = Employees(self.engine, clock.now)
        self.sources = Sources(self.engine, clock.now)
        self.exports = Exports(self.sources)
        self.signer = _signer(settings)
        self.sites = SiteRegistry.of_file(settings.sites)
        self.actuals = Actuals(self.engine, clock.now)
        self.payroll = Payroll(self.engine, self.sites, clock.now)
        self.consistency = Consistency(self.engine, self.sites, settings.actuals_late_s)
        self.schedule = Scheduler(self.engine, self.queue, clock.now, settings.sync_schedule)
        self.caches = _caches(settings, clock)
        self.zup = ZupUpstream(settings.zup_url, _breaker("1C ZUP", settings, clock), settings.call_timeout_s)
        self.zup.on_recovery = self.caches.on_recovery
        self.queue.on_end = self._ended
        self.queries = AgentStatusQueries(self.engine, clock.now)
        self.revocations = Revocations(self.engine, clock.now)
        self.hub = Hub(
            self.queries,
            clock.now,
            clock.monotonic,
            heartbeat_s=settings.stream_heartbeat_s,
            backlog=settings.stream_backlog_kib * 1024,
            revoked=self.revocations.__contains__,
        )
        self.agents = Agents(self.engine, self.hub.heard)
        keys = _keys(settings)
        self.tokens = Tokens(keys, clock.now, self.revocations.__contains__) if keys else None
        self.lockout = Lockout(self.engine, clock.now, failures=settings.login_failures, window_s=settings.login_lock_s)
        self.directory = _directory(settings, clock, self._outbound)
        self.metrics = Metrics(self.views.queue, self._breakers, self.caches, self.hub)

    def claims(self, token: str, audience: str) -> Claims:
        """Of a token for one API. Raises TokenInvalid, TokenExpired, InsufficientScope."""
        if self.tokens is None:
            raise TokenInvalid(
                "This gateway has no ARGUS_TOKEN_KEY, so that it takes no token.", headers=BEARER_CHALLENGE
            )
        return self.tokens.claims(token, audience)

    def zup_client(self, http: Any) -> ZupClient:
        """One for each event loop."""
        return ZupClient(load("personnel"), self.zup, http, self.clock, self._outbound)

    def health(self) -> Json:
        """From what is known; an upstream is never called for it."""
        behind: dict[str, ZupUpstream | LdapDirectory] = {
            "zup": self.zup,
            **({"ldap": self.directory} if self.directory else {}),
        }
        seen = {name: {**one.seen.shown(), "breaker": one.breaker.shown()} for name, one in behind.items()}
        failing = any(upstream["state"] == "failing" for upstream in seen.values())
        return {"status": "failing" if failing else "ok", "now": instant(self.clock.now()), "upstreams": seen}

    async def inbound(self, exchange: ServedExchange) -> None:
        """Into the audit trail, before the call is answered; pages about a contract are no calls."""
        if exchange.operation or exchange.failure:
            await asyncio.wrap_future(self.audit.record(inbound(exchange, self.clock.now())))

    def closed(self, exchange: ServedExchange) -> None:
        """A call has been answered."""
        logs.exchange(exchange)
        self.metrics.exchange(exchange)

    async def _outbound(self, record: Record) -> None:
        self.metrics.outbound(record)
        await asyncio.wrap_future(self.audit.record(record))

    def _ended(self, connection: sa.Connection, claimed: Claimed, status: OperationStatus, error: Json) -> None:
        connection.execute(tables.audit.insert(), of_queue(claimed, status.value, error, self.clock.now()).row())
        logs.operation(claimed.id, claimed.kind.name, status, claimed.attempt, claimed.request_id)

    def _breakers(self) -> dict[str, Json]:
        ldap = {"ldap": self.directory.breaker.shown()} if self.directory else {}
        return {"zup": self.zup.breaker.shown(), **ldap}


class QueueWorker:
    """The queue's worker of one process; start() and stop() block."""

    def __init__(self, components: Components) -> None:
        from argus_wfm.gateway.queue.worker import Worker  # dbos takes a second to import

        settings, self._components, self._bridge = components.settings, components, EventLoopBridge()
        self._http = connect(settings.zup_user, settings.zup_password.get_secret_value())
        zup = BlockingZup(components.zup_client(self._http), self._bridge)
        executor = OperationExecutor(components.queue, self._acts(), zup, lambda: self.worker.stopping)
        self.worker = Worker(
            components.engine,
            components.queue,
            executor,
            concurrency=settings.worker_concurrency,
            look=components.schedule.look,
            housekeeping=self._keep_house,
        )

    def _acts(self) -> dict[str, Act]:
        components = self._components
        keep = dt.timedelta(hours=components.settings.report_keep_h)
        sync = PersonnelSync(
            components.engine,
            components.employees,
            components.clock.now,
            shrinkage=components.settings.sync_shrinkage,
            on_success=components.caches.on_sync,
        )
        return {
            "personnel_sync": sync.run,
            "schedule_upload": partial(self._modifying, schedule_upload),
            "fact_transfer": partial(self._modifying, fact_transfer),
            "site_transfer": partial(
                self._modifying, Consolidation(components.engine, components.sites, components.clock.now).run
            ),
            "timesheet_request": timesheet_request,
            "report_export": ReportExport(components.sources, keep, components.signer).run,
        }

    def _modifying(self, act: Act, job: Job) -> dict[str, Json]:
        try:
            return act(job)
        finally:
            self._components.caches.on_modification()

    def _keep_house(self) -> None:
        now = self._components.clock.now()
        logs.purged(self._components.audit.purge(now))
        self._components.agents.purge(now)
        self._components.revocations.purge()
        self._components.lockout.purge()
        self._components.exports.purge()

    def start(self) -> None:
        """Raises NoLease."""
        self._bridge.start()
        self.worker.start()

    def stop(self) -> None:
        """What runs gets its grace, then it is handed back."""
        self.worker.stop(self._components.settings.stop_grace_s, self._bridge.give_up)
        self._bridge.run(self._http.aclose())
        self._bridge.stop()

    def drop(self) -> None:
        """Give up what runs, for a reset."""
        self._bridge.give_up()
        self.worker.idle(RESET_S)


@contextlib.contextmanager
def working(components: Components) -> Iterator[QueueWorker | None]:
    """Database, audit trail and, unless settings say 0, a worker. Raises DatabaseError, NoLease."""
    migrate(components.engine)
    components.audit.start()
    components.agents.start()
    work = QueueWorker(components) if components.settings.worker_concurrency else None
    try:
        if work:
            work.start()
        try:
            yield work
        finally:
            if work:
                work.stop()
    finally:
        if components.directory:
            components.directory.close()
        components.agents.stop()
        components.audit.stop()
        components.engine.dispose()


def _caches(settings: Settings, clock: Clock) -> Caches:
    return Caches(
        clock.now,
        api_s=settings.api_cache_s,
        employee_s=settings.employee_cache_s,
        calendar_s=settings.calendar_cache_s,
        entries=settings.api_cache_entries,
        redis_url=settings.redis_url,
    )


def _keys(settings: Settings) -> Keys | None:
    """What tokens are signed with, if any are. Raises KeysError."""
    if settings.token_keys:
        return Keys.of_folder(settings.token_keys)
    return Keys.shared(settings.token_key.get_secret_value().encode()) if settings.token_key else None


def _signer(settings: Settings) -> Callable[[], Signer]:
    """What PDF reports are signed with; one for development is made when it is first needed. Raises SignatureError."""
    if not settings.report_certificate or not settings.report_key:
        return Signer.development
    password = settings.report_key_password.get_secret_value() if settings.report_key_password else None
    signer = Signer.configured(settings.report_certificate, settings.report_key, password)
    return lambda: signer


def _directory(settings: Settings, clock: Clock, record: Callable[[Record], Awaitable[None]]) -> LdapDirectory | None:
    if not settings.ldap_url:
        return None
    account = DirectoryAccount(
        settings.ldap_url,
        settings.ldap_user,
        settings.ldap_password.get_secret_value() if settings.ldap_password else "",
        settings.ldap_base,
        settings.ldap_start_tls,
        settings.ldap_ca_file,
    )
    return LdapDirectory(account, _breaker("LDAP", settings, clock), clock, settings.ldap_timeout_s, record)


def _breaker(upstream: str, settings: Settings, clock: Clock) -> Breaker:
    failures, reset_s = settings.breaker_failures, settings.breaker_reset_s
    return Breaker(upstream, clock, failures=failures, reset_s=reset_s, on_change=logs.breaker)


def empty(components: Components) -> None:
    """As new, for controls: no operations, employees or records, nothing cached, the breaker closed."""
    with components.engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            if table not in (tables.workers, tables.schedules):  # as the clock, the schedule runs on
                connection.execute(table.delete())
    components.caches.clear()
    components.zup.reset()
    components.revocations.look()
    if components.directory:
        components.directory.reset()
