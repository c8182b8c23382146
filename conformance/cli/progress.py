"""Waits for an operation of the queue, or a report: a bar on a terminal, plain lines elsewhere, both on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from argus_wfm.conformance.cli.gateway_client import GatewayClient, operation
from argus_wfm.json_type import Json

if TYPE_CHECKING:
    from rich.console import Console

Show = Callable[[Json, str], None]
COMPLETED = "completed"
FINAL = (COMPLETED, "dead_letter", "cancelled", "failed")  # a report's dead letter is called failed
FIRST_S, SLOWER, LAST_S = 0.05, 1.3, 2.0  # between looks: each is a line of the audit trail
STUCK_S = 3.0  # in the queue before we ask why
STEP = 10  # percent between two plain lines


def until_over(remote: GatewayClient, operation_id: str) -> Json:
    """The operation once it is over. Raises RemoteError."""
    return watched(lambda: remote.get(operation(operation_id)), lambda: _why_queued(remote))


def watched(ask: Callable[[], Json], why_queued: Callable[[], str]) -> Json:
    """What `ask` says once it is over: id, kind, status, reason, and progress with its unit and eta_s."""
    from argus_wfm.conformance.report.terminal import console

    out = console(stderr=True)
    started, between, why = time.monotonic(), FIRST_S, ""
    with _bar(out) if out.is_terminal else _lines(out) as show:
        while True:
            now = ask()
            if now["status"] == "queued" and not why and time.monotonic() - started > STUCK_S:
                why = why_queued()
            show(now, now["reason"] or (why if now["status"] == "queued" else ""))
            if now["status"] in FINAL:
                return now
            time.sleep(between)
            between = min(between * SLOWER, LAST_S)


def _why_queued(remote: GatewayClient) -> str:
    queue = remote.get("/queue")
    if queue["paused"]:
        return "the queue is paused; argus queue resume"
    return "others go first" if queue["workers"] else "no worker runs; argus serve or argus worker starts one"


def done(progress: Json) -> str:
    """How far it is: 500 of 513 employees."""
    return f"{progress['done']} of {progress['total']} {progress['unit']}" if progress else ""


def eta(progress: Json) -> str:
    """How long it will take: 40 s, 3 min."""
    seconds = progress and progress["eta_s"]
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


@contextmanager
def _lines(out: Console) -> Iterator[Show]:
    from argus_wfm.conformance.report.terminal import safe

    told = ("", "", -STEP)

    def show(now: Json, why: str) -> None:
        nonlocal told
        progress = now["progress"]
        percent = 100 * progress["done"] // progress["total"] if progress and progress["total"] else 0
        status = (now["status"], why)
        if status == told[:2] and percent < told[2] + STEP:
            return
        told = (*status, percent)
        left = eta(progress)
        words = [f"{now['status']:11}", now["id"], done(progress), left and f"{left} left", why]
        out.print(safe("  ".join(filter(None, words))))

    yield show


@contextmanager
def _bar(out: Console) -> Iterator[Show]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from argus_wfm.conformance.report.terminal import safe

    texts = [TextColumn(f"{{task.fields[{name}]}}") for name in ("done", "left", "why")]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), *texts, TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("", total=None, done="", left="", why="")

        def show(now: Json, why: str) -> None:
            progress, left = now["progress"], eta(now["progress"])
            bar.update(
                task,
                description=safe(f"{now['kind']} {now['status']}"),
                total=progress and progress["total"],
                completed=progress["done"] if progress else 0,
                done=safe(done(progress)),
                left=left and f"{left} left",
                why=safe(why),
            )

        yield show
