"""Report exports that the queue runs: rows from Central and 1C, written in a format, kept until they expire."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports.definitions import Request
from argus_wfm.gateway.reports.signature import Signer
from argus_wfm.gateway.reports.staff import Sources, this_month
from argus_wfm.gateway.reports.table import Row, Table
from argus_wfm.gateway.storage.tables import report_files
from argus_wfm.json_type import Json

LOOK = 1000  # rows between two looks whether the report is still wanted
IN_MEMORY = 8 * 1024 * 1024  # bytes, beyond which a report is written on disk


@dataclass(frozen=True, slots=True)
class ReportExport:
    """`keep` is how long files are kept; `signer` makes the signer of PDFs when it is needed."""

    sources: Sources
    keep: dt.timedelta
    signer: Callable[[], Signer]

    def run(self, job: Job) -> dict[str, Json]:
        """Raises ReportNotFound, ReportTooLarge, and what 1C's calls raise."""
        request = Request.of(job.payload(), this_month(self.sources))
        table = request.definition.make(self.sources, job, request.month)
        request.check(table.count)
        options = request.options(self.signer() if request.format.name == "pdf" else None)
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as out:
            request.format.write(replace(table, rows=_watched(table, job)), options, out)  # type: ignore[arg-type]
            out.seek(0)
            content = out.read()
        job.check()
        self._keep(job, request, table, content)
        return {"file": request.file_name(), "bytes": len(content), "rows": table.count}

    def _keep(self, job: Job, request: Request, table: Table, content: bytes) -> None:
        """In place of what an earlier run may have left."""
        number = job.claimed.number
        row = {
            "operation": number,
            "name": request.file_name(),
            "media_type": request.format.media_type,
            "size": len(content),
            "rows": table.count,
            "etag": hashlib.sha256(content).hexdigest()[:32],
            "expires_at": self.sources.now() + self.keep,
            "content": content,
        }
        with self.sources.engine.begin() as connection:
            connection.execute(report_files.delete().where(report_files.c.operation == number))
            connection.execute(report_files.insert().values(row))
        job.queue.progress(number, done=table.count, total=table.count)


def _watched(table: Table, job: Job) -> Iterator[Row]:
    """The rows, as long as somebody wants them. Raises Cancelled, HandedBack."""
    for done, row in enumerate(table.rows, 1):
        yield row
        if done % LOOK == 0:
            job.check()
            job.queue.progress(job.claimed.number, done=done, total=max(done, table.count))
