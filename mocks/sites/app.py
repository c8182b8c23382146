"""The mock sites: each pulls its employees, keeps clockings, pushes them to Central and learns of payroll (A44)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.models import Fault
from argus_wfm.mocks.gateway_client import GatewayClient, Token
from argus_wfm.mocks.sites.controls import controls
from argus_wfm.mocks.sites.sites import KINDS, OPERATIONS, MockSites
from argus_wfm.openapi.errors import instant


def sites(
    *,
    gateway: str = "",
    token: Token = "",
    seed: int = 1,
    agents: int = 513,
    clock: Clock | None = None,
    beat_s: float = 0,
    with_controls: bool = False,
    faults: Iterable[Fault] = (),
) -> ASGIApp:
    """The mock sites as one ASGI application: /health, and /_control when asked for."""
    clock = clock or Clock()
    active_faults = ActiveFaults(OPERATIONS, faults)
    client = GatewayClient(gateway, token)
    server = MockSites(
        seed=seed, agents=agents, clock=clock, gateway=client, active_faults=active_faults, beat_s=beat_s
    )

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "sites", "now": instant(clock.now())})

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with server.living():
            yield

    extra = [Mount("/_control", controls(server, active_faults, KINDS))] if with_controls else []
    return Starlette(routes=[Route("/health", health), *extra], lifespan=lifespan)
