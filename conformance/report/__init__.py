"""Reports of a run for machines and people: report.json, junit.xml, sarif.json, index.html."""

from __future__ import annotations

import json
from pathlib import Path

from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.conformance.report import html, junit, sarif
from argus_wfm.conformance.report.output_folder import emptied, occupied, removed, written
from argus_wfm.conformance.report.results import NOTHING_RUN, Run
from argus_wfm.json_type import Json

__all__ = ["begin", "emptied", "machine", "occupied", "put", "read", "write", "write_failure"]
MACHINE, JUNIT, SARIF, PAGE = "report.json", "junit.xml", "sarif.json", "index.html"


def write(run: Run, folder: Path) -> list[Path]:
    """All reports; the folder is made where it is missing. Raises CouldNotRun when that is not possible."""
    return written(
        folder,
        {MACHINE: machine(run.as_dict()), JUNIT: junit.render(run), SARIF: sarif.render(run), PAGE: html.render(run)},
    )


def begin(folder: Path) -> None:
    """In place of an older run's reports: what is there when this one is killed."""
    write_failure("The run has not ended: it is still going on, or it was killed.", folder)


def write_failure(message: str, folder: Path, code: int = NOTHING_RUN) -> None:
    """In place of a report that would be an older run's: this one had no verdict; `code` is how it ends."""
    told = {"exit": code, "could_not_run": message, "scenarios": [], "findings": []}
    written(folder, {MACHINE: machine(told)})
    removed(folder, (JUNIT, SARIF, PAGE))


def read(folder: Path) -> Json:
    """The machine's report of the last run. Raises CouldNotRun where there is none."""
    path = folder / MACHINE
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CouldNotRun(f"There is no {path} of an earlier run; leave --failed out.") from error
    except ValueError as error:
        raise CouldNotRun(f"{path} is no report: {error}. Leave --failed out.") from error


def machine(report: Json) -> str:
    """JSON with readable Cyrillic."""
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def put(path: Path, text: str) -> Path:
    """One more file, where the user wants it. Raises CouldNotRun when that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CouldNotRun(f"Cannot write {path}: {error.strerror}.") from error
    return path
