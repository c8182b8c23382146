"""Shifts that sites push: taken once, refused one by one, and at every edge of days, months and years."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.peers import DATABASES, database
from tests.support.sites import AT, SITES, Central, central, edges, employee, shift


@pytest.mark.parametrize("kind", DATABASES)
def test_a_shift_is_taken_once_whoever_repeats_it_and_however(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url, central(tmp_path, [employee(1)], url=url) as host:
        one, two = shift(1), shift(2, start="2025-08-02T09:00:00", end="2025-08-02T18:00:00")
        assert host.push("moscow", one, one) == {"taken": 1, "duplicates": 1, "refused": []}
        assert host.push("moscow", one, two) == {"taken": 1, "duplicates": 1, "refused": []}
        same = shift(1, employee_id="MCE001", start="2025-08-01T06:00:00Z", end="2025-08-01T18:00:00+03:00")
        assert host.push("moscow", same)["duplicates"] == 1
        (refused,) = host.push("moscow", {**one, "end": "2025-08-01T19:00:00"})["refused"]
        assert (refused["shift_id"], refused["code"]) == ("shift-1", "SHIFT_CHANGED")
        assert host.push("vladivostok", one)["taken"] == 1  # ids are each site's own
        stored = {one["shift_id"]: one["repeats"] for one in host.actuals("moscow")}
        assert stored == {"shift-1": 3, "shift-2": 0}


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2025-08-01T09:00:00", "2025-08-01T09:00:00", "SHIFT_ENDS_BEFORE_START"),
        ("2025-08-01T09:00:00", "2025-08-01T08:00:00+03:00", "SHIFT_ENDS_BEFORE_START"),
        ("2025-08-01T09:00:00", "2025-08-02T09:00:01", "SHIFT_TOO_LONG"),
    ],
)
def test_a_shift_that_cannot_be_keeps_no_other_away(host: Central, start: str, end: str, code: str) -> None:
    good = shift(f"good {code} {end}", start="2025-09-01T09:00:00", end="2025-09-01T10:00:00")
    told = host.push("moscow", shift("bad", start=start, end=end), good)
    assert (told["taken"], [one["code"] for one in told["refused"]]) == (1, [code])


def test_a_push_holds_a_thousand_shifts(host: Central) -> None:
    reply = host.told("/sites/moscow/actuals", {"actuals": [shift(n) for n in range(1001)]})
    assert (reply.status_code, reply.json()["code"]) == (400, "BATCH_TOO_LARGE")


# the edges: every month, its first day, a leap day, at each site, around midnight of the site, of Moscow and of UTC


@pytest.mark.parametrize("kind", DATABASES)
def test_no_shift_at_any_edge_is_lost_doubled_or_moved_to_another_month(kind: str, tmp_path: Path) -> None:
    with database(kind, tmp_path) as url, central(tmp_path, url=url) as host:
        for site in AT:
            given = edges(site)
            pushed = [
                {"shift_id": name, "employee_id": "EMP001", "start": start.isoformat(), "end": end.isoformat()}
                for name, (start, end) in given.items()
            ]
            assert host.push(site, *pushed) == {"taken": len(given), "duplicates": 0, "refused": []}
            found = Counter[str]()
            for month in sorted({f"{start:%Y-%m}" for start, _ in given.values()}):
                for one in host.actuals(site, period=month):
                    start, end = given[one["shift_id"]]
                    found[one["shift_id"]] += 1
                    assert (one["date"], month) == (f"{start:%Y-%m-%d}", f"{start:%Y-%m}")
                    assert dt.datetime.fromisoformat(one["local_start"]).replace(tzinfo=None) == start
                    zone = ZoneInfo(SITES[site].zone.key)
                    stored = [dt.datetime.fromisoformat(one[name]) for name in ("start_at", "end_at")]
                    assert stored == [start.replace(tzinfo=zone), end.replace(tzinfo=zone)]
                    assert one["start_at"].endswith("Z")
            assert found == dict.fromkeys(given, 1)
