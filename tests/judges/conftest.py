"""One `argus up` for the judges of a module."""

from collections.abc import Iterator

import pytest

from tests.judges.servers import Scene, scene


@pytest.fixture(scope="module")
def up() -> Iterator[Scene]:
    """Gateway and mocks, made ready; what one contract's tests do does not disturb another's."""
    with scene() as made:
        yield made
