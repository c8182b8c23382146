"""The payroll that 1C confirms to a gateway, or keeps while there is none."""

from __future__ import annotations

from pathlib import Path

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.zup.app import zup
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.company import PEOPLE
from tests.support.http_client import PASSWORD, USER, Caller
from tests.support.sites import central


def test_1c_confirms_the_payroll_of_whoever_it_has_work_time_of_once_it_has_been_quiet(tmp_path: Path) -> None:
    with central(tmp_path, PEOPLE) as host:
        app = zup(
            user=USER, password=PASSWORD, clock=Clock(NOW), gateway=host.url, token=host.token, with_controls=True
        )  # fmt: skip
        with background(app) as url:
            one = Caller(url)
            for agent, day in (("MCE001", "2025-08-01"), ("MCE004", "2025-08-02"), ("MCE001", "2025-09-01")):
                loginfo = [{"start": f"{day}T09:00:00", "time": 900_000}]
                body = {"agentId": agent, "date_start": f"{day}T09:00:00", "loginfo": loginfo}
                assert one.post("/sendFactWorkTime", body).json()["result"] is True
            assert one.control("/clock", {"move_seconds": 200}).ok
            assert one.control("/state").json()["payroll"] == []
            for _ in range(2):
                assert one.control("/clock", {"move_seconds": 200}).ok
            documents = one.control("/state").json()["payroll"]
            assert [(made["period"], made["employee_ids"], made["status"]) for made in documents] == [
                ("2025-08", ["MCE001", "MCE004"], 200),
                ("2025-09", ["MCE001"], 200),
            ]
            learnt = host.read("/sites/moscow/confirmations")["items"]
            assert [(told["period"], told["employee_ids"]) for told in learnt] == [
                ("2025-08", ["EMP001"]),
                ("2025-09", ["EMP001"]),
            ]


def test_1c_without_a_gateway_keeps_what_it_could_not_confirm() -> None:
    with background(zup(user=USER, password=PASSWORD, clock=Clock(NOW), with_controls=True)) as url:
        one = Caller(url)
        body = {"agentId": "MCE001", "date_start": "2025-08-01T09:00:00", "loginfo": []}
        assert one.post("/sendFactWorkTime", body).ok
        (document,) = one.control("/payroll", {}).json()["documents"]
        assert (document["employee_ids"], document["status"]) == (["MCE001"], None)
        assert one.control("/payroll", {"period": "08.2025"}).status_code == 400
