"""Answers that come a byte at a time, or never end: whoever asks is not held up, and the journal says so."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from argus_wfm.conformance.errors import HeldBack
from argus_wfm.conformance.generated import transport as passing_module
from argus_wfm.conformance.generated.transport import GuardedAdapter
from argus_wfm.conformance.model.findings import Departure, Drift, Finding
from argus_wfm.conformance.target.client import Client, Policy
from argus_wfm.conformance.target.deadline import DeadlineAdapter, Overlong, bounded
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.safety import Block, Limits, SafetyGuard
from argus_wfm.openapi import load
from tests.support.http_client import AGENTS, drips, drips_head, hangs, tcp


def session(adapter: DeadlineAdapter) -> requests.Session:
    return bounded(requests.Session(), adapter)


def endless(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(4000):
            connection.sendall(b"[" * 65536)


def passing(url: str, folder: Path) -> GuardedAdapter:
    client = Client(load("personnel"), url, ("argus", "argus"), Policy(), Recorder())
    return GuardedAdapter(client, SafetyGuard(Limits(journal=str(folder / "journal.jsonl"))))


@pytest.mark.parametrize("slow", [hangs, drips, drips_head])
def test_an_answer_is_whole_in_time_or_none(slow: Callable[[socket.socket], None]) -> None:
    with tcp(slow) as url, pytest.raises(requests.Timeout, match=r"no whole answer within 0\.3 s"):
        session(DeadlineAdapter()).get(url, timeout=0.3)


def test_an_answer_that_does_not_end_is_left() -> None:
    with tcp(endless) as url, pytest.raises(Overlong, match="an answer of more than 1000000 bytes"):
        session(DeadlineAdapter(largest=1_000_000)).get(url, timeout=20)


def test_one_that_hangs_does_not_end_the_others_of_its_adapter() -> None:
    """Threads share an adapter where one client asks for many."""
    shared, asked = session(DeadlineAdapter()), threading.Event()

    def slow(connection: socket.socket) -> None:
        asked.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with tcp(hangs) as hanging, tcp(slow) as fine, ThreadPoolExecutor() as pool:
        other = pool.submit(shared.get, fine, timeout=20)
        with pytest.raises(requests.Timeout):
            shared.get(hanging, timeout=0.3)
        asked.set()
        assert other.result().text == "ok"


@pytest.mark.parametrize("where", [b"/\xd0\x92\xf5\xee\xe4", b"http://[bad", b"http://argus.example/x"])
def test_an_address_that_nobody_goes_to_is_not_read(where: bytes) -> None:
    reply = b"HTTP/1.1 302 X\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        assert bounded(requests.Session(), DeadlineAdapter()).get(url, timeout=5).status_code == 302


def test_a_refused_password_is_not_sent_again_by_the_engine(tmp_path: Path) -> None:
    found = Finding("AUTH_REFUSED", Drift.AUTH, "getAgents", "status", "401 for credentials it was given")
    asked: list[int] = []
    with tcp(lambda connection: asked.append(1)) as url:
        client = Client(load("personnel"), url, ("argus", "argus"), Policy(allow_writes=True), Recorder())
        guard = SafetyGuard(
            Limits(str(tmp_path / "journal.jsonl")), {"personnel": Block("refused", found, credentials=True)}
        )
        headers = {"Authorization": client.authorization}
        with pytest.raises(Departure, match="401 for credentials"):
            session(GuardedAdapter(client, guard)).post(f"{url}/sendSchedule", headers=headers, timeout=5)
    assert asked == []


def test_an_address_in_cyrillic_is_matched(tmp_path: Path) -> None:
    reply = b"HTTP/1.1 204 X\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        adapter = passing(f"{url}/сервис", tmp_path)
        session(adapter).get(f"{url}/сервис{AGENTS}", timeout=5)
    (sent, _) = (json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    assert sent["operation"] == "getAgents"


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
