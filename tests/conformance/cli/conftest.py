"""One gateway with its mocks for each module of command-line tests, as new for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway_commands import Shell, gateway


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with gateway() as urls:
        yield urls


@pytest.fixture
def argus(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(urls, monkeypatch, capsys)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Without any gateway."""
    monkeypatch.chdir(tmp_path)
    shell = object.__new__(Shell)
    shell.patch, shell._capsys = monkeypatch, capsys
    for name in [name for name in os.environ if name.startswith("ARGUS_")]:
        monkeypatch.delenv(name)
    return shell
