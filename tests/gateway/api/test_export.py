"""Reports as files at the edge: asked for, made by the queue, fetched, expired; and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
import requests
import sqlalchemy as sa

from argus_wfm.gateway.reports import definitions
from argus_wfm.gateway.reports.exports import Exports
from argus_wfm.gateway.reports.staff import Sources
from argus_wfm.gateway.storage.database import connect
from argus_wfm.gateway.storage.tables import employees
from argus_wfm.json_type import Json
from argus_wfm.openapi import load
from tests.support.clock import NOW
from tests.support.gateway import Gateway, gateway_on
from tests.support.http_client import NOWHERE, Caller, refused
from tests.support.mce_client import issued
from tests.support.peers import DATABASES, database
from tests.support.polling import until
from tests.support.processes import serving
from tests.support.relayed_zup import Party, relayed

MADE_S = 60.0
PEOPLE = 30
STAFF = {"report_id": "personnel_list", "format": "csv", "period": "2025-07"}
SEED = {
    "report_id": "monthly_attendance",
    "format": "xlsx",
    "period": "2025-07",
    "include_formulas": True,
    "external_system": "power_bi",
}
OPENED = {"xlsx": b"PK", "docx": b"PK", "pdf": b"%PDF-", "csv": b"\xef\xbb\xbf"}


class Reader:
    """Asks for reports, with one token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.token = url, token or issued(url, "reports")

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return requests.request(method, f"{self.url}/api/reports{path}", headers=headers, timeout=30, **options)

    def export(self, body: Json, **headers: str) -> str:
        """The task's id."""
        reply = self.ask("POST", "/export", json=body, headers=headers)
        assert reply.status_code == 202, reply.text
        assert reply.headers["Location"] == f"/api/reports/status/{reply.json()['task_id']}"
        return str(reply.json()["task_id"])

    def status(self, task: str) -> Json:
        reply = self.ask("GET", f"/status/{task}")
        assert reply.ok, reply.text
        return reply.json()

    def ended(self, task: str) -> Json:
        """The task once it is over, or waits."""
        under_way = ("queued", "running")
        return until(lambda: self.status(task), lambda now: now["status"] not in under_way, within_s=MADE_S)

    def made(self, body: Json) -> requests.Response:
        """The file."""
        task = self.export(body)
        assert (ended := self.ended(task))["status"] == "completed", ended
        return self.ask("GET", f"/download/{task}")


@pytest.fixture(scope="module")
def party() -> Iterator[Party]:
    with relayed(agents=PEOPLE) as made:
        yield made


@pytest.fixture(scope="module", params=DATABASES)
def reader(request: pytest.FixtureRequest, party: Party, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Of a gateway that runs its queue, on either database."""
    folder = tmp_path_factory.mktemp("export")
    with (
        database(request.param, folder) as url,
        gateway_on(party.zup.url, database_url=url, worker_concurrency=2) as gateway,
    ):
        yield Reader(gateway)


# asked for and fetched


@pytest.mark.parametrize("format_", OPENED)
@pytest.mark.parametrize("report", definitions.REPORTS)
def test_every_report_is_made_in_every_format(reader: Reader, report: str, format_: str) -> None:
    reply = reader.made({"report_id": report, "format": format_, "period": "2025-07"})
    assert reply.ok
    assert reply.content.startswith(OPENED[format_])
    documented = load("export").operations["downloadExport"].spec["responses"]["200"]["content"]
    assert reply.headers["Content-Type"].partition(";")[0] in documented


def test_a_task_says_how_far_it_is_and_what_came_of_it(reader: Reader) -> None:
    task = reader.export(SEED)
    ended = reader.ended(task)
    assert (ended["report_id"], ended["format"], ended["period"]) == ("monthly_attendance", "xlsx", "2025-07")
    assert ended["progress"] == {"done": 3 * PEOPLE, "total": 3 * PEOPLE, "percent": 100.0}
    file = ended["file"]
    download = reader.ask("GET", f"/download/{task}")
    assert file["name"] == "Табель учёта рабочего времени 2025-07.xlsx"
    assert (file["size"], file["etag"], file["rows"]) == (len(download.content), download.headers["ETag"], 3 * PEOPLE)
    kept = dt.datetime.fromisoformat(file["expires_at"]) - dt.datetime.fromisoformat(ended["finished_at"])
    assert abs(kept - dt.timedelta(hours=72)) < dt.timedelta(seconds=60)


def test_a_file_has_its_name_in_both_forms_and_is_not_sent_again_to_who_has_it(reader: Reader) -> None:
    task = reader.export(STAFF)
    reader.ended(task)
    first = reader.ask("GET", f"/download/{task}")
    named = first.headers["Content-Disposition"]
    assert 'filename="personnel_list_2025-07.csv"' in named
    assert "filename*=UTF-8''%D0%A1%D0%BF%D0%B8%D1%81%D0%BE%D0%BA" in named
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = reader.ask("GET", f"/download/{task}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert reader.ask("GET", f"/download/{task}", headers={"If-None-Match": '"other"'}).content == first.content


def test_the_same_idempotency_key_is_one_task(reader: Reader) -> None:
    first, second = (reader.export(STAFF, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert first == second
    other = reader.ask("POST", "/export", json={**STAFF, "format": "pdf"}, headers={"Idempotency-Key": "once"})
    refused(other, 400, "VALIDATION_ERROR", "Idempotency-Key")


def test_reports_are_listed_with_their_formats_and_limits(reader: Reader) -> None:
    listed = reader.ask("GET", "/definitions").json()["reports"]
    assert [one["report_id"] for one in listed] == list(definitions.REPORTS)
    limits = {one["format"]: one["most_rows"] for one in listed[0]["formats"]}
    assert limits == {"xlsx": 1_000_000, "docx": 5_000, "pdf": 50_000, "csv": 1_000_000}


# what stands in them


def test_a_sheet_holds_1c_s_hours_and_its_totals_are_formulas_of_them(reader: Reader, party: Party) -> None:
    book: Any = openpyxl.load_workbook(io.BytesIO(reader.made(SEED).content), data_only=True)
    rows = list(book.active.iter_rows(min_row=6, values_only=True))
    heads = [cell.value for cell in book.active[5]]
    body = {
        "date_start": "2025-07-01T00:00:00",
        "date_end": "2025-07-31T23:59:59",
        "AR_agents": [{"agentId": "MCE001"}],
    }
    (sheet,) = party.behind.post("/getTimetypeInfo", body).json()
    codes, hours, night = rows[0], rows[1], rows[2]
    assert (codes[0], codes[1], codes[2], hours[2], night[2]) == (
        "00123",
        "Иванов Иван Иванович",
        "коды",
        "часы",
        "ночные",
    )
    column = {name: place for place, name in enumerate(heads)}
    assert hours[column["1–15, ч"]] == sheet["half1_hours"]
    assert hours[column["16–31, ч"]] == sheet["half2_hours"]
    assert hours[column["Всего, ч"]] == sheet["half1_hours"] + sheet["half2_hours"]
    assert hours[column["Дней"]] == sheet["half1_days"] + sheet["half2_days"]
    assert hours[column["Норма, ч"]] == 184
    totals = rows[3 * PEOPLE]
    assert totals[0] == "Итого"
    assert totals[column["Всего, ч"]] == pytest.approx(sum(row[column["Всего, ч"]] for row in rows[1 : 3 * PEOPLE : 3]))


def test_a_warehouse_gets_raw_values(reader: Reader) -> None:
    text = reader.made({**STAFF, "external_system": "dwh"}).content.decode("utf-8")
    header, first, *_ = csv.reader(io.StringIO(text, newline=""))
    assert header[0] == "Табельный номер"
    assert first[:4] == ["00123", "Иванов", "Иван", "Иванович"]
    assert first[6] == "2020-01-15"


def test_hostile_text_of_1c_arrives_as_it_is_and_harms_nobody(reader: Reader, party: Party) -> None:
    name = "=cmd|' /C calc'!A0 <b>& {{ 7*7 }}"
    patch = [{"op": "replace", "path": "/agents/0/lastname", "value": name}]
    party.inject({"fault": "amend", "operation": "getAgents", "patch": patch})
    try:
        book: Any = openpyxl.load_workbook(io.BytesIO(reader.made({**STAFF, "format": "xlsx"}).content))
        document = zipfile.ZipFile(io.BytesIO(reader.made({**STAFF, "format": "docx"}).content))
        table = reader.made(STAFF).content.decode("utf-8-sig")
    finally:
        party.lift()
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value and name in str(cell.value)]
    assert [cell.data_type for cell in cells] == ["s"]
    assert "&lt;b&gt;&amp; {{ 7*7 }}" in document.read("word/document.xml").decode()
    assert f"'{name}" in table, "a spreadsheet would have calculated it"


# refused, given up, gone


def test_what_is_refused_says_which_member_and_why(reader: Reader) -> None:
    for member, value in (
        ("format", "xls"),
        ("period", "2025-13"),
        ("external_system", "sap"),
        ("include_formulas", 1),
    ):
        refused(reader.ask("POST", "/export", json={**SEED, member: value}), 400, "VALIDATION_ERROR", member)
    refused(reader.ask("POST", "/export", json={"report_id": "monthly_attendance", "format": "csv"}), 400,
            "VALIDATION_ERROR", "period")  # fmt: skip
    message = refused(reader.ask("POST", "/export", json={**SEED, "report_id": "salaries"}), 404, "REPORT_NOT_FOUND",
                      "report_id")  # fmt: skip
    assert "monthly_attendance" in message


def test_only_a_token_for_reports_opens_them(reader: Reader) -> None:
    refused(Reader(reader.url, issued(reader.url, "mce")).ask("GET", "/definitions"), 403, "INSUFFICIENT_SCOPE")
    assert requests.get(f"{reader.url}/api/reports/definitions", timeout=30).status_code == 401


def test_an_operation_of_another_kind_is_no_task(reader: Reader) -> None:
    token = issued(reader.url, "argus")
    headers = {"Authorization": f"Bearer {token}"}
    submitted = requests.post(
        f"{reader.url}/api/integration/operations/personnel_sync", json={}, headers=headers, timeout=30
    ).json()
    for path in ("status", "download"):
        refused(reader.ask("GET", f"/{path}/{submitted['id']}"), 404, "TASK_NOT_FOUND")


def test_a_report_that_1c_cannot_give_is_failed_and_says_why(reader: Reader) -> None:
    task = reader.export({**SEED, "period": "2099-01"})
    ended = reader.ended(task)
    assert (ended["status"], ended["error"]["code"], ended["file"]) == ("failed", "CALENDAR_MISSING", None)
    assert "failed" in refused(reader.ask("GET", f"/download/{task}"), 409, "EXPORT_NOT_READY")


def test_a_file_expires_by_the_clock_and_is_gone_then(party: Party, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'argus.sqlite3'}"
    with gateway_on(party.zup.url, database_url=url, worker_concurrency=1, report_keep_h=2) as gateway:
        reader = Reader(gateway)
        task = reader.export(STAFF)
        assert reader.ended(task)["status"] == "completed"
        assert Caller(gateway).control("/clock", {"move_seconds": 2 * 3600 - 60}).ok
        assert Reader(gateway).ask("GET", f"/download/{task}").ok
        assert Caller(gateway).control("/clock", {"move_seconds": 61}).ok
        later = Reader(gateway)
        for path in ("status", "download"):
            refused(later.ask("GET", f"/{path}/{task}"), 404, "TASK_NOT_FOUND")
        headers = {"Authorization": f"Bearer {issued(gateway, 'argus')}"}
        result = requests.get(f"{gateway}/api/integration/operations/{task}/result", headers=headers, timeout=30)
        assert "expired" in refused(result, 409, "INVALID_TRANSITION")
    engine = connect(url)
    Exports(Sources(engine, lambda: NOW + dt.timedelta(hours=3))).purge()
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM report_files")) == 0
    engine.dispose()


def test_too_many_rows_are_refused_before_anything_begins(gateway: Gateway, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'argus.sqlite3'}"
    with gateway(NOWHERE, database_url=url) as caller:
        engine = connect(url)
        with engine.begin() as connection:
            connection.execute(employees.insert(), [person(number) for number in range(1667)])
        engine.dispose()
        reader = Reader(caller.url)
        message = refused(reader.ask("POST", "/export", json={**SEED, "format": "docx"}), 422, "REPORT_TOO_LARGE",
                          "format")  # fmt: skip
        assert message.endswith("has 5001 rows now, and docx takes 5000 at the most; ask for xlsx or pdf or csv.")
        assert reader.ask("POST", "/export", json={**SEED, "format": "pdf"}).status_code == 202


def person(number: int) -> Json:
    return {
        "employee_id": f"E{number}",
        "external_employee_id": f"A{number}",
        "employee_code": f"{number:05d}",
        "last_name": "Петров",
        "first_name": "Пётр",
        "middle_name": None,
        "position_id": "POS001",
        "department_id": "DEPT001",
        "hire_date": dt.date(2020, 1, 1),
        "standard_hours": 40.0,
        "fte_percentage": 100.0,
        "active": True,
        "inactive_from": None,
        "updated_at": NOW,
    }


# restarts and several processes


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATABASES)
def test_a_task_outlives_its_gateway_and_is_fetched_from_another(kind: str, party: Party, tmp_path: Any) -> None:
    """Taken by one that runs no queue and is killed; made by a second, whose file a third one serves."""
    zup = f"{party.zup.url}/services/personnel"
    with database(kind, tmp_path) as url:
        with serving(url, ZUP_URL=zup) as first:
            token = signed_for_reports()
            task = Reader(first.url, token).export(STAFF)
            first.kill()
        with serving(url, ZUP_URL=zup, WORKER_CONCURRENCY="1") as second, serving(url, ZUP_URL=zup) as third:
            assert Reader(second.url, token).ended(task)["status"] == "completed"
            assert Reader(third.url, token).ask("GET", f"/download/{task}").content.startswith(OPENED["csv"])


def signed_for_reports() -> str:
    from tests.support.mce_client import signed

    return signed("reports")
