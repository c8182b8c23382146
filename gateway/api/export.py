"""The operations of openapi/export.yaml: reports asked for, waited for and fetched."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from argus_wfm.gateway.api.responses import asked, submitted
from argus_wfm.gateway.queue.kinds import REPORT
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.reports.exports import Exports, File
from argus_wfm.json_type import Json
from argus_wfm.openapi import ApiResponse, Call, Handlers

STATUS = "/api/reports/status"


class Export:
    """One method per operation; the database is asked in threads."""

    def __init__(self, exports: Exports, queue: Queue) -> None:
        self._exports, self._queue = exports, queue

    def handlers(self) -> Handlers:
        """By operationId."""
        return {
            "listReports": self.list_reports,
            "exportReport": self.export,
            "getExportStatus": self.get_status,
            "downloadExport": self.download,
        }

    async def list_reports(self, call: Call) -> Json:
        """What there is."""
        return self._exports.reports()

    async def export(self, call: Call) -> ApiResponse:
        """202 with Location. Raises ReportNotFound, ReportTooLarge, ValidationFailed."""
        await asked(partial(self._exports.check, call.body))
        task_id = await submitted(self._queue, call, REPORT, call.body)
        accepted = await asked(partial(self._exports.accepted, task_id))
        return ApiResponse(accepted, 202, {"Location": f"{STATUS}/{task_id}"})

    async def get_status(self, call: Call, task_id: str) -> Json:
        """Raises TaskNotFound."""
        return await asked(partial(self._exports.task, task_id))

    async def download(self, call: Call, task_id: str) -> ApiResponse:
        """304 for a caller who has it already. Raises TaskNotFound, ExportNotReady."""
        file = await asked(partial(self._exports.file, task_id))
        if _has(call.headers.get("if-none-match", ""), file.etag):
            return ApiResponse(status=304, headers={"ETag": file.etag}, raw=b"")
        headers = {"Content-Disposition": disposition(file), "ETag": file.etag}
        return ApiResponse(raw=file.content, media_type=_typed(file.media_type), headers=headers)


def disposition(file: File) -> str:
    """Both forms of the name (RFC 6266, appendix D): those who do not know filename* take the other."""
    return f"attachment; filename=\"{file.ascii_name}\"; filename*=UTF-8''{quote(file.name, safe='')}"


def _has(given: str, etag: str) -> bool:
    """If-None-Match: the weak comparison of RFC 9110, 13.1.2."""
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag in tags


def _typed(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
