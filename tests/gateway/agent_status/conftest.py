"""The contact centre before the gateway of a test file, which says its settings in a fixture `url`."""

from __future__ import annotations

import pytest

from tests.support.http_client import Caller
from tests.support.mce_client import Centre


@pytest.fixture
def centre(url: str) -> Centre:
    """Of a gateway that knows nothing yet."""
    assert Caller(url).control("/reset", {}).ok
    return Centre(url)
