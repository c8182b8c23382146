"""What counts for the kill switch, and why a run ends; test_safety.py tests the guard that asks it."""

from __future__ import annotations

from typing import Any

import pytest

from argus_wfm.conformance.target.kill_switch import IN_A_ROW, PREFLIGHT, Limits, counts, is_failure, reason

FINE: dict[str, Any] = {"requests": 0, "failures": 0, "in_a_row": 0, "now": 0.0}


@pytest.mark.parametrize(
    ("end", "failed"),
    [
        ({"status": 200}, False),
        ({"status": 404}, False),
        ({"status": 499}, False),
        ({"status": 500}, True),
        ({"status": 503}, True),
        ({"error": "connection refused"}, True),
        ({}, False),
    ],
)
def test_no_response_and_a_5xx_are_failures(end: dict[str, Any], failed: bool) -> None:
    assert is_failure(end) is failed


def test_requests_of_preflight_do_not_count() -> None:
    assert [counts({"by": by}) for by in (PREFLIGHT, "PER-01", "generated", "")] == [False, True, True, True]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"in_a_row": IN_A_ROW}, "the directory failed 5 times in a row and is left alone"),
        ({"failures": 7}, "the host failed 7 times and is left alone; --max-failures sets how often it may"),
        ({"requests": 9}, "9 requests were sent, as many as --max-requests allows"),
        ({"now": 100.0}, "the time that --max-minutes gives is over"),
        ({"in_a_row": IN_A_ROW - 1, "failures": 6, "requests": 8, "now": 99.9}, ""),
    ],
)
def test_each_limit_ends_a_run_and_says_which_it_was(seen: dict[str, Any], words: str) -> None:
    limits = Limits("journal", requests=9, failures=7, until=100.0)
    assert reason(limits, "directory", **{**FINE, **seen}) == words


def test_without_an_end_time_passes_for_ever() -> None:
    assert reason(Limits("journal"), "host", **{**FINE, "now": 1e12}) == ""
