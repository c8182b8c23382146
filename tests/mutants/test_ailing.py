"""Hosts that are not well: each run ends in time, without burdening them, and tells what ails them."""

from __future__ import annotations

import itertools
import json
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.exchange import Reply, Request, operations
from tests.mutants.host import Host, judged, running
from tests.mutants.proxy import Proxy, Spoiler

pytestmark = pytest.mark.slow

SECONDS, REQUESTS = 120, 300
SCENARIOS = 128
PAGE = "<!doctype html><title>Argus WFM</title><p>Вход в систему".encode()
HALF = {operation.id for operation in sorted(operations(), key=lambda one: one.id)[::2]}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with running("--no-controls") as served:
        yield served


def page(_: Request | None = None, status: int = 200) -> Reply:
    return Reply([("Content-Type", "text/html; charset=utf-8")], PAGE, status)


def half(request: Request) -> Reply | None:
    return page(status=404) if request.operation is None or request.operation in HALF else None


def third() -> Spoiler:
    asked = itertools.count(1)

    def reply(_: Request, given: Reply) -> None:
        if next(asked) % 3 == 0:
            given.status, given.body = 500, b"Internal Server Error"
            given.put("Content-Type", "text/plain")

    return Spoiler(reply=reply)


def told(url: str, folder: Path) -> tuple[dict[str, Any], Counter[str]]:
    """The report, and how many scenarios ended how, by class of drift or by verdict."""
    report, seconds = judged(["--base-url", url], folder / "report")
    journal = (folder / "report" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    sent = [entry for line in journal if "method" in (entry := json.loads(line))]
    ends = Counter(row["drift"] or row["verdict"] for row in report["scenarios"])
    print(f"exit {report['exit_code']}, {len(sent)} requests, {seconds:.0f} s, {dict(ends)}")
    assert len(report["scenarios"]) == SCENARIOS
    assert len(sent) <= REQUESTS
    assert seconds <= SECONDS
    assert not [entry for entry in sent if entry["effect"] == "write"]
    return report, ends


def test_one_that_is_down(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    report, ends = told(f"http://127.0.0.1:{port}", tmp_path)
    assert report["exit_code"] == 2
    assert ends["unreachable"] > SCENARIOS / 3
    assert not ends["pass"]


def test_one_that_speaks_html(host: Host, tmp_path: Path) -> None:
    with Proxy(host.url, Spoiler(request=page)) as proxy:
        report, ends = told(proxy.url, tmp_path)
    assert report["exit_code"] == 1
    assert ends["wrong protocol"] > SCENARIOS / 3
    assert not ends["pass"]


def test_one_with_half_of_the_operations(host: Host, tmp_path: Path) -> None:
    with Proxy(host.url, Spoiler(request=half)) as proxy:
        report, ends = told(proxy.url, tmp_path)
    assert report["exit_code"] == 1
    assert ends["operation absent"] > 0
    absent = {one["operation"] for one in report["findings"] if one["code"] == "OPERATION_ABSENT"}
    assert absent
    assert absent <= HALF
    assert ends["pass"] > 0


def test_one_whose_every_third_reply_is_a_500(host: Host, tmp_path: Path) -> None:
    with Proxy(host.url, third()) as proxy:
        report, _ = told(proxy.url, tmp_path)
    assert report["exit_code"] == 1
    assert "SERVER_ERROR" in {one["code"] for one in report["findings"]}
    assert any("is left alone" in (row["reason"] or "") for row in report["scenarios"])


def test_one_that_answers_in_25_s(host: Host, tmp_path: Path) -> None:
    with Proxy(host.url, Spoiler(slow_s=25)) as proxy:
        report, ends = told(proxy.url, tmp_path)
    assert report["exit_code"] == 2
    assert ends["could not test"] > SCENARIOS / 3
    assert any("took 25 s" in (row["reason"] or "") for row in report["scenarios"])
