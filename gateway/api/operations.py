"""The operations of openapi/operations.yaml: the queue, its dead letters, syncs, caches, audit trail and health."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from argus_wfm.gateway.api import mapping
from argus_wfm.gateway.api.responses import accepted, asked, cached, decoded, encoded, moment
from argus_wfm.gateway.audit import Audit
from argus_wfm.gateway.personnel.store import Employees
from argus_wfm.gateway.queue.actions import QueueActions
from argus_wfm.gateway.queue.kinds import REPORT, OperationStatus
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.queue.views import QueueViews, position
from argus_wfm.gateway.reports.exports import Exports
from argus_wfm.gateway.storage import tables
from argus_wfm.gateway.storage.cache import Caches
from argus_wfm.json_type import Json
from argus_wfm.openapi import ApiResponse, Call, Handlers
from argus_wfm.openapi.errors import InvalidPeriod


class Operations:
    """One method per operation; the database is asked in threads."""

    def __init__(
        self,
        queue: Queue,
        actions: QueueActions,
        views: QueueViews,
        employees: Employees,
        caches: Caches,
        audit: Audit,
        exports: Exports,
        health: Callable[[], Json],
    ) -> None:
        self._queue, self._actions, self._views, self._employees = queue, actions, views, employees
        self._caches, self._audit, self._exports, self._health = caches, audit, exports, health

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "listOperations": self.list_operations,
            "submitPersonnelSync": partial(self.submit, "personnel_sync"),
            "submitScheduleUpload": partial(self.submit, "schedule_upload"),
            "submitFactTransfer": partial(self.submit, "fact_transfer"),
            "submitSiteTransfer": partial(self.submit, "site_transfer"),
            "submitTimesheetRequest": partial(self.submit, "timesheet_request"),
            "submitReportExport": self.submit_report,
            "getOperation": self.get_operation,
            "getOperationResult": self.get_result,
            "cancelOperation": partial(self._changed, self._actions.cancel),
            "retryOperation": partial(self._changed, self._actions.retry_now),
            "getQueue": self.get_queue,
            "pauseQueue": partial(self._switched, self._actions.pause),
            "resumeQueue": partial(self._switched, self._actions.resume),
            "listDeadLetters": self.list_dead_letters,
            "redriveDeadLetters": self.redrive,
            "redriveDeadLetter": partial(self._changed, self._actions.redrive),
            "listSyncRuns": self.list_sync_runs,
            "getSyncRun": self.get_sync_run,
            "listEmployees": self.list_employees,
            "getEmployee": self.get_employee,
            "getMapping": self.get_mapping,
            **mapping.handlers(),
            "listCaches": self.list_caches,
            "clearCaches": self.clear_caches,
            "clearCache": self.clear_cache,
            "searchAudit": self.search_audit,
            "getHealth": self.get_health,
        }

    async def submit(self, kind: str, call: Call) -> ApiResponse:
        """202 with Location. Raises InvalidPeriod, ValidationFailed."""
        payload = call.body or {}
        if kind == "schedule_upload" and payload["period_end"] < payload["period_start"]:
            raise InvalidPeriod("The period ends before it starts.", field="period_end")
        return await accepted(self._queue, self._views, call, kind, payload)

    async def submit_report(self, call: Call) -> ApiResponse:
        """The same as an export. Raises ReportNotFound, ReportTooLarge, ValidationFailed."""
        await asked(partial(self._exports.check, call.body))
        return await accepted(self._queue, self._views, call, REPORT, call.body)

    async def list_operations(
        self,
        call: Call,
        status: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Json:
        """The newest first."""
        chosen = [*_kind(kind), *_between(tables.operations.c.submitted_at, since, None)]
        chosen += [tables.operations.c.status == status] if status else []
        return await asked(partial(self._views.page, chosen, cursor=cursor, limit=limit))

    async def get_operation(self, call: Call, operation_id: str) -> Json:
        """Raises OperationNotFound."""
        return await asked(partial(self._views.one, operation_id))

    async def get_result(self, call: Call, operation_id: str) -> ApiResponse:
        """Raises OperationNotFound, InvalidTransition."""
        media_type, content = await asked(partial(self._views.result, operation_id))
        return (
            ApiResponse(content)
            if media_type == "application/json"
            else ApiResponse(raw=content, media_type=media_type)
        )

    async def get_queue(self, call: Call) -> Json:
        """Counts, and who works."""
        return await asked(self._views.queue)

    async def list_dead_letters(
        self,
        call: Call,
        kind: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Json:
        """The newest first."""
        chosen = [tables.operations.c.status == OperationStatus.DEAD, *_dead(kind, since, until)]
        return await asked(partial(self._views.page, chosen, cursor=cursor, limit=limit))

    async def redrive(self, call: Call) -> Json:
        """All that the filter takes."""
        body, dry_run = call.body, call.body.get("dry_run", False)
        chosen = _dead(body.get("kind"), body.get("since"), body.get("until"))
        chosen += [tables.operations.c.id.in_(body["ids"])] if "ids" in body else []
        count = await asked(partial(self._actions.redrive_all, sa.and_(sa.true(), *chosen), dry_run=dry_run))
        return {"count": count, "dry_run": dry_run}

    async def list_sync_runs(self, call: Call, limit: int = 50, cursor: str | None = None) -> Json:
        """The newest first."""
        return await asked(partial(self._views.sync_runs, cursor=cursor, limit=limit))

    async def get_sync_run(self, call: Call, operation_id: str) -> Json:
        """Raises OperationNotFound."""
        return await asked(partial(self._views.sync_run, operation_id))

    async def list_employees(
        self, call: Call, active: bool | None = None, limit: int = 50, cursor: str | None = None
    ) -> Json:
        """By employee_id."""
        page = await asked(partial(self._employees.page, active=active, after=decoded(cursor), limit=limit))
        last = page.pop("last")
        return {**page, "next": encoded(last)}

    async def get_employee(self, call: Call, employee_id: str) -> ApiResponse:
        """From the employee cache. Raises EmployeeNotFound."""

        async def fetch() -> bytes:
            return orjson.dumps(await asked(partial(self._employees.one, employee_id)))

        return await cached(self._caches.employee, call, employee_id, fetch)

    async def get_mapping(self, call: Call) -> ApiResponse:
        """From the configuration cache."""

        async def fetch() -> bytes:
            return orjson.dumps(mapping.tables())

        return await cached(self._caches.configuration, call, "mapping", fetch)

    async def list_caches(self, call: Call) -> Json:
        """Region by region."""
        return {"caches": [region.shown() for region in self._caches]}

    async def clear_caches(self, call: Call) -> Json:
        """All of them."""
        self._caches.clear()
        return await self.list_caches(call)

    async def clear_cache(self, call: Call, region: str) -> Json:
        """One of them."""
        self._caches[region].clear()
        return await self.list_caches(call)

    async def search_audit(
        self,
        call: Call,
        since: str | None = None,
        until: str | None = None,
        direction: str | None = None,
        principal: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        operation_ref: str | None = None,
        failed: bool | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Json:
        """The newest first."""
        a = tables.audit.c
        equal = {
            a.direction: direction,
            a.principal: principal,
            a.operation: operation,
            a.request_id: request_id,
            a.operation_ref: operation_ref,
            a.failed: failed,
        }
        chosen = [column == value for column, value in equal.items() if value is not None]
        chosen += _between(a.requested_at, since, until)
        before = position(cursor) if cursor else None
        search = partial(self._audit.search, sa.and_(sa.true(), *chosen), before=before, limit=limit + 1)
        found = await asked(search)
        items = found[:limit]
        return {"items": items, "next": str(items[-1]["id"]) if len(found) > limit else None}

    async def get_health(self, call: Call) -> Json:
        """What is known; nothing is called for it."""
        return {**self._health(), "queue": await asked(self._views.queue)}

    async def _changed(self, change: Callable[[str], None], call: Call, operation_id: str) -> Json:
        await asked(partial(change, operation_id))
        return await self.get_operation(call, operation_id)

    async def _switched(self, switch: Callable[[], None], call: Call) -> Json:
        await asked(switch)
        return await self.get_queue(call)


def _kind(kind: str | None) -> list[sa.ColumnElement[bool]]:
    return [tables.operations.c.kind == kind] if kind else []


def _dead(kind: str | None, since: str | None, until: str | None) -> list[sa.ColumnElement[bool]]:
    return [*_kind(kind), *_between(tables.operations.c.finished_at, since, until)]


def _between(column: sa.Column[Any], since: str | None, until: str | None) -> list[sa.ColumnElement[bool]]:
    chosen = [column >= moment("since", since)] if since else []
    return chosen + ([column < moment("until", until)] if until else [])
