"""A mock 1C at the seed's present, as new for every test: on a real socket, and behind a relay."""

from collections.abc import Iterator

import pytest

from tests.support.relayed_zup import Party, relayed


@pytest.fixture(scope="module")
def _party() -> Iterator[Party]:
    with relayed() as party:
        yield party


@pytest.fixture
def party(_party: Party) -> Party:
    _party.reset()
    return _party
