"""Exports as their callers see them: operations of the queue, and the files that came of them until they expire."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from argus_wfm.gateway.errors import ExportNotReady, TaskNotFound
from argus_wfm.gateway.queue.kinds import REPORT, OperationStatus
from argus_wfm.gateway.reports.definitions import REPORTS, Request
from argus_wfm.gateway.reports.staff import Sources, this_month
from argus_wfm.gateway.storage.tables import operations, payloads, report_files
from argus_wfm.json_type import Json
from argus_wfm.openapi.errors import exact, instant

Row = sa.Row[Any]
LATEST = 20  # exports that an estimate is made from
ESTIMATE_S = 5  # where there are none yet
SHOWN = {OperationStatus.DEAD: "failed"}
PERCENT = 100


@dataclass(frozen=True, slots=True)
class File:
    """What is downloaded."""

    name: str
    ascii_name: str
    media_type: str
    etag: str
    content: bytes


class Exports:
    """Safe to share between threads and processes."""

    def __init__(self, sources: Sources) -> None:
        self._sources, self._engine = sources, sources.engine

    def check(self, body: Mapping[str, Json]) -> None:
        """Before a report is queued. Raises ReportNotFound, ValidationFailed, ReportTooLarge."""
        request = Request.of(body, this_month(self._sources))
        request.check(request.definition.count(self._sources, request.month))

    def reports(self) -> Json:
        """All that there are."""
        return {"reports": [one.shown() for one in REPORTS.values()]}

    def accepted(self, task_id: str) -> Json:
        """A task as the answer to its request has it. Raises TaskNotFound."""
        with self._engine.connect() as connection:
            row = self._row(connection, task_id)
        return {"task_id": row.id, "status": _status(row), "estimated_time": self._estimate()}

    def task(self, task_id: str) -> Json:
        """Raises TaskNotFound, also for one whose file has expired."""
        f = report_files.c
        with self._engine.connect() as connection:
            row = self._row(connection, task_id)
            query = sa.select(f.name, f.media_type, f.size, f.rows, f.etag, f.expires_at)
            file: Any = connection.execute(query.where(f.operation == row.number)).one_or_none()
        self._check_kept(row, file)
        asked = orjson.loads(row.payload)
        return {
            "task_id": row.id,
            "report_id": asked["report_id"],
            "format": asked["format"],
            "period": asked.get("period"),
            "status": _status(row),
            "progress": _progress(row),
            "submitted_at": exact(row.submitted_at),
            "finished_at": row.finished_at and exact(row.finished_at),
            "reason": row.reason,
            "error": row.error,
            "file": file and _file(file),
        }

    def file(self, task_id: str) -> File:
        """Raises TaskNotFound, ExportNotReady."""
        with self._engine.connect() as connection:
            row = self._row(connection, task_id)
            if row.status != OperationStatus.COMPLETED:
                why = f": {row.reason}" if row.reason else ""
                raise ExportNotReady(f"Export {task_id} is {_status(row)}{why}; it has no file.")
            file = connection.execute(sa.select(report_files).where(report_files.c.operation == row.number))
            found = file.one_or_none()
        self._check_kept(row, found)
        kept: Any = found
        asked = orjson.loads(row.payload)
        suffix = kept.name.rpartition(".")[2]
        name = "_".join(filter(None, (asked["report_id"], asked.get("period"))))
        return File(kept.name, f"{name}.{suffix}", kept.media_type, f'"{kept.etag}"', kept.content)

    def purge(self) -> None:
        """Files that have expired."""
        with self._engine.begin() as connection:
            connection.execute(report_files.delete().where(report_files.c.expires_at <= self._sources.now()))

    def _row(self, connection: sa.Connection, task_id: str) -> Row:
        joined = operations.join(payloads, payloads.c.operation == operations.c.number)
        query = sa.select(operations, payloads.c.payload).select_from(joined)
        row = connection.execute(query.where(operations.c.id == task_id, operations.c.kind == REPORT)).one_or_none()
        if row is None:
            raise _gone(task_id)
        return row

    def _check_kept(self, row: Row, file: Any) -> None:
        if row.status == OperationStatus.COMPLETED and (file is None or file.expires_at <= self._sources.now()):
            raise _gone(row.id)

    def _estimate(self) -> int:
        """Seconds that the latest took from their submission on, as a rule."""
        o = operations.c
        done = sa.and_(o.kind == REPORT, o.status == OperationStatus.COMPLETED)
        query = sa.select(o.submitted_at, o.finished_at).where(done).order_by(o.number.desc()).limit(LATEST)
        with self._engine.connect() as connection:
            took = [max(row.finished_at - row.submitted_at, dt.timedelta()) for row in connection.execute(query)]
        return round(statistics.median(one.total_seconds() for one in took)) if took else ESTIMATE_S


def _file(file: Any) -> Json:
    return {
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "rows": file.rows,
        "etag": f'"{file.etag}"',
        "expires_at": instant(file.expires_at),
    }


def _status(row: Row) -> str:
    return SHOWN.get(row.status, str(row.status))


def _progress(row: Row) -> Json:
    if row.total is None:
        return None
    percent = round(row.done / row.total * PERCENT, 1) if row.total else float(PERCENT)
    return {"done": row.done, "total": row.total, "percent": percent}


def _gone(task_id: str) -> TaskNotFound:
    return TaskNotFound(f"There is no export {task_id}, or its file has expired; ask for the report again.")
