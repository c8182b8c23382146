"""The gateway on real sockets, before the mock 1C or before whatever a test puts there."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from argus_wfm.mocks.clock import Clock as ZupClock
from argus_wfm.mocks.zup.app import zup as build_zup
from argus_wfm.openapi.server import background
from tests.callers import PASSWORD, USER, Caller
from tests.gateway.running import NOW, gateway_on

Gateway = Callable[..., AbstractContextManager[Caller]]


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
