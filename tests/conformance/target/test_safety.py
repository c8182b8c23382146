"""The guard of a third-party host: its limits over several processes, its pace, what it blocks."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.model.findings import Departure, Drift, Finding
from argus_wfm.conformance.target.journal import DIRECTORY, Journal, JournalTotals
from argus_wfm.conformance.target.kill_switch import IN_A_ROW, PREFLIGHT
from argus_wfm.conformance.target.safety import Block, SafetyGuard
from tests.support.safety import URL, SleepingClock, ask, guard, lines


def test_a_host_of_ours_has_neither_journal_nor_limits(tmp_path: Path) -> None:
    through = SafetyGuard()
    for _ in range(IN_A_ROW + 1):
        ask(through, 500)
    assert through.closed() == ""


def test_a_host_that_fails_five_times_in_a_row_is_left_alone(tmp_path: Path) -> None:
    through = guard(tmp_path)
    for status in (500, 500, 500, 500, 200, 503, 502, 500, 504):
        ask(through, status)
    ask(through, 500)
    with pytest.raises(CouldNotTest, match="failed 5 times in a row and is left alone"):
        ask(through)
    assert sum("method" in line for line in lines(tmp_path)) == 10


def test_no_answer_is_a_failure_as_5xx_is_and_questions_before_the_run_are_none(tmp_path: Path) -> None:
    through = guard(tmp_path, failures=2)
    through.by = PREFLIGHT
    for _ in range(3):
        ask(through, 500)
    through.by = "PER-01"
    ask(through, 500)
    with pytest.raises(OSError, match="gone"), through.request("getAgents", "GET", URL, "read"):
        raise OSError("gone")
    with pytest.raises(CouldNotTest, match=r"failed 2 times .*--max-failures"):
        ask(through)


@pytest.mark.parametrize("effect", ["read", "write"])
def test_all_processes_of_a_run_count_together(tmp_path: Path, effect: str) -> None:
    one, other = guard(tmp_path, requests=3), guard(tmp_path, requests=3)
    ask(one, effect=effect)
    ask(other, effect=effect)
    ask(one, effect=effect)
    for through in (one, other):
        with pytest.raises(CouldNotTest, match="3 requests were sent, as many as --max-requests allows"):
            ask(through)
    totals = Journal(tmp_path / "journal.jsonl").totals()
    assert totals == JournalTotals(
        requests=3, writes=3 * (effect == "write"), failures=0, in_a_row=Counter(host=0), askers={""}
    )


def test_the_time_of_a_run_ends(tmp_path: Path) -> None:
    time = SleepingClock()
    through = guard(tmp_path, time, until=time.now + 60)
    ask(through)
    time.now += 60
    with pytest.raises(CouldNotTest, match="--max-minutes"):
        ask(through)


def test_an_operation_is_asked_so_often_a_second_and_others_do_not_wait_for_it(tmp_path: Path) -> None:
    time = SleepingClock()
    through = guard(tmp_path, time, rate=4)
    for operation in ("getAgents", "getAgents", "getNormHours", "getAgents"):
        ask(through, operation=operation)
    assert time.slept == [pytest.approx(0.25), pytest.approx(0.25)]


def test_what_is_known_to_depart_is_not_asked_again(tmp_path: Path) -> None:
    found = Finding("OPERATION_ABSENT", Drift.ABSENT, "getAgents", "status", "The host has no getAgents")
    blocked = {
        "getAgents": Block("absent", found),
        "getJwks": Block("getJwks took 25 s"),
        "listQueues": Block("refused", found, credentials=True),
        "export": Block("export is down"),
    }
    through = guard(tmp_path, blocked=blocked)
    with pytest.raises(Departure, match="The host has no getAgents"):
        ask(through)
    with pytest.raises(CouldNotTest, match="25 s"):
        ask(through, operation="getJwks")
    with pytest.raises(CouldNotTest, match="export is down"):
        ask(through, operation="GET /", contract="export")
    with pytest.raises(Departure):
        ask(through, operation="listQueues")
    ask(through, operation="listQueues", credentials=False)
    assert [line["operation"] for line in lines(tmp_path) if "method" in line] == ["listQueues"]


def test_a_block_survives_the_way_to_a_child_process() -> None:
    found = Finding("OPERATION_ABSENT", Drift.ABSENT, "getAgents", "status", "The host has no getAgents")
    for block in (Block("absent", found), Block("slow", credentials=True)):
        assert Block.from_dict(json.loads(json.dumps(block.as_dict()))) == block


def test_what_is_allowed_is_never_passed_however_many_ask_at_once(tmp_path: Path) -> None:
    """Each thread with a guard of its own, as processes have them."""
    guards, refused = [guard(tmp_path, requests=40) for _ in range(8)], []
    started = threading.Barrier(len(guards))

    def run(through: SafetyGuard) -> None:
        started.wait(10)
        for _ in range(10):
            try:
                ask(through)
            except CouldNotTest as error:
                refused.append(str(error))

    with ThreadPoolExecutor(len(guards)) as pool:
        list(pool.map(run, guards))
    assert sum("method" in line for line in lines(tmp_path)) == 40
    assert len(refused) == 40


def test_processes_keep_an_operations_pace_together(tmp_path: Path) -> None:
    time = SleepingClock()
    one, other = guard(tmp_path, time, rate=4), guard(tmp_path, time, rate=4)
    for through in (one, other, other, one):
        ask(through)
    assert time.slept == [pytest.approx(0.25, abs=0.002)] * 3


def test_a_directory_that_is_down_does_not_speak_for_the_host(tmp_path: Path) -> None:
    through = guard(tmp_path)
    for _ in range(IN_A_ROW):
        with pytest.raises(OSError, match="refused"), through.request(DIRECTORY, "CONNECT", URL, "read"):
            raise OSError("refused")
    ask(through)
    with pytest.raises(CouldNotTest, match="the directory failed 5 times in a row"):
        ask(through, operation=DIRECTORY)
    assert through.closed() == ""
