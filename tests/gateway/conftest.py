"""The gateway on real sockets, before the mock 1C or before whatever a test puts there."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from gateway.app import build
from gateway.clock import Clock
from gateway.settings import Given
from mocks.clock import Clock as ZupClock
from mocks.zup import zup as build_zup
from openapi.server import background
from tests.callers import BASE, PASSWORD, USER, Caller

NOW = dt.datetime(2025, 7, 29, 1, 30, tzinfo=dt.UTC)
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
        made = Given(
            zup_url=upstream + BASE,
            zup_user=USER,
            user=USER,
            **{"zup_password": PASSWORD, "password": PASSWORD, **settings},
        )
        with background(build(made, clock=Clock(NOW), with_controls=True)) as url:
            yield Caller(url)

    return run
