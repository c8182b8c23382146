"""What a test sets up of the process-wide log is not there for the next one."""

import logging
from collections.abc import Iterator

import pytest

LOG = logging.getLogger("argus")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    handlers, propagate, level = LOG.handlers[:], LOG.propagate, LOG.level
    yield
    LOG.handlers[:], LOG.propagate = handlers, propagate
    LOG.setLevel(level)
