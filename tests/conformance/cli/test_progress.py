"""Waiting for an operation: the screen says why nothing begins."""

from __future__ import annotations

import types

import pytest

from argus_wfm.conformance.cli import progress
from tests.support.gateway_commands import Shell


def test_waiting_says_why_nothing_begins(argus: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    argus("queue", "pause")
    operation_id = argus.submit("personnel_sync", {})
    seconds = iter(range(0, 1000, 10))

    def sleep(_seconds: float) -> None:
        if next(seconds) > 30:
            argus.remote().post(f"/operations/{operation_id}/cancel")

    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: next(seconds), sleep=sleep))
    assert "the queue is paused; argus queue resume" in argus("queue", "wait", operation_id).err
