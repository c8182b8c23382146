"""Gateways on real sockets, before the mock 1C or a host of the test's; a queue on a database of each kind."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from argus_wfm.gateway.audit import Audit
from argus_wfm.gateway.queue.queue import Queue
from argus_wfm.gateway.storage.database import connect, migrate
from tests.support.directories import Served
from tests.support.gateway import Gateway, gateway_on
from tests.support.http_client import NOWHERE, Caller
from tests.support.operations import Time
from tests.support.peers import DATABASES, database
from tests.support.sites import AT, Central, central, employee
from tests.support.sso_client import directory_of


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


@pytest.fixture
def argus(zup: Caller, gateway: Gateway) -> Iterator[Caller]:
    """The gateway before the mock 1C."""
    with gateway(zup.url) as caller:
        yield caller


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    """A gateway with the seed's sites: one employee at each, one who has left and one of no site."""
    people = [employee(number, site) for number, site in enumerate(AT, 1)] + [
        employee(5, "moscow", active=False, inactive_from=dt.date(2025, 7, 1)),
        employee(6, "DEPT999"),
    ]
    with central(tmp_path_factory.mktemp("sites"), people) as made:
        yield made


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """For what SQL does alike on both databases."""
    engine = connect(f"sqlite:///{tmp_path / 'argus.sqlite3'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def trail(sqlite_engine: sa.Engine) -> Iterator[Audit]:
    """Not started yet."""
    trail = Audit(sqlite_engine)
    yield trail
    trail.stop()


@pytest.fixture(scope="module")
def lone_gateway() -> Iterator[str]:
    """The URL of a gateway without 1C."""
    with gateway_on(NOWHERE) as url:
        yield url


@pytest.fixture(scope="module")
def mock_directory() -> Iterator[Served]:
    with directory_of("mock") as served:
        yield served
