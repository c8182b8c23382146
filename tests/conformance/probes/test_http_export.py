"""Probes of the report export: a file requested twice or too soon, repeated keys, tasks that failed."""

from __future__ import annotations

import time
import types

import pytest
from starlette.requests import Request
from starlette.responses import Response

from argus_wfm.conformance.probes import http
from argus_wfm.conformance.probes.http import probes
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.json_type import Json
from tests.support.export_host import ExportHost, Fails, Refused, Untagged, ours, served


class NeverKnown(ExportHost):
    def is_known(self, request: Request) -> bool:
        return False


class Hurried(ExportHost):
    def ended(self, body: Json) -> str:
        return "running"

    async def made(self, task: str) -> bytes:
        return b""


class Early(ExportHost):
    async def download(self, request: Request) -> Response:
        raise Refused(409, "EXPORT_NOT_READY")


@pytest.mark.parametrize(
    ("host", "name", "due"),
    [
        (ExportHost, "not_modified", ("pass", "")),
        (NeverKnown, "not_modified", ("fail", "STATUS_UNEXPECTED")),
        (Untagged, "not_modified", ("untested", "")),
        (ExportHost, "too_soon", ("pass", "")),
        (Early, "too_soon", ("pass", "")),
        (Hurried, "too_soon", ("pass", "FILE_CONTENT")),
    ],
)
def test_what_a_file_is_asked_twice_or_too_soon(host: type[ExportHost], name: str, due: tuple[str, str]) -> None:
    with served(host()) as url:
        target = ours(url)
        target.export.post("/export", {"report_id": "personnel_list", "format": "csv", "period": "2025-07"})
        (probe,) = [probe for probe in probes(target.export) if probe.name == name]
        verdict, departure, _ = outcome(probe)
        found = [*target.recorder.drain().findings, *([departure.finding] if departure else [])]
    assert (verdict, due[1] in [one.code for one in found] if due[1] else True) == (due[0], True)


class Lists(ExportHost):
    def accepted(self, task: str) -> Json:
        return [super().accepted(task)]


@pytest.mark.parametrize("name", ["same_key", "too_soon"])
def test_a_reply_of_another_shape_is_a_finding(name: str) -> None:
    with served(Lists()) as url:
        target = ours(url)
        (probe,) = [probe for probe in probes(target.export) if probe.name == name]
        verdict, departure, _ = outcome(probe)
    assert (verdict, departure.finding.code if departure else "") == ("fail", "UNREADABLE")


def test_tasks_that_have_failed_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    with served(Fails()) as url:
        target = ours(url)
        for _ in range(2):
            target.export.post("/export", {"report_id": "personnel_list", "format": "csv", "period": "2025-07"})
        target.recorder.drain()
        (probe,) = [probe for probe in probes(target.export) if probe.name == "not_modified"]
        monkeypatch.setattr(http, "time", types.SimpleNamespace(monotonic=time.monotonic, sleep=slept.append))
        assert outcome(probe)[0] == "untested"
    assert sum(slept) == 0


class Remembers(ExportHost):
    """A key's first reply is the reply to each that repeats it."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Response] = {}

    async def export(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        if key not in self.replies:
            self.replies[key] = await super().export(request)
        return self.replies[key]


@pytest.mark.parametrize(("host", "due"), [(Remembers, ("pass", "")), (ExportHost, ("fail", "/task_id"))])
def test_a_repeated_key_is_the_same_task(host: type[ExportHost], due: tuple[str, str]) -> None:
    with served(host()) as url:
        target = ours(url)
        (probe,) = [probe for probe in probes(target.export) if probe.name == "same_key"]
        verdict, departure, _ = outcome(probe)
    assert (verdict, departure.finding.where if departure else "") == due
