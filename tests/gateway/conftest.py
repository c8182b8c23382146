"""The gateway on real sockets, before the mock 1C or a host of the test's; a queue on a database of each kind."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.database import connect, migrate
from argus_wfm.mocks.clock import Clock as ZupClock
from argus_wfm.mocks.zup.app import zup as build_zup
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.gateway import Gateway, gateway_on
from tests.support.http_client import PASSWORD, USER, Caller
from tests.support.operations import Time
from tests.support.peers import DATABASES, database


@pytest.fixture(scope="module")
def _zup() -> Iterator[Caller]:
    with background(build_zup(user=USER, password=PASSWORD, clock=ZupClock(NOW), with_controls=True)) as url:
        yield Caller(url)


@pytest.fixture
def zup(_zup: Caller) -> Caller:
    assert _zup.control("/seed", {"seed": 1, "agents": 513}).ok
    return _zup


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    """gateway(upstream_url, **settings) runs one; its controls are on."""

    @contextlib.contextmanager
    def run(upstream: str, **settings: Any) -> Iterator[Caller]:
        with gateway_on(upstream, **settings) as url:
            yield Caller(url)

    return run


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
