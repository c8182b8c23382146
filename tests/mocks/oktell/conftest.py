"""A contact centre whose floor stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.oktell import Centre, centre


@pytest.fixture(scope="module")
def standing() -> Iterator[Centre]:
    with centre() as made:
        yield made


@pytest.fixture
def here(standing: Centre) -> Centre:
    """As new."""
    standing.told("/reset", {})
    return standing
