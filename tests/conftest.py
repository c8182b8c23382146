"""What a test sets up of the process-wide log is not there for the next one; no example is judged by its time."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")  # its helpers assert, too

from tests.support.http_client import Caller  # noqa: E402 - asserts are rewritten from here on

LOG = logging.getLogger("argus")

settings.register_profile("argus", deadline=None)  # the machine may be busy
settings.load_profile("argus")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    handlers, propagate, level = LOG.handlers[:], LOG.propagate, LOG.level
    yield
    LOG.handlers[:], LOG.propagate = handlers, propagate
    LOG.setLevel(level)


@pytest.fixture(scope="module")
def _zup() -> Iterator[Caller]:
    from argus_wfm.mocks.clock import Clock  # here, for most tests load no mock
    from argus_wfm.mocks.zup.app import zup
    from argus_wfm.openapi.server import background
    from tests.support.clock import NOW
    from tests.support.http_client import PASSWORD, USER

    with background(zup(user=USER, password=PASSWORD, clock=Clock(NOW), with_controls=True)) as url:
        yield Caller(url)


@pytest.fixture
def zup(_zup: Caller) -> Caller:
    """A mock 1C on a real socket at the seed's present, as new."""
    assert _zup.control("/seed", {"seed": 1, "agents": 513}).ok
    return _zup
