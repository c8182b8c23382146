"""A database of a test's own, of both kinds; a queue on it whose clock stands still until it is moved."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.database import connect, migrate
from tests.gateway.running import NOW
from tests.peers import DATABASES, database


@dataclass
class Time:
    """A clock for tests of delays to the second."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = connect(url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def queue(engine: sa.Engine, time: Time) -> Queue:
    return Queue(engine, time)
