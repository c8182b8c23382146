"""The end of an operation and its record in the audit trail: both or neither, and never an end without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.components import Components
from argus_wfm.gateway.queue.executor import OperationExecutor
from argus_wfm.gateway.queue.rows import Claimed
from argus_wfm.gateway.settings import ExplicitSettings
from argus_wfm.gateway.storage.database import migrate
from argus_wfm.gateway.storage.tables import operations
from tests.support.clock import NOW
from tests.support.http_client import BASE, PASSWORD, USER
from tests.support.operations import begun, submit, tried


@pytest.fixture
def components(tmp_path: Path) -> Iterator[Components]:
    """What a process is built of, without dbos."""
    secret = SecretStr(PASSWORD)
    settings = ExplicitSettings(
        zup_url=f"http://127.0.0.1:9{BASE}",
        zup_user=USER,
        zup_password=secret,
        user=USER,
        password=secret,
        database_url=f"sqlite:///{tmp_path / 'argus.sqlite3'}",
    )
    components = Components(settings, Clock(NOW))
    migrate(components.engine)
    components.audit.start()
    yield components
    components.audit.stop()
    components.engine.dispose()


def test_an_end_that_cannot_be_written_down_is_no_end(components: Components) -> None:
    claimed = begun(components.queue, submit(components.queue))
    with components.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit RENAME TO away"))
    with pytest.raises(sa.exc.SQLAlchemyError):
        components.queue.finish(claimed, {})
    assert status(components, claimed) == "running"  # whoever looks for lost turns finds it
    with components.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO audit"))
    assert components.queue.finish(claimed, {})
    assert status(components, claimed) == "completed"
    told = components.audit.search(sa.true(), before=None, limit=10)
    assert [(record["direction"], record["operation_ref"]) for record in told] == [("queue", claimed.id)]


def raises(error: Exception) -> Callable[[Any], dict[str, Any]]:
    def act(_job: Any) -> dict[str, Any]:
        raise error

    return act


def test_what_the_database_will_never_take_ends_like_any_failure(components: Components) -> None:
    """A row against a constraint is against it the next time too: no turn of it may be free of charge."""
    queue = components.queue
    error = sa.exc.IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
    executor = OperationExecutor(queue, {"personnel_sync": raises(error)}, Any, lambda: False)  # type: ignore[arg-type]
    operation_id = submit(queue)
    for _ in range(4):
        (due,) = queue.due(10)
        executor(operation_id, due.turn)
        components.clock.move(300)
    assert [number for number, _ in tried(components.engine)] == [0, 1, 2, 3]
    assert queue.due(10) == []


def test_an_act_that_breaks_off_is_a_failure_that_tells_nothing_of_itself(components: Components) -> None:
    jobs = {"personnel_sync": raises(RuntimeError("hunter2"))}
    executor = OperationExecutor(components.queue, jobs, Any, lambda: False)  # type: ignore[arg-type]
    operation_id = submit(components.queue)
    executor(operation_id, 0)
    assert tried(components.engine) == [(0, "INTERNAL_ERROR")]
    with components.engine.connect() as connection:
        assert "hunter2" not in str(connection.execute(sa.select(operations)).all())


def status(components: Components, claimed: Claimed) -> str:
    with components.engine.connect() as connection:
        return str(connection.scalar(sa.select(operations.c.status).where(operations.c.id == claimed.id)))
