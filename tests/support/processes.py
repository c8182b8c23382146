"""`argus serve` as a process that may be killed, and a Redis of a test's own that may be restarted."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.conformance.launch.process import child_environment
from tests.support.http_client import BASE, NOWHERE, PASSWORD, TOKEN_KEY, USER
from tests.support.peers import redis_client

START_S, STOP_S = 180.0, 30.0


@dataclass
class Server:
    """One gateway, which may still be starting."""

    process: subprocess.Popen[str]

    @cached_property
    def url(self) -> str:
        """Once it is ready."""
        alarm = threading.Timer(START_S, self.process.kill)  # reading below ends when the process does
        alarm.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        alarm.cancel()
        assert line, "the gateway has not started"
        return str(json.loads(line)["ready"]["gateway"])

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to say goodbye."""
        self.process.kill()
        self.process.wait(STOP_S)


def serve_environment(zup_url: str, **settings: str) -> dict[str, str]:
    """Of `argus serve` on a free port before the 1C at `zup_url`; `settings` without ARGUS_."""
    given = {
        "ZUP_URL": zup_url + BASE,
        "ZUP_USER": USER,
        "ZUP_PASSWORD": PASSWORD,
        "USER": USER,
        "PASSWORD": PASSWORD,
        "TOKEN_KEY": TOKEN_KEY,
        "PORT": "0",
        "LOG_LEVEL": "ERROR",
        **settings,
    }
    return {**child_environment(), **{f"ARGUS_{name}": value for name, value in given.items()}}


@contextlib.contextmanager
def serving(database_url: str, **settings: str) -> Iterator[Server]:
    """A gateway on a free port, without a worker; killed afterwards if it still runs."""
    given = {"WORKER_CONCURRENCY": "0", "DATABASE_URL": database_url, **settings}
    environment = serve_environment(NOWHERE, **given)
    command = [sys.executable, "-m", "argus_wfm", "serve", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True, encoding="utf-8"
    ) as child:
        try:
            yield Server(child)
        finally:
            child.kill()


class OwnRedis:
    """A redis-server of this test alone, on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self._port: int = taken.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Until it answers."""
        options = {"port": self._port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self._folder}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while True:
            with redis_client(self.url) as client, contextlib.suppress(Exception):
                client.ping()
                return
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """At once; nothing of it is kept."""
        if self._process:
            self._process.kill()
            self._process.wait(STOP_S)
            self._process = None

    def listeners(self, channel: str) -> int:
        """How many have subscribed to a channel."""
        with redis_client(self.url) as client:
            counted: Any = client.pubsub_numsub(channel)
            return int(counted[0][1])


@contextlib.contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    """Started; skipped without redis-server, unless ARGUS_REQUIRE_PEERS=1."""
    if shutil.which("redis-server") is None:
        reason = "there is no redis-server here"
        if os.environ.get("ARGUS_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    made = OwnRedis(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
