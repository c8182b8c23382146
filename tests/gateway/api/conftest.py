"""Gateways before a directory of each kind, and MCE on a database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.directories import Served
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE
from tests.support.peers import DATABASES, database
from tests.support.sso_client import DIRECTORIES, Sso, directory_of, sso_on


@pytest.fixture(scope="module", params=DIRECTORIES)
def directory(request: pytest.FixtureRequest) -> Iterator[Served]:
    with directory_of(request.param) as served:
        yield served


@pytest.fixture(scope="module")
def sso(directory: Served) -> Iterator[Sso]:
    with sso_on(directory) as argus:
        yield argus


@pytest.fixture(scope="module", params=DATABASES)
def mce_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with database(request.param, tmp_path_factory.mktemp("mce")) as made, gateway_on(NOWHERE, database_url=made) as url:
        yield url
