"""Both stacks of openapi.serve on real sockets, answering what a test tells them to."""

from collections.abc import Iterator
from typing import Literal

import pytest

from argus_wfm.openapi import accounts, serve
from argus_wfm.openapi.middleware import with_routes
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.served_contract import PASSWORD, USER, Host, handlers


@pytest.fixture(scope="session", params=["async", "flask"])
def running(request: pytest.FixtureRequest) -> Iterator[Host]:
    stack: Literal["async", "flask"] = request.param
    host = Host(stack)
    app = serve(
        {"personnel": handlers(host, stack)},
        stack=stack,
        users={"basic": accounts({USER: PASSWORD, "другой": "another"})},
        now=lambda: NOW,
        on_exchange=host.exchanges.append,
    )
    with background(with_routes(app, [])) as host.url:
        yield host


@pytest.fixture
def host(running: Host) -> Host:
    running.clear()
    return running
