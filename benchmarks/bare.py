"""The baseline: the same replies from Starlette and orjson alone, nothing validated, nobody authenticated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BASE = "/services/personnel"


def bare(agents: Any, norm: Any) -> Starlette:
    """Both operations; replies are serialised for every request."""

    async def get_agents(_request: Request) -> Response:
        return Response(orjson.dumps(agents), media_type="application/json")

    async def get_norm_hours(request: Request) -> Response:
        orjson.loads(await request.body())
        return Response(orjson.dumps(norm), media_type="application/json")

    routes = [
        Route(f"{BASE}/agents/{{start}}/{{end}}", get_agents),
        Route(f"{BASE}/getNormHours", get_norm_hours, methods=["POST"]),
    ]
    return Starlette(routes=routes)


def from_file(path: Path) -> Starlette:
    """bare() of the replies that a file holds."""
    kept = orjson.loads(path.read_bytes())
    return bare(kept["agents"], kept["norm"])
