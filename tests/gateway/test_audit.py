"""The audit trail: what is written down and what never is, committed before anybody hears of the answer."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from argus_wfm.gateway.audit import Audit, kept_since, masked, sanitized
from argus_wfm.openapi.server import bind
from tests.support.audit import RECORD, kept
from tests.support.gateway import Gateway
from tests.support.http_client import AGENTS, Caller

DEADLINE_S = 60
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


# what is written down


@pytest.mark.parametrize(
    "name", ["password", "zup_password", "Passwd", "access_token", "x-session-id", "api_key", "apiKey", "client_secret"]
)
def test_secrets_are_masked_whatever_they_hold(name: str) -> None:
    assert sanitized({name: "hunter2", "inner": [{name: {"a": 1}}]}) == {name: "***", "inner": [{name: "***"}]}


@pytest.mark.parametrize("name", ["lastname", "firstname", "secondname", "last_name", "initiator_name", "ФИО"])
def test_names_of_people_are_masked_and_what_is_not_there_is_not(name: str) -> None:
    assert sanitized({name: "Иванов"}) == {name: "***"}
    assert sanitized({name: None}) == {name: None}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"sent {JWT} to 1C", "sent *** to 1C"),
        ("Authorization: Basic YXJndXM6YXJndXMtZGV2", "Authorization: ***"),
        ("authorization: bearer abc.def-123_~+/=", "authorization: ***"),
        ("Приказ № 5 об отпуске", "Приказ № 5 об отпуске"),
        ("MCE001, basics of Я/Н", "MCE001, basics of Я/Н"),
    ],
)
def test_credentials_in_text_are_masked_and_the_rest_stays_readable(text: str, left: str) -> None:
    assert masked(text) == left
    assert sanitized({"said": [text]}) == {"said": [left]}


def test_long_lists_and_texts_are_cut_and_say_how_much_there_was() -> None:
    assert sanitized([1, 2, 3]) == [1, 2, 3]
    assert sanitized(list(range(500))) == [0, 1, 2, "… 500 in all"]
    assert sanitized("я" * 256) == "я" * 256
    assert sanitized("я" * 300) == "я" * 256 + "… 300 characters"


@pytest.mark.parametrize("kind", ["objects", "lists"])
def test_what_is_nested_without_end_is_cut(kind: str) -> None:
    deep: Any = {"password": "hunter2"}
    for _ in range(900):
        deep = {"in": deep} if kind == "objects" else [deep]
    assert "hunter2" not in str(sanitized(deep))
    assert len(str(sanitized(deep))) < 200


def test_a_record_is_kept_with_what_compliance_asks_for_and_without_secrets(
    sqlite_engine: sa.Engine, trail: Audit
) -> None:
    trail.start()
    error = {"code": "UNAUTHORIZED", "message": f"no: {JWT}"}
    payload = {"password": "hunter2", "lastname": "Иванов", "agents": ["MCE001"] * 50}
    refused = replace(RECORD, path=f"/p?x=Bearer {JWT}", payload=payload, status=401, error=error, transport="http")
    trail.record(replace(refused, request_id="x" * 99)).result(DEADLINE_S)
    (shown,) = trail.search(sa.true(), before=None, limit=10)
    assert JWT not in str(shown)
    assert shown["payload"] == {"password": "***", "lastname": "***", "agents": ["MCE001"] * 3 + ["… 50 in all"]}
    assert (shown["error"]["code"], shown["status"], shown["request_id"]) == ("UNAUTHORIZED", 401, "x" * 64)
    assert (shown["retention_period"], shown["data_classification"]) == ("3_years", "personal_data")
    assert "in_transit" in shown["warning"]


@pytest.mark.parametrize("payload", [5, -0.5, True, "5", "1e3", "", None, [5], {"a": 5}])
def test_whatever_a_body_is_it_is_read_as_it_was_written(sqlite_engine: sa.Engine, trail: Audit, payload: Any) -> None:
    trail.start()
    trail.record(replace(RECORD, payload=payload)).result(DEADLINE_S)
    (found,) = trail.search(sa.true(), before=None, limit=5)
    assert (found["payload"], type(found["payload"])) == (payload, type(payload))


def test_masking_takes_time_in_proportion() -> None:
    """No caller's text may hold up other calls: ten times the text takes about ten times as long, not a hundred."""
    for piece in ("token?", "Basic ", "eyJ", "&token", " "):
        few, many = ("Bearer" + piece * count for count in (20_000, 200_000))
        assert len(masked(many)) <= len(many)
        assert cpu_s(many) < 40 * cpu_s(few), piece


def cpu_s(text: str) -> float:
    """What masking costs this process, the least of three tries."""
    costs = []
    for _ in range(3):
        began = process_time()
        masked(text)
        costs.append(process_time() - began)
    return min(costs)


def test_a_query_keeps_no_secret_and_a_message_no_name(zup: Caller, gateway: Gateway) -> None:
    with gateway(zup.url) as argus:
        argus.get(f"{AGENTS}?password=hunter2&a=1")
        argus.post("/sendFactWorkTime", {"agentId": "MCE001", "initiator_name": ["Петрова"], "loginfo": []})
        token = argus.control("/token", {"audience": "argus"}).json()["access_token"]
        reply = requests.get(
            f"{argus.url}/api/integration/audit", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
    assert "hunter2" not in reply.text
    assert "Петрова" not in reply.text
    assert "password=***&a=1" in reply.text


# how long


@pytest.mark.parametrize(
    ("now", "asked", "there"),
    [
        ("2028-07-29T01:30:00", "2025-07-29T01:30:00", True),
        ("2028-07-29T01:30:00", "2025-07-29T01:29:59", False),
        ("2027-02-28T23:59:59", "2024-02-29T00:00:00", True),  # its third anniversary is 1 March
        ("2027-03-01T00:00:00", "2024-02-29T23:59:59", False),
        ("2028-02-29T12:00:00", "2025-03-01T00:00:00", True),  # its three years end tomorrow
        ("2028-02-29T12:00:00", "2025-02-28T11:00:00", False),
    ],
)
def test_records_are_kept_for_three_years_to_the_day(
    sqlite_engine: sa.Engine, trail: Audit, now: str, asked: str, there: bool
) -> None:
    trail.start()
    trail.record(replace(RECORD, requested_at=_utc(asked))).result(DEADLINE_S)
    assert trail.purge(_utc(now)) == (0 if there else 1)
    assert len(kept(sqlite_engine)) == there
    assert kept_since(_utc(now)).tzinfo is dt.UTC


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


# at the edge


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.sqlite3"


def tell(file: Path) -> Callable[[str], None]:
    """Change the gateway's database behind its back."""

    def run(command: str) -> None:
        connection = sqlite3.connect(file, timeout=30)
        with connection:
            connection.execute(command)
        connection.close()

    return run


def test_an_answer_that_cannot_be_written_down_is_withheld(zup: Caller, gateway: Gateway, file: Path) -> None:
    with gateway(zup.url, database_url=f"sqlite:///{file}") as argus:
        assert argus.get(AGENTS).status_code == 200
        tell(file)("ALTER TABLE audit RENAME TO away")
        for withheld in (argus.get(AGENTS), argus.get("/agents/none/none"), argus.post("/sendSchedule", {})):
            assert (withheld.status_code, withheld.json()["code"]) == (500, "INTERNAL_ERROR")
            assert "audit trail" in withheld.json()["message"]
            assert int(withheld.headers["Content-Length"]) == len(withheld.content)
            assert withheld.headers["X-Request-Id"]
        tell(file)("ALTER TABLE away RENAME TO audit")
        assert argus.get(AGENTS).status_code == 200


def test_a_body_that_is_nested_without_end_is_a_bad_request(zup: Caller, gateway: Gateway) -> None:
    with gateway(zup.url) as argus:
        body = {"period_start": "2025-08-01", "schedules": _nested(900)}
        answer = argus.post("/sendSchedule", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


def _nested(depth: int) -> Any:
    inner: Any = []
    for _ in range(depth):
        inner = [inner]
    return inner


def test_a_call_is_written_down_before_it_is_answered(gateway: Gateway, file: Path) -> None:
    bound = bind("127.0.0.1", 0)  # nobody accepts there: 1C is not asked in what follows
    with bound, gateway(f"http://127.0.0.1:{bound.getsockname()[1]}", database_url=f"sqlite:///{file}") as argus:
        for number in range(20):
            argus.get("/agents/none/none", headers={"X-Request-Id": f"r{number}"})
            connection = sqlite3.connect(file)
            rows = connection.execute("SELECT status, failed FROM audit WHERE request_id = ?", (f"r{number}",))
            assert rows.fetchall() == [(400, 1)]
            connection.close()
