"""A database that the release before has filled: a gateway of today says of it what that one said, and goes on.

That gateway was stopped once in good order, and in its second life killed: while one operation ran, one waited for its
next attempt, and dbos had been asked for a third one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
import sqlalchemy as sa

from argus_wfm.gateway.identity.lockout import Lockout
from argus_wfm.gateway.storage.database import HEAD, connect, migrate
from argus_wfm.gateway.storage.tables import attempts, audit, operations, payloads, revoked_tokens
from tests.compatibility import make
from tests.compatibility.before import ENVIRONMENT, LATER, kept, later, restored
from tests.support.command_line import ARGUS
from tests.support.http_client import TOKEN_KEY, Caller
from tests.support.mce_client import issued
from tests.support.polling import until
from tests.support.relayed_zup import relayed

KEPT = kept("database.json")
IDS: dict[str, str] = KEPT["operations"]
UNFINISHED = ("running", "queued", "waiting")  # when it was killed
SUBMIT = "/api/integration/operations/schedule_upload"
NAMES_OF_DBOS = "name, class_name, config_name, queue_name, application_version, executor_id, serialization"
GOES_ON_S = 90.0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return restored(tmp_path)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = connect(url)
    yield engine
    engine.dispose()


def asked(gateway: str, audience: str, path: str, **options: Any) -> requests.Response:
    """By the subject that has submitted everything."""
    headers = {"Authorization": f"Bearer {issued(gateway, audience, make.USER)}", **options.pop("headers", {})}
    return requests.request(options.pop("method", "GET"), gateway + path, headers=headers, timeout=60, **options)


# what was kept


def test_it_starts_on_the_database_is_well_and_says_what_the_one_before_said(url: str, engine: sa.Engine) -> None:
    with later(url) as gateway:
        said = make.answers(lambda audience, path: asked(gateway, audience, path), list(IDS.values()), KEPT["asked_at"])
        health = Caller(gateway).root("/health").json()
    assert health["status"] == "ok"
    assert said.keys() == KEPT["answers"].keys()
    for name, answer in KEPT["answers"].items():
        assert said[name] == answer, name
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD


def test_the_answers_tell_of_every_kind_of_work_and_every_end() -> None:
    """Or the test above would compare little."""
    listed = KEPT["answers"]["operations"][1]["items"]
    assert {one["id"] for one in listed} == set(IDS.values())
    assert {one["kind"] for one in listed} == {
        "personnel_sync", "schedule_upload", "fact_transfer", "site_transfer", "timesheet_request", "report_export",
    }  # fmt: skip
    assert {one["status"] for one in listed} == {
        "completed", "dead_letter", "cancelled", "running", "queued", "waiting",
    }  # fmt: skip
    records = KEPT["answers"]["audit"][1]["items"]
    assert {one["direction"] for one in records} == {"inbound", "outbound", "queue"}
    assert len(records) > 50


def test_a_report_that_was_made_is_fetched(url: str) -> None:
    task = IDS["report_export"]
    with later(url) as gateway:
        told = asked(gateway, "reports", f"/api/reports/status/{task}").json()
        file = asked(gateway, "reports", f"/api/reports/download/{task}")
    assert told == KEPT["report"]["task"]
    assert file.content == KEPT["report"]["file"].encode()
    assert file.headers["ETag"] == told["file"]["etag"]


def test_a_token_that_was_revoked_is_not_let_in(url: str, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        (revoked,) = connection.execute(sa.select(revoked_tokens)).all()

    def let_in(token_id: str) -> int:
        expires = int(revoked.expires_at.timestamp())
        claims = {"iss": "argus", "sub": "x", "aud": "mce", "iat": expires - 3600, "exp": expires, "jti": token_id}
        headers = {"Authorization": f"Bearer {jwt.encode(claims, TOKEN_KEY, algorithm='HS256')}"}
        return requests.get(f"{gateway}/services/mce/queues", headers=headers, timeout=60).status_code

    with later(url) as gateway:
        assert [let_in(revoked.token_id), let_in(f"not-{revoked.token_id[:32]}")] == [401, 200]


def test_a_name_that_was_locked_stays_locked(engine: sa.Engine) -> None:
    lockout = Lockout(engine, lambda: LATER, failures=5, window_s=900)
    assert (lockout.is_locked(make.LOCKED), lockout.is_locked("ivan.ivanov")) == (True, False)


def test_an_upload_that_is_repeated_under_its_key_is_the_operation_that_it_was(url: str, engine: sa.Engine) -> None:
    joined = operations.join(payloads, payloads.c.operation == operations.c.number)
    query = sa.select(payloads.c.payload).select_from(joined).where(operations.c.id == IDS["schedule_upload"])
    with engine.connect() as connection:
        body = connection.execute(query).scalar_one()
    headers = {"Idempotency-Key": "upload-1", "Content-Type": "application/json"}
    with later(url) as gateway:
        same = asked(gateway, "argus", SUBMIT, method="POST", data=body, headers=headers)
        other = asked(gateway, "argus", SUBMIT, method="POST", json=make.schedule(["MCE001"]), headers=headers)
    assert same.json()["id"] == IDS["schedule_upload"]
    assert (other.status_code, other.json()["details"]["field"]) == (400, "Idempotency-Key")


# what was under way


def statuses(engine: sa.Engine) -> dict[str, str]:
    """By name, of what was not over."""
    with engine.connect() as connection:
        found = {row.id: row.status for row in connection.execute(sa.select(operations.c.id, operations.c.status))}
    return {name: found[IDS[name]] for name in UNFINISHED}


def check_that_it_went_on(engine: sa.Engine) -> None:
    """Every operation is over by the turn that dbos had been asked for before, and nothing was done twice."""
    with engine.connect() as connection:
        rows = {row.id: row for row in connection.execute(sa.select(operations))}
        running, queued, waiting = (rows[IDS[name]] for name in UNFINISHED)
        tried = sa.select(attempts.c.number, attempts.c.code).where(attempts.c.operation == running.number)
        tries = [tuple(row) for row in connection.execute(tried.order_by(attempts.c.id))]
        ended = sa.select(audit.c.operation_ref).where(audit.c.direction == "queue")
        ends = [one for one in connection.scalars(ended) if one in {running.id, queued.id, waiting.id}]
        runs = sa.text("SELECT workflow_uuid, status FROM workflow_status")
        of_dbos = {row.workflow_uuid: row.status for row in connection.execute(runs)}
        named = connection.execute(sa.text(f"SELECT DISTINCT {NAMES_OF_DBOS} FROM workflow_status")).all()
        sides = {tuple(row) for row in connection.execute(sa.select(audit.c.direction, audit.c.system).distinct())}
    assert (running.turn, queued.turn, waiting.failures) == (0, 0, 1)
    assert running.result["employees_processed"] == make.CREW
    assert tries == [(0, "INTERRUPTED"), (0, None)]
    assert sorted(ends) == sorted([running.id, queued.id, waiting.id])
    assert len(named) == 1, "what is asked of dbos today is called as what was asked of it before"
    assert sides == {(one["direction"], one["system"]) for one in KEPT["answers"]["audit"][1]["items"]}
    assert [of_dbos[f"{one.id}:{one.turn}"] for one in (running, queued, waiting)] == ["SUCCESS"] * 3


def test_the_copy_is_as_the_killed_gateway_left_it(engine: sa.Engine) -> None:
    assert statuses(engine) == {"running": "running", "queued": "queued", "waiting": "waiting"}
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT workflow_uuid, status FROM workflow_status WHERE completed_at IS NULL")
        )
        assert {row.workflow_uuid.partition(":")[0]: row.status for row in found} == {
            IDS["running"]: "PENDING",
            IDS["queued"]: "ENQUEUED",
        }


def test_what_was_under_way_is_gone_on_with(url: str, engine: sa.Engine) -> None:
    with relayed(agents=make.PEOPLE) as party, later(url, party.zup.url, workers=1):
        until(
            lambda: set(statuses(engine).values()) == {"completed"},
            what=f"all is over: {statuses(engine)}",
            within_s=GOES_ON_S,
        )
        arrived = party.state()["arrived"]
    check_that_it_went_on(engine)
    assert arrived["sendSchedule"] == 1, "1C had carried out the first request before"


@pytest.mark.slow
def test_argus_up_goes_on_with_it(url: str, engine: sa.Engine) -> None:
    options = (*make.FREE, *make.STILL, "--agents", str(make.PEOPLE), "--now", make.LATER, "--database", url)
    with make.started(ARGUS, "up", *options, env=ENVIRONMENT) as made:
        until(lambda: set(statuses(engine).values()) == {"completed"}, what="all is over", within_s=GOES_ON_S)
        assert Caller(made.ready["gateway"]).root("/health").json()["status"] == "ok"
        made.stop()
    check_that_it_went_on(engine)


def test_a_migration_keeps_it_and_may_be_repeated(engine: sa.Engine) -> None:
    def counted() -> dict[str, int]:
        with engine.connect() as connection:
            names = sa.inspect(connection).get_table_names()
            return {name: connection.scalar(sa.text(f'SELECT count(*) FROM "{name}"')) or 0 for name in names}

    before = counted()
    migrate(engine)
    migrate(engine)
    assert {name: count for name, count in counted().items() if name in before} == before
    assert LATER.tzinfo is dt.UTC
