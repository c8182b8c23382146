"""An audit record for tests of the trail."""

from __future__ import annotations

from argus_wfm.gateway.audit import Record
from tests.support.clock import NOW

RECORD = Record("inbound", "gateway", NOW, NOW, "argus", "getAgents", "GET", "/p", None, 200, None, 1.5, request_id="r")
