"""What /_control of a gateway changes and shows, and that there is none unless it is asked for."""

import datetime as dt
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from argus_wfm.gateway.app import build
from argus_wfm.gateway.settings import ExplicitSettings
from argus_wfm.openapi.server import background
from tests.support.http_client import AGENTS, Caller


def test_controls_reset_and_state(argus: Caller) -> None:
    argus.get(AGENTS)
    assert argus.control("/state").json()["cached"] == 1
    assert argus.control("/reset", {}).json()["cached"] == 0
    wrong: list[Any] = [{"move_seconds": -1}, {"now": "x"}, []]
    for body in wrong:
        assert argus.control("/clock", body).status_code == 400


def test_without_controls_there_are_none(zup: Caller, tmp_path: Path) -> None:
    settings = ExplicitSettings(
        zup_url=zup.url,
        zup_user="u",
        zup_password=SecretStr("p"),
        user="u",
        password=SecretStr("p"),
        database_url=f"sqlite:///{tmp_path}/argus.sqlite3",
        worker_concurrency=0,
    )
    with background(build(settings)) as url:
        reply = Caller(url).control("/clock")
        assert (reply.status_code, reply.json()["code"]) == (404, "NOT_FOUND")
        now = dt.datetime.fromisoformat(Caller(url).root("/health").json()["now"])
        assert abs((dt.datetime.now(dt.UTC) - now).total_seconds()) < 60
