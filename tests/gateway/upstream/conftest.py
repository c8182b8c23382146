"""A gateway before a 1C whose replies tests spoil."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway
from tests.support.http_client import Caller
from tests.support.relayed_zup import Party, relayed


@pytest.fixture(scope="module")
def faulty_zup(gateway: Gateway) -> Iterator[tuple[Party, Caller]]:
    """1C behind its relay, and the gateway before it."""
    with relayed(agents=20) as party, gateway(party.zup.url) as argus:
        yield party, argus
