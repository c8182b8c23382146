"""A mock 1C at the seed's present, as new for every test: on a real socket, and behind a relay."""

from collections.abc import Iterator

import pytest

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.zup.app import zup as build
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.http_client import PASSWORD, USER, Caller
from tests.support.relayed_zup import Party, relayed


@pytest.fixture(scope="module")
def _zup() -> Iterator[Caller]:
    with background(build(user=USER, password=PASSWORD, clock=Clock(NOW), with_controls=True)) as url:
        yield Caller(url)


@pytest.fixture
def zup(_zup: Caller) -> Caller:
    assert _zup.control("/seed", {"seed": 1, "agents": 513}).ok
    return _zup


@pytest.fixture(scope="module")
def _party() -> Iterator[Party]:
    with relayed() as party:
        yield party


@pytest.fixture
def party(_party: Party) -> Party:
    _party.reset()
    return _party
