"""What the release before has left behind, and a gateway of today on its database, soon after that one was killed."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from argus_wfm.conformance.launch.process import child_environment
from argus_wfm.gateway.app import build
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.settings import ExplicitSettings
from argus_wfm.json_type import Json
from argus_wfm.openapi.server import background
from tests.compatibility import make
from tests.support.http_client import BASE, NOWHERE, PASSWORD, TOKEN_KEY, USER

HERE = Path(__file__).parent
ENVIRONMENT = {name: value for name, value in child_environment().items() if not name.startswith("ARGUS_")}
LATER = dt.datetime.fromisoformat(make.LATER)


def kept(name: str) -> Json:
    """A file of JSON beside this one."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def restored(folder: Path) -> str:
    """The URL of a copy of the database."""
    file = folder / "argus.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript((HERE / "argus.db.sql").read_text(encoding="utf-8"))
    return f"sqlite:///{file}"


@contextlib.contextmanager
def later(database_url: str, upstream: str = NOWHERE, *, workers: int = 0) -> Iterator[str]:
    """A gateway of today on that database; yields its address."""
    settings = ExplicitSettings(
        zup_url=upstream + BASE,
        zup_user=USER,
        zup_password=SecretStr(PASSWORD),
        user=USER,
        password=SecretStr(PASSWORD),
        token_key=SecretStr(TOKEN_KEY),
        database_url=database_url,
        worker_concurrency=workers,
        stop_grace_s=1,
    )
    with background(build(settings, clock=Clock(LATER), with_controls=True)) as url:
        yield url
