"""The mock directory on real sockets, as new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.directories import Served, mocked


@pytest.fixture(scope="module")
def _directory() -> Iterator[Served]:
    with mocked() as served:
        yield served


@pytest.fixture
def directory(_directory: Served) -> Iterator[Served]:
    yield _directory
    _directory.control("/seed", {"seed": 1, "agents": 513})
