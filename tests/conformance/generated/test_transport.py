"""What Schemathesis sends by itself: through the guard, with our deadline, and never a write that is not allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from argus_wfm.conformance.errors import HeldBack
from argus_wfm.conformance.generated import transport
from argus_wfm.conformance.generated.transport import GuardedAdapter
from argus_wfm.conformance.model.findings import Departure, Drift, Finding
from argus_wfm.conformance.target.client import Client, Policy
from argus_wfm.conformance.target.deadline import bounded
from argus_wfm.conformance.target.kill_switch import Limits
from argus_wfm.conformance.target.recorder import Recorder
from argus_wfm.conformance.target.safety import Block, SafetyGuard
from argus_wfm.openapi import load
from tests.support.http_client import AGENTS, drips, tcp


def guarded(url: str, folder: Path) -> GuardedAdapter:
    client = Client(load("personnel"), url, ("argus", "argus"), Policy(), Recorder())
    return GuardedAdapter(client, SafetyGuard(Limits(journal=str(folder / "journal.jsonl"))))


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
            bounded(requests.Session(), GuardedAdapter(client, guard)).post(
                f"{url}/sendSchedule", headers=headers, timeout=5
            )
    assert asked == []


def test_an_address_in_cyrillic_is_matched(tmp_path: Path) -> None:
    reply = b"HTTP/1.1 204 X\r\n\r\n"
    with tcp(lambda connection: connection.sendall(reply)) as url:
        adapter = guarded(f"{url}/сервис", tmp_path)
        bounded(requests.Session(), adapter).get(f"{url}/сервис{AGENTS}", timeout=5)
    (sent, _) = (json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    assert sent["operation"] == "getAgents"


def test_what_the_engine_sends_has_the_judges_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(transport, "DEADLINE_S", 0.3)
    with tcp(drips) as url, pytest.raises(requests.Timeout):
        bounded(requests.Session(), guarded(url, tmp_path)).get(f"{url}{AGENTS}", timeout=60)
    sent, came = (json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    assert (sent["operation"], sent["effect"], came["error"]) == ("getAgents", "read", "no answer")


@pytest.mark.parametrize(("method", "path"), [("POST", "/sendSchedule"), ("DELETE", AGENTS), ("BREW", "/")])
def test_what_could_write_is_not_sent_whatever_the_engine_thinks(tmp_path: Path, method: str, path: str) -> None:
    asked: list[int] = []
    with tcp(lambda connection: asked.append(1)) as url, pytest.raises(HeldBack):
        bounded(requests.Session(), guarded(url, tmp_path)).request(method, f"{url}{path}", timeout=5)
    assert asked == []
    assert not (tmp_path / "journal.jsonl").exists()
