"""The gateway's database: SQLite by default, PostgreSQL by ARGUS_DATABASE_URL; opened, and brought up to date.

One URL holds everything: operations, employees, audit trail, documents, and the tables of dbos. SQLite is opened in WAL
with synchronous=FULL, so that what was answered survives a power cut.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import URL

HEAD = "0005"  # the schema this release works with: the newest of gateway/migrations
MIGRATION_LOCK = 0x61726775
BUSY_MS = 30_000
LOOK_S = 0.02


class DatabaseError(Exception):
    """The database cannot be used; the message is one line that says what to do."""


def default_url() -> str:
    """A SQLite file in the user's data folder (XDG)."""
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "argus"
    return f"sqlite:///{folder / 'argus.sqlite3'}"


def connect(url: str) -> sa.Engine:
    """An engine for `url`; nothing is read or written yet. Raises DatabaseError for a URL that cannot be one."""
    try:
        made = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise DatabaseError(
            "ARGUS_DATABASE_URL is no database URL; write sqlite:///file or postgresql://user@host/name."
        ) from error
    if made.get_backend_name() == "sqlite":
        return _sqlite(made)
    if made.get_backend_name() == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
        return sa.create_engine(made, **_JSON, pool_size=10, max_overflow=20, pool_pre_ping=True)
    raise DatabaseError(f"ARGUS_DATABASE_URL: {made.get_backend_name()} is not supported; use sqlite or postgresql.")


_JSON: dict[str, Any] = {
    "hide_parameters": True,  # errors are logged, and rows hold people
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": lambda text: _read(text),  # psycopg looks into the function, which has to be Python's
}


def _read(text: str | bytes | int | float) -> Any:
    """JSON of a column; SQLite makes a number of what looks like one."""
    return text if isinstance(text, int | float) else orjson.loads(text)


def _sqlite(url: URL) -> sa.Engine:
    if url.drivername != "sqlite":
        raise DatabaseError(f"ARGUS_DATABASE_URL: {url.drivername} is not supported; write sqlite:///file.")
    path = Path(url.database or "")
    if not url.database or url.database == ":memory:":
        raise DatabaseError("ARGUS_DATABASE_URL: a SQLite database is a file, sqlite:///file; memory is not kept.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"ARGUS_DATABASE_URL: {path.parent} cannot be made: {error.strerror}.") from error
    engine = sa.create_engine(url, **_JSON, pool_size=20, max_overflow=20, connect_args={"timeout": BUSY_MS / 1000})
    sa.event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    """Writers queue up instead of failing; dbos asks for a function that SQLite before 3.42 has not."""
    connection.isolation_level = "IMMEDIATE"
    if sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", 1, lambda _modifier: round(time.time(), 3))
    for pragma in (f"busy_timeout={BUSY_MS}", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    _to_wal(connection)


def _to_wal(connection: sqlite3.Connection) -> None:
    """Done once in the life of a file; whoever does it at the same time gets "locked" at once, whatever the timeout."""
    until = time.monotonic() + BUSY_MS / 1000
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_S)


def is_sqlite(engine: sa.Engine) -> bool:
    """Whether it is a file of ours, and no server."""
    return engine.dialect.name == "sqlite"


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to HEAD; several processes may start at once. Raises DatabaseError."""
    try:
        with engine.connect() as connection:
            if _revision(connection) == HEAD:
                return
        with _alone(engine) as connection:
            if not sa.inspect(connection).has_table("operations"):
                _create(connection)
            _upgrade(connection)
    except (sa.exc.OperationalError, sa.exc.DatabaseError) as error:
        said = " ".join(str(error.orig).split())
        where = engine.url.set(query={}).render_as_string()  # a password may stand in the query, too
        raise DatabaseError(f"The database {where} cannot be used: {said}") from error


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


@contextlib.contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no other process migrates in at the same time."""
    with engine.begin() as connection:
        take_turn(connection, MIGRATION_LOCK)
        yield connection


def take_turn(connection: sa.Connection, lock: int) -> None:
    """Until this transaction ends, no other that takes the same lock goes on; on SQLite none writes at all."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))


def _create(connection: sa.Connection) -> None:
    """A new database gets the newest schema at once; a test holds it against the migrations."""
    from argus_wfm.gateway.storage.tables import metadata

    metadata.create_all(connection)
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _upgrade(connection: sa.Connection, revision: str = "head") -> None:
    if revision == "head" and _revision(connection) == HEAD:
        return
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(migrations(connection), revision)
    except CommandError as error:
        raise DatabaseError(
            f"The database is of a newer release of argus ({_revision(connection)}; this one knows {HEAD})."
        ) from error


def migrations(connection: sa.Connection) -> Any:
    """Alembic's configuration, for an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
