"""The journal of a third-party host: written before a request is sent, read while others write, private."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from argus_wfm.conformance.target.journal import Journal, JournalTotals
from tests.support.safety import URL, ask, guard, lines


def test_each_request_is_written_before_it_is_sent_and_again_when_it_is_answered(tmp_path: Path) -> None:
    through = guard(tmp_path)
    through.by = "PER-01"
    with through.request("getAgents", "GET", URL, "read") as pending:
        (sent,) = lines(tmp_path)
        pending.status = 404
    assert {name: sent[name] for name in sent if name != "request"} == {
        "at": "2027-01-15T08:00:00.000Z",
        "by": "PER-01",
        "operation": "getAgents",
        "method": "GET",
        "url": URL,
        "effect": "read",
    }
    assert lines(tmp_path)[1] == {"request": sent["request"], "by": "PER-01", "status": 404, "duration_s": 0.0}
    with pytest.raises(ConnectionError), through.request("getAgents", "GET", URL, "read"):
        raise ConnectionError("refused")
    assert lines(tmp_path)[-1]["error"] == "refused"


def test_a_line_that_is_not_whole_yet_is_read_once_it_is(tmp_path: Path) -> None:
    through, path = guard(tmp_path), tmp_path / "journal.jsonl"
    ask(through)
    journal, whole = Journal(path), path.read_bytes()
    path.write_bytes(whole[:-5])
    assert journal.totals().requests == 1
    path.write_bytes(whole)
    assert journal.totals() == JournalTotals(requests=1, in_a_row=Counter(host=0), askers={""})


def test_the_journal_is_the_users_alone(tmp_path: Path) -> None:
    ask(guard(tmp_path))
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o077 == 0
