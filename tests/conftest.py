"""What a test sets up of the process-wide log is not there for the next one; no example is judged by its time."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.support")  # its helpers assert, too

LOG = logging.getLogger("argus")

settings.register_profile("argus", deadline=None)  # the machine may be busy
settings.load_profile("argus")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    handlers, propagate, level = LOG.handlers[:], LOG.propagate, LOG.level
    yield
    LOG.handlers[:], LOG.propagate = handlers, propagate
    LOG.setLevel(level)
