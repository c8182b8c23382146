"""An audit record, and what a database holds of the trail."""

from __future__ import annotations

import sqlalchemy as sa

from argus_wfm.gateway.audit import Record
from argus_wfm.gateway.storage.tables import audit as table
from tests.support.clock import NOW

RECORD = Record("inbound", "gateway", NOW, NOW, "argus", "getAgents", "GET", "/p", None, 200, None, 1.5, request_id="r")


def kept(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(table.c.request_id).order_by(table.c.id)))


def commits(engine: sa.Engine) -> list[object]:
    """Grows with each transaction from now on."""
    seen: list[object] = []
    sa.event.listen(engine, "commit", seen.append)
    return seen
