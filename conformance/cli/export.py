"""`argus export`: a report of a running gateway as a file, waited for."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from typer import Option

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.cli.gateway_client import REPORTS, GatewayClient
from argus_wfm.conformance.cli.options import LOCAL_URL, AsJson
from argus_wfm.conformance.cli.progress import COMPLETED, watched
from argus_wfm.conformance.errors import RemoteError
from argus_wfm.json_type import Json

FAILED = 1
DOWNLOAD_S = 600.0  # a file may be large and the way to it slow
MOSCOW = ZoneInfo("Europe/Moscow")
EXAMPLES = (
    "argus export   |   argus export monthly_attendance --period 2025-07 --format xlsx -o july.xlsx   |   "
    "argus export personnel_list --format csv --for dwh --json"
)


class FileFormat(StrEnum):
    """Of a report's file."""

    XLSX = "xlsx"
    DOCX = "docx"
    PDF = "pdf"
    CSV = "csv"


class System(StrEnum):
    """Whom a file is for."""

    EXCEL = "excel"
    POWER_BI = "power_bi"
    DWH = "dwh"


Report = Annotated[str, typer.Argument(metavar="REPORT", help="Which; without one, they are listed.")]
Url = Annotated[
    str,
    Option(envvar="ARGUS_URL", help="The gateway; a token is ARGUS_REPORTS_TOKEN, or signed for this machine."),
]


def export(
    report: Report = "",
    period: Annotated[str, Option(help="The month, e.g. 2025-07; the gateway's current one when left out.")] = "",
    of_format: Annotated[FileFormat, Option("--format", help="Of the file.")] = FileFormat.XLSX,
    formulas: Annotated[bool, Option(help="In xlsx: formulas beside their values, or the values alone.")] = True,
    system: Annotated[System | None, Option("--for", help="Who reads a csv: dwh takes raw values.")] = None,
    path: Annotated[
        Path | None, Option("--output", "-o", help="Write it to this file; REPORT-PERIOD.FORMAT here when left out.")
    ] = None,
    url: Url = LOCAL_URL,
    as_json: AsJson = False,
) -> None:
    """Have a report made, wait for it, and save it; without REPORT, list the reports.

    Exit codes: 0 saved, 1 the report failed, 2 could not.
    """
    remote = GatewayClient(url, api=REPORTS)
    if not report:
        _list(remote.get("/definitions"), as_json)
        return
    month = period or f"{remote.now().astimezone(MOSCOW):%Y-%m}"
    file = path or Path(f"{report}-{month}.{of_format}")
    if not file.parent.is_dir():
        raise RemoteError(f"Cannot write {file}: there is no folder {file.parent}.")
    if file.is_dir():
        raise RemoteError(f"Cannot write {file}: it is a folder.")
    body = {"report_id": report, "format": of_format, "period": month, "include_formulas": formulas}
    task = _made(remote, {**body, "external_system": system} if system else body)
    if task["status"] == COMPLETED:
        _save(remote, task["task_id"], file)
    _tell(task, file, as_json)
    if task["status"] != COMPLETED:
        raise typer.Exit(FAILED)


def _made(remote: GatewayClient, body: Json) -> Json:
    """The task once it is over. Raises RemoteError."""
    path = f"/status/{remote.post('/export', body)['task_id']}"
    last: Json = {}

    def ask() -> Json:
        """As the queue shows its operations."""
        nonlocal last
        last = remote.get(path)
        progress = last["progress"] and {**last["progress"], "unit": "rows", "eta_s": None}
        return {**last, "id": last["task_id"], "kind": last["report_id"], "progress": progress}

    watched(ask, lambda: "others go first, or no worker runs: argus queue status")
    return last


def _save(remote: GatewayClient, task_id: str, file: Path) -> None:
    _, content = remote.read(f"/download/{task_id}", DOWNLOAD_S)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise RemoteError(f"Cannot write {file}: {error.strerror}.") from error


def _tell(task: Json, file: Path, as_json: bool) -> None:
    made = task["file"]
    if as_json:
        output.machine({**task, "saved_as": str(file) if made else None})
    elif made:
        output.text(f"{file}: {made['name']}, {made['rows']} rows, {made['size']} bytes")
    else:
        error = task["error"] or {}
        output.facts(
            [
                ("id", task["task_id"]),
                ("status", task["status"]),
                ("code", error.get("code")),
                ("message", error.get("message")),
                ("reason", task["reason"]),
            ]
        )


def _list(told: Json, as_json: bool) -> None:
    if as_json:
        output.machine(told)
        return
    lines = [
        [one["report_id"], one["title"], ", ".join(made["format"] for made in one["formats"])]
        for one in told["reports"]
    ]
    output.rows(("report", "title", "formats"), lines, empty="There are no reports.")
