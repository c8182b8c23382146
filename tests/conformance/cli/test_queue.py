"""`argus queue` against a real gateway: tables, JSON, exit codes, and errors of one line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from typer import Typer

from argus_wfm.conformance.cli import options
from argus_wfm.conformance.cli.audit import audit
from argus_wfm.conformance.cli.queue import queue
from tests.support.gateway_commands import NOBODY, SOMEBODY, Shell

REPORT = {"report_id": "personnel_list", "format": "csv"}
SHEETS = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59", "agents": ["MCE001"]}


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    """A file with a transfer that 1C refuses."""
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(NOBODY), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, one.name or one.callback.__name__) for group in (queue, audit) for one in group.registered_commands],  # type: ignore[union-attr]
)
def test_every_command_has_help_with_examples(group: Typer, name: str, argus: Shell) -> None:
    said = argus(str(group.info.name), name, "--help")
    assert said.code == 0
    for word in (f"argus {group.info.name} {name}", "--url", "--json", "ARGUS_URL"):
        assert word in said.out


def test_choices_are_those_of_the_contract(argus: Shell) -> None:
    told = argus("queue", "status", "--json").json
    assert set(told["kinds"]) == {kind.value for kind in options.OperationKind}
    assert set(told["statuses"]) == {status.value for status in options.OperationStatus}


def test_status_counts_and_names_workers(argus: Shell) -> None:
    argus.dead_letter()
    lines = argus("queue", "status").lines
    assert lines[0].split() == ["paused", "no"]
    assert "dead_letter  1" in lines
    assert "fact_transfer      0" in lines
    assert [line for line in lines if line.startswith("worker-0")]


def test_pause_and_resume(argus: Shell) -> None:
    assert argus("queue", "pause").lines[0].split() == ["paused", "yes"]
    operation_id = argus.submit("personnel_sync", {})
    assert argus("queue", "status", "--json").json["statuses"]["queued"] == 1
    assert argus("queue", "resume", "--json").json["paused"] is False
    argus.until(operation_id, "completed")


def test_sync_is_waited_for_in_plain_lines(argus: Shell) -> None:
    said = argus("queue", "submit", "personnel_sync", "--wait")
    assert said.code == 0
    assert said.err.splitlines()[-1] == f"completed    {said.lines[0].split()[1]}  513 of 513 employees"
    assert "status          completed" in said.lines
    assert "· created       513" in said.lines
    heading, row = argus("queue", "syncs").lines
    assert heading.split()[:3] == ["id", "status", "day"]
    assert row.split()[1:3] == ["completed", "2025-07-29"]
    assert "513 of 513 employees" in row
    assert argus("queue", "syncs", "--json").json["items"][0]["batches"] == [500, 13]


def test_waiting_shows_a_bar_on_a_terminal_and_colours(argus: Shell) -> None:
    argus.patch.setenv("FORCE_COLOR", "1")
    said = argus("queue", "submit", "personnel_sync", "--wait")
    assert "personnel_sync completed" in said.err
    assert "━" in said.err
    assert "\x1b[" in said.out
    assert "\x1b[" in argus("queue", "list").out


def test_json_of_a_waited_for_operation_is_one_document(argus: Shell) -> None:
    said = argus("queue", "submit", "personnel_sync", "--wait", "--json")
    assert said.json["status"] == "completed"
    assert said.err


def test_dead_letter_is_exit_code_1(argus: Shell, payload: Path) -> None:
    said = argus("queue", "submit", "fact_transfer", "--file", str(payload), "--wait")
    assert said.code == 1
    assert "permanent: 1C knows no employee NOBODY." in said.err
    assert "error           EMPLOYEE_NOT_FOUND: Fact transfer failed" in said.lines
    operation_id = said.lines[0].split()[1]
    assert argus("queue", "wait", operation_id).code == 1
    row = argus("queue", "dead").lines[1]
    assert row.startswith(f"{operation_id}  fact_transfer  2025-07-29T")
    assert "  1         EMPLOYEE_NOT_FOUND  1C knows no employee NOBODY.  permanent" in row
    told = argus("queue", "dead", "--kind", "fact_transfer", "--json").json
    assert [one["id"] for one in told["items"]] == [operation_id]
    assert argus("queue", "dead", "--kind", "personnel_sync").lines == ["There are no dead letters."]
    assert argus("queue", "dead", "--until", "2025-01-01").lines == ["There are no dead letters."]


def test_show_has_attempts_and_the_error(argus: Shell) -> None:
    operation_id = argus.dead_letter()
    said = argus("queue", "show", operation_id)
    assert said.lines[:3] == [
        f"id              {operation_id}",
        "kind            fact_transfer",
        "status          dead_letter",
    ]
    assert said.lines[-2].split()[:3] == ["retry", "started", "ended"]
    assert said.lines[-1].endswith("EMPLOYEE_NOT_FOUND  1C knows no employee NOBODY.")
    assert argus("queue", "show", operation_id, "--json").json["attempts"][0]["code"] == "EMPLOYEE_NOT_FOUND"


def test_list_is_filtered_and_cut(argus: Shell) -> None:
    assert argus("queue", "list").lines == ["There is no such operation."]
    argus.dead_letter()
    argus.until(argus.submit("personnel_sync", {}), "completed")
    said = argus("queue", "list", "--limit", "1")
    assert [line.split()[1] for line in said.lines] == ["kind", "personnel_sync"]
    assert said.err == "There are more; the 1 newest are shown (--limit).\n"
    of_kind = argus("queue", "list", "--kind", "fact_transfer", "--status", "dead_letter", "--json").json
    assert (len(of_kind["items"]), of_kind["next"]) == (1, None)
    assert argus("queue", "list", "--since", "2026-07-29T03:00:00+03:00", "--json").json["items"] == []


def test_longer_listings_are_fetched_page_by_page_as_needed(argus: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_wfm.conformance.cli.gateway_client.PAGE", 2)
    argus("queue", "pause")
    ids = [argus.submit("personnel_sync", {}) for _ in range(5)][::-1]
    told = argus("queue", "list", "--limit", "5", "--json").json
    assert ([one["id"] for one in told["items"]], told["next"]) == (ids, None)
    cut = argus("queue", "list", "--limit", "3", "--json").json
    assert ([one["id"] for one in cut["items"]], bool(cut["next"])) == (ids[:3], True)
    pages = argus.remote().pages("/operations", 5)
    assert next(iter(pages))["id"] == ids[0]
    asked = argus("audit", "search", "--operation", "listOperations", "--json").json["items"]
    assert len(asked) == 3 + 2 + 1


def test_redrive(argus: Shell) -> None:
    first, second = argus.dead_letter(), argus.dead_letter()
    argus("queue", "pause")
    assert argus("queue", "redrive", "--all", "--dry-run").out == "2\n"
    assert argus("queue", "redrive", first, "--dry-run", "--json").json == {"count": 1, "dry_run": True}
    assert argus("queue", "redrive", first, "--json").json["redriven"] == 1
    partly = argus("queue", "redrive", first, second)
    assert (partly.code, partly.out) == (1, "redriven  1\n")
    assert partly.err == "argus: 1 of 2 are no dead letters\n"
    assert argus("queue", "redrive", "--kind", "fact_transfer", "--since", "2025-07-01").out == "redriven  0\n"
    argus("queue", "resume")
    for operation_id in (first, second):
        argus.until(operation_id, "dead_letter")
    assert argus("queue", "redrive", "--all", "--json").json == {"count": 2, "dry_run": False}


def test_transient_failure_waits_until_it_is_hurried(argus: Shell) -> None:
    argus.zup.control("/faults", {"fault": "status", "status": 503, "operation": "sendFactWorkTime", "times": 1})
    operation_id = argus.submit("fact_transfer", SOMEBODY)
    assert "retry 1 of 3" in argus.until(operation_id, "waiting")["reason"]
    assert argus("queue", "retry-now", operation_id).code == 0
    assert argus("queue", "wait", operation_id, "--json").json["attempt"] == 1


def test_cancelled_is_exit_code_1(argus: Shell) -> None:
    argus("queue", "pause")
    operation_id = argus.submit("personnel_sync", {})
    assert "status          cancelled" in argus("queue", "cancel", operation_id).lines
    assert argus("queue", "wait", operation_id).code == 1
    assert "INVALID_TRANSITION" in argus("queue", "cancel", operation_id).refused()


def test_same_key_is_the_same_operation(argus: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SHEETS).encode()), encoding="utf-8"))
        said = argus("queue", "submit", "timesheet_request", "--file", "-", "--key", "ключ", "--json")
        ids.append(said.json["id"])
    assert ids[0] == ids[1]


def test_result_of_rows_and_of_a_file(argus: Shell, tmp_path: Path) -> None:
    sheets, file = tmp_path / "sheets.json", tmp_path / "staff.csv"
    rows = argus.submit("timesheet_request", SHEETS)
    argus.until(rows, "completed")
    assert len(argus("queue", "result", rows, "--json").json["rows"]) == 1
    assert argus("queue", "result", rows).lines[0] == "{"
    assert argus("queue", "result", rows, "--output", str(sheets)).code == 0
    assert json.loads(sheets.read_text(encoding="utf-8"))["operation_id"] == rows
    argus.until(argus.submit("personnel_sync", {}), "completed")
    report = argus.submit("report_export", REPORT)
    argus.until(report, "completed")
    assert argus("queue", "result", report).out.startswith("\ufeffТабельный номер;Фамилия;")
    told = argus("queue", "result", report, "--output", str(file), "--json").json
    assert (told["media_type"], told["bytes"]) == ("text/csv", len(file.read_bytes()))
    assert "give --output FILE" in argus("queue", "result", report, "--json").refused()
    assert "Cannot write" in argus("queue", "result", report, "--output", str(tmp_path)).refused()


def test_result_before_there_is_one(argus: Shell) -> None:
    argus("queue", "pause")
    assert "INVALID_TRANSITION" in argus("queue", "result", argus.submit("personnel_sync", {})).refused()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "op-none"], "OPERATION_NOT_FOUND: There is no operation op-none"),
        (["wait", "op-none"], "OPERATION_NOT_FOUND"),
        (["show", "../queue"], "../queue is no operation's id"),
        (["list", "--status", "gone"], "'gone' is not one of 'queued'"),
        (["list", "--since", "yesterday"], "--since yesterday is no instant"),
        (["list", "--since", "0001-01-01T00:00:00+03:00"], "is no instant"),
        (["list", "--limit", "0"], "greater than or equal to 1"),
        (["submit", "nonsense"], "'nonsense' is not one of"),
        (["submit", "fact_transfer"], "fact_transfer needs --file payload.json"),
        (["submit", "fact_transfer", "--file", "none.json"], "none.json: No such file"),
        (["submit", "fact_transfer", "--file", "bad.json"], "bad.json is not JSON"),
        (["submit", "fact_transfer", "--file", "other.json"], "VALIDATION_ERROR: "),
        (["submit", "personnel_sync", "--key", "a\nb"], "--key is text of one line"),
        (["redrive"], "Say which: IDs, --kind, --since, --until, or --all"),
        (["redrive", "op-none"], "OPERATION_NOT_FOUND"),
        (["status", "--url", "ftp://x"], "ftp://x is no URL of a gateway"),
        (["status", "--url", "http://[x"], "http://[x is no URL of a gateway"),
        (["status", "--url", "http://u:secret@127.0.0.1"], "--url is a plain URL"),
        (["status", "--url", "http://127.0.0.1:1"], "was not reached: Connection refused. Start it (argus up"),
        (["status", "--url", "https://argus.example"], "Set ARGUS_TOKEN"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], said: str, argus: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    (tmp_path / "other.json").write_text('{"other": 1}', encoding="utf-8")
    told = argus("queue", *arguments).refused()
    assert said in told
    assert "secret" not in told


def test_mock_is_no_gateway(argus: Shell) -> None:
    assert "There is no path /api/integration/queue" in argus("queue", "status", "--url", argus.zup.url).refused()


def test_schedule_shows_its_instants_and_moscows_time(argus: Shell) -> None:
    said = argus("queue", "schedule", "--since", "2025-07-01", "--count", "2")
    assert "monthly last saturday 01:30" in said.out
    assert [line.split() for line in said.lines[-2:]] == [
        ["2025-07-25T22:30:00Z", "2025-07-26T01:30:00+03:00"],
        ["2025-08-29T22:30:00Z", "2025-08-30T01:30:00+03:00"],
    ]
    assert argus("queue", "schedule", "--json").json["runs"][0]["at"] == "2025-08-29T22:30:00Z"
