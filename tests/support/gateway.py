"""A gateway on a real socket, with a database of its own and, unless a test wants one, without a worker."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from argus_wfm.gateway.app import build
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.settings import ExplicitSettings
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.http_client import BASE, PASSWORD, TOKEN_KEY, USER, Caller


@contextlib.contextmanager
def gateway_on(upstream: str, **settings: Any) -> Iterator[str]:
    """Before the 1C at `upstream`; its controls are on, its clock starts at NOW. Yields its address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        given = {
            "zup_password": PASSWORD,
            "password": PASSWORD,
            "token_key": TOKEN_KEY,
            "database_url": f"sqlite:///{folder}/argus.sqlite3",
            "worker_concurrency": 0,
            "calendar_cache_s": 0,  # a norm is always a call to 1C
            "stop_grace_s": 1,
            **settings,
        }
        made = ExplicitSettings(zup_url=upstream + BASE, zup_user=USER, user=USER, **given)
        with background(build(made, clock=Clock(NOW), with_controls=True)) as url:
            yield url


Gateway = Callable[..., AbstractContextManager[Caller]]
