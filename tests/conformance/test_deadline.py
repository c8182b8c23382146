"""Answers that come a byte at a time, or never end: whoever asks is not held up, and the journal says so."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from conformance import passing as passing_module
from conformance.client import Client, Policy
from conformance.deadline import DeadlineAdapter, Overlong
from conformance.findings import HeldBack
from conformance.gate import Gate, Limits
from conformance.passing import Passing
from conformance.recorder import Recorder
from openapi import load
from tests.callers import AGENTS, drips, drips_head, hangs, tcp


def session(adapter: DeadlineAdapter) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", adapter)
    return made


def endless(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(4000):
            connection.sendall(b"[" * 65536)


def passing(url: str, folder: Path) -> Passing:
    client = Client(load("personnel"), url, ("argus", "argus"), Policy(), Recorder())
    return Passing(client, Gate(Limits(journal=str(folder / "journal.jsonl"))))


@pytest.mark.parametrize("slow", [hangs, drips, drips_head])
def test_an_answer_is_whole_in_time_or_none(slow: Callable[[socket.socket], None]) -> None:
    with tcp(slow) as url, pytest.raises(requests.Timeout, match=r"no whole answer within 0\.3 s"):
        session(DeadlineAdapter()).get(url, timeout=0.3)


def test_an_answer_that_does_not_end_is_left() -> None:
    with tcp(endless) as url, pytest.raises(Overlong, match="an answer of more than 1000000 bytes"):
        session(DeadlineAdapter(largest=1_000_000)).get(url, timeout=20)


def test_what_the_engine_sends_has_the_judges_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(passing_module, "DEADLINE_S", 0.3)
    with tcp(drips) as url, pytest.raises(requests.Timeout):
        session(passing(url, tmp_path)).get(f"{url}{AGENTS}", timeout=60)
    sent, came = (json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    assert (sent["operation"], sent["effect"], came["error"]) == ("getAgents", "read", "no answer")


@pytest.mark.parametrize(("method", "path"), [("POST", "/sendSchedule"), ("DELETE", AGENTS), ("BREW", "/")])
def test_what_could_write_is_not_sent_whatever_the_engine_thinks(tmp_path: Path, method: str, path: str) -> None:
    asked: list[int] = []
    with tcp(lambda connection: asked.append(1)) as url, pytest.raises(HeldBack):
        session(passing(url, tmp_path)).request(method, f"{url}{path}", timeout=5)
    assert asked == []
    assert not (tmp_path / "journal.jsonl").exists()
