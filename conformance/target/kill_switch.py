"""When a third-party host is left alone: what counts as a failure, and the limits that end a run.

A directory that is down does not speak for the host in front of it, so failures in a row are counted for each.
"""

from __future__ import annotations

from dataclasses import dataclass

from argus_wfm.json_type import Json

REQUESTS, FAILURES, MINUTES = 5000, 30, 10.0  # limits of a run, unless the command line sets others
REQUESTS_OF_DEGRADED, MINUTES_OF_DEGRADED = 300, 1.5  # for a host that lacks operations, fails at times or is slow
IN_A_ROW = 5  # failures after which a host is left alone
PREFLIGHT = "capabilities"  # value of "by" in the journal


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one run: requests and failures in all, and the rate per operation and second.

    `journal` is a file, "" for a host of ours, which has no limits. `until` is a time.time(), 0 for no end.
    """

    journal: str = ""
    requests: int = REQUESTS
    failures: int = FAILURES
    until: float = 0
    rate: float = 10


def counts(entry: dict[str, Json]) -> bool:
    """Whether the end of a request counts at all: preflight itself reports a host that is down."""
    return bool(entry["by"] != PREFLIGHT)


def is_failure(entry: dict[str, Json]) -> bool:
    """Whether the end of a request is a failure: no response, or a 5xx."""
    return bool(entry.get("error")) or (entry.get("status") or 0) >= 500


def reason(limits: Limits, server: str, *, requests: int, failures: int, in_a_row: int, now: float) -> str:
    """Why nothing more is sent to `server`, "host" or "directory"; empty while requests may be sent."""
    if in_a_row >= IN_A_ROW:
        return f"the {server} failed {IN_A_ROW} times in a row and is left alone"
    if failures >= limits.failures:
        return f"the host failed {limits.failures} times and is left alone; --max-failures sets how often it may"
    if requests >= limits.requests:
        return f"{limits.requests} requests were sent, as many as --max-requests allows"
    if limits.until and now >= limits.until:
        return "the time that --max-minutes gives is over"
    return ""
