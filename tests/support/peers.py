"""PostgreSQL and Redis for tests that need the real ones; skipped without them, unless ARGUS_REQUIRE_PEERS=1."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

POSTGRES = "postgresql://postgres@127.0.0.1"
REDIS = "redis://127.0.0.1:6379"
DATABASES = ("sqlite", "postgresql")  # what tests of the queue are parametrized over


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database of either kind that is this test's alone."""
    if kind == "postgresql":
        with postgres() as url:
            yield url
    else:
        yield f"sqlite:///{folder / 'argus.sqlite3'}"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of a new database, which is gone afterwards, whoever is still connected to it."""
    if error := _no_postgres():
        absent(f"PostgreSQL does not answer on 127.0.0.1:5432: {error}")
    name = f"argus_test_{secrets.token_hex(6)}"
    _tell_postgres(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRES}/{name}"
    finally:
        _tell_postgres(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of an empty database of this xdist worker's own number; the first one, 0, is never touched."""
    if error := _no_redis():
        absent(f"Redis does not answer on 127.0.0.1:6379: {error}")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{REDIS}/{1 + int(worker) % 15}"
    with redis_client(url) as client:
        client.flushdb()
        try:
            yield url
        finally:
            client.flushdb()


@contextlib.contextmanager
def redis_client(url: str) -> Iterator[Any]:
    """A connection beside the gateway's, to look at what is kept."""
    client = Redis.from_url(url, socket_connect_timeout=2)
    try:
        yield client
    finally:
        client.close()


def _tell_postgres(command: str) -> None:
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True, connect_timeout=5) as connection:
        connection.execute(command.encode())


@cache
def _no_postgres() -> str | None:
    try:
        _tell_postgres("SELECT 1")
    except psycopg.OperationalError as error:
        return str(error).splitlines()[0]
    return None


@cache
def _no_redis() -> str | None:
    try:
        with redis_client(f"{REDIS}/1") as client:
            client.ping()
    except RedisError as error:
        return str(error)
    return None


def absent(reason: str) -> NoReturn:
    """Of any peer: skip the test, or fail it where peers have to be there."""
    if os.environ.get("ARGUS_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
