"""The schema and how it is brought about, on both databases; URLs and databases that cannot be used."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from argus_wfm.gateway.agent_status.events import Agents
from argus_wfm.gateway.agent_status.queries import AgentStatusQueries
from argus_wfm.gateway.agent_status.transitions import Event
from argus_wfm.gateway.storage import database as module
from argus_wfm.gateway.storage.database import HEAD, DatabaseError, connect, migrate, migrations
from argus_wfm.gateway.storage.tables import metadata

FIRST_RELEASE = "0001"
RENAMED = {"documents": "report_files"}  # since then
Rows = dict[str, list[dict[str, Any]]]  # by table
MOMENT = dt.datetime(2025, 7, 29, 1, 30, tzinfo=dt.UTC)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = connect(url)
    yield engine
    engine.dispose()


def revision(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))


def differences(engine: sa.Engine) -> list[Any]:
    """Between the database and the tables as the code has them."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))


# migrations


def test_an_empty_database_gets_exactly_the_tables_of_the_code(engine: sa.Engine) -> None:
    assert differences(engine) != []
    migrate(engine)
    assert differences(engine) == []
    assert set(sa.inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    assert revision(engine) == [HEAD]


def test_the_head_of_the_code_is_the_newest_migration(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(migrations(connection)).get_heads() == [HEAD]
    engine.dispose()


def test_many_processes_that_start_at_once_migrate_once(url: str) -> None:
    together = Barrier(6)

    def start(_number: int) -> list[str]:
        engine = connect(url)
        try:
            together.wait(30)
            migrate(engine)
            migrate(engine)
            return revision(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))) == [[HEAD]] * 6


def test_what_the_first_release_kept_is_there_after_every_migration_since(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        module._upgrade(connection, FIRST_RELEASE)
    assert revision(engine) == [FIRST_RELEASE]
    before = _fill(engine)
    assert all(before.values())
    migrate(engine)
    assert (revision(engine), differences(engine)) == ([HEAD], [])
    after = _rows(engine, {RENAMED.get(name, name): set(rows[0]) for name, rows in before.items()})
    assert after == {RENAMED.get(name, name): rows for name, rows in before.items()}


def test_the_first_release_has_no_agents_and_after_it_they_can_be_told_of(engine: sa.Engine) -> None:
    told = {"agents", "agent_queues", "agent_changes", "call_queues"}
    with engine.begin() as connection:
        module._upgrade(connection, FIRST_RELEASE)
    assert not told & set(sa.inspect(engine).get_table_names())
    migrate(engine)
    assert told <= set(sa.inspect(engine).get_table_names())
    agents = Agents(engine, lambda changes, loads: None)
    agents.start()
    body = {"event_id": "E", "event": "login", "agent_id": "a", "queues": ["q"]}
    applied = agents.apply(Event.of(body, MOMENT)).result(60)
    agents.stop()
    assert applied is not None
    assert applied.change.sequence == 1
    assert AgentStatusQueries(engine, lambda: MOMENT).snapshot(None, None)[0] == 1


def _fill(engine: sa.Engine) -> Rows:
    """A row in every table, by what the database itself says of its columns."""
    found = _reflected(engine)
    with engine.begin() as connection:
        for table in found.sorted_tables:
            connection.execute(table.insert().values({column.name: _value(column) for column in table.columns}))
    return _rows(engine, {table.name: {column.name for column in table.columns} for table in found.sorted_tables})


def _rows(engine: sa.Engine, columns: dict[str, set[str]]) -> Rows:
    """Of each table, with these columns alone."""
    found = _reflected(engine)
    with engine.connect() as connection:
        return {
            name: [
                {key: value for key, value in row.items() if key in of_table}
                for row in connection.execute(sa.select(found.tables[name])).mappings()
            ]
            for name, of_table in columns.items()
        }


def _reflected(engine: sa.Engine) -> sa.MetaData:
    found = sa.MetaData()
    found.reflect(engine)
    found.remove(found.tables["alembic_version"])
    return found


def _value(column: sa.Column[Any]) -> Any:
    kinds: tuple[tuple[type[sa.types.TypeEngine[Any]], Any], ...] = (
        (sa.JSON, {"Имя": ["Ёж", 1.5, None]}),
        (sa.Boolean, True),
        (sa.Integer, 1),
        (sa.Float, 0.1),
        (sa.DateTime, MOMENT),
        (sa.Date, MOMENT.date()),
        (sa.LargeBinary, b"\x00\xff"),
        (sa.String, "Ёж"),
    )
    return next(value for kind, value in kinds if isinstance(column.type, kind))


def test_a_database_of_a_newer_release_is_refused_in_one_line(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    refused = refusal(engine)
    assert "newer release" in refused
    assert "9999" in refused
    assert revision(engine) == ["9999"]


# what is kept comes back as it was


def test_moments_come_back_aware_and_in_utc(engine: sa.Engine) -> None:
    migrate(engine)
    moscow = dt.datetime(2025, 7, 29, 4, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    workers = metadata.tables["workers"]
    with engine.begin() as connection:
        connection.execute(workers.insert().values(id="w", host="h", seen_at=moscow, running=0))
        (kept,) = connection.scalars(sa.select(workers.c.seen_at).where(workers.c.seen_at == MOMENT))
    assert (kept, kept.utcoffset()) == (MOMENT, dt.timedelta(0))


def test_text_of_anybodys_may_hold_anything(engine: sa.Engine) -> None:
    migrate(engine)
    audit = metadata.tables["audit"]
    row = {"direction": "inbound", "system": "gateway", "requested_at": MOMENT, "responded_at": MOMENT}
    with engine.begin() as connection:
        values = {**row, "failed": False, "duration_ms": 1.5, "principal": "a\0Ёж\U0001f994", "path": ""}
        connection.execute(audit.insert().values({**values, "payload": {"\0": "\0"}}))
        (kept,) = connection.execute(sa.select(audit.c.principal, audit.c.path, audit.c.payload)).all()
    assert tuple(kept) == ("a\N{REPLACEMENT CHARACTER}Ёж\U0001f994", "", {"\0": "\0"})


def test_sqlite_is_opened_so_that_what_was_answered_survives_a_power_cut(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked] == ["wal", 2, 1]
    engine.dispose()


# what cannot be used


def refusal(engine: sa.Engine) -> str:
    """What migrate() says: one line."""
    with pytest.raises(DatabaseError) as refused:
        migrate(engine)
    engine.dispose()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        "",
        "mysql://u@h/n",
        "oracle+unheard-of://u@h/n",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+aiosqlite:///file",
        "postgresql://u@h:port/n",
    ],
)
def test_a_url_that_cannot_be_one_is_told_in_one_line(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatabaseError) as refused:
        migrate(connect(wrong))
    assert "\n" not in str(refused.value)
    assert "ARGUS_DATABASE_URL" in str(refused.value)


def test_a_missing_folder_is_made_and_one_that_cannot_be_is_told(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.sqlite3'}")
    migrate(engine)
    engine.dispose()
    assert (tmp_path / "a" / "b" / "x.sqlite3").is_file()
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="cannot be made"):
        connect(f"sqlite:///{tmp_path / 'file' / 'x.sqlite3'}")


def test_a_folder_that_nobody_may_write_in_is_told(tmp_path: Path) -> None:
    folder = Path("/proc") if os.geteuid() == 0 else tmp_path  # root may write in any other
    if folder is tmp_path:
        tmp_path.chmod(0o500)
    assert "unable to open database file" in refusal(connect(f"sqlite:///{folder / 'x.sqlite3'}"))


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"no database at all, but long enough to have a header" * 100)
    assert "file is not a database" in refusal(connect(f"sqlite:///{tmp_path / 'x.sqlite3'}"))


def test_postgresql_that_is_down_is_told_in_one_line_without_the_password() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        said = refusal(connect(f"postgresql://argus:hunter2@127.0.0.1:{taken.getsockname()[1]}/argus"))
    assert "refused" in said
    assert "hunter2" not in said
