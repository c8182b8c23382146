"""Requests to each operation of the personnel contract."""

from collections.abc import Callable

import requests

from tests.support.http_client import AGENTS, Caller

NORM = {
    "employee_id": "EMP001",
    "period_start": "2025-08-01",
    "period_end": "2025-08-31",
    "weekly_norm": 40,
    "employment_rate": 1.0,
}


SHIFT = {"date": "2025-08-01", "start_time": "09:00", "end_time": "18:00", "break_minutes": 60, "shift_type": "WORK"}
SCHEDULE = {
    "period_start": "2025-08-01",
    "period_end": "2025-08-31",
    "schedules": [{"employee_id": "EMP001", "shifts": [SHIFT]}],
}


SHEETS = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59", "AR_agents": [{"agentId": "MCE001"}]}
FACTS = {"agentId": "MCE001", "date_start": "2025-08-02T09:00:00", "loginfo": []}


Ask = Callable[[Caller], requests.Response]


OPERATIONS: dict[str, Ask] = {
    "getAgents": lambda argus: argus.get(AGENTS, headers={"Cache-Control": "no-cache"}),
    "sendSchedule": lambda argus: argus.post("/sendSchedule", SCHEDULE),
    "getNormHours": lambda argus: argus.post("/getNormHours", NORM),
    "getTimetypeInfo": lambda argus: argus.post("/getTimetypeInfo", SHEETS),
    "sendFactWorkTime": lambda argus: argus.post("/sendFactWorkTime", FACTS),
}
