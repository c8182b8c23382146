"""Sites before a gateway, over sockets: a site that is cut off, and faults of what it sends."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.sites.app import sites
from argus_wfm.openapi.server import background
from tests.support.clock import NOW
from tests.support.company import company
from tests.support.http_client import Caller
from tests.support.oktell import unused
from tests.support.sites import AT

DAY_S = 86_400


def test_a_site_pulls_whom_it_employs(tmp_path: Path) -> None:
    with company(tmp_path) as made:
        told = made.tell("/pull", {})["sites"]
        assert {name: site["employees"] for name, site in told.items()} == dict.fromkeys(AT, 1)


def test_a_site_cut_off_for_a_day_and_back_loses_nothing_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    with company(tmp_path) as made:
        made.tell("/pull", {})
        made.tell("/cut-off", {"site": "vladivostok", "cut_off": True})
        for site, number in (("moscow", 1), ("vladivostok", 4)):
            for day in ("2025-07-27", "2025-07-28", "2025-07-29"):
                made.clock(site, number, day)
        made.tell("/push", {})
        made.move(DAY_S)
        made.tell("/push", {})
        assert (made.site("vladivostok")["backlog"], made.stored("vladivostok")) == (3, Counter())
        assert made.stored("moscow").total() == 3
        made.tell("/cut-off", {"site": "vladivostok", "cut_off": False})
        for _ in range(2):
            made.tell("/push", {})
        assert made.stored("vladivostok") == {f"vladivostok-{number}": 1 for number in (1, 2, 3)}
        assert made.stored("moscow") == {f"moscow-{number}": 1 for number in (1, 2, 3)}
        report = made.report("2025-07")
        late = {one["shift_id"]: one["late_s"] // 3600 for one in report["late"]["items"]}
        # pushed on 30 July 01:30 UTC; the shifts there ended at 08:00 UTC of the 27th, 28th and 29th
        assert {name: hours for name, hours in late.items() if name.startswith("v")} == {
            "vladivostok-1": 65, "vladivostok-2": 41, "vladivostok-3": 17,
        }  # fmt: skip
        assert "moscow-3" not in late
        assert (report["missing"]["count"], report["overlaps"]["count"], report["on_two_sites"]["count"]) == (0, 0, 0)
        assert made.stored("vladivostok").total() == next(
            site["actuals"] for site in report["sites"] if site["id"] == "vladivostok"
        )


@pytest.mark.parametrize("fault", ["duplicate", "drop", "non-json", "reorder,times=1"])
def test_what_a_site_repeats_breaks_off_spoils_or_reorders_is_stored_once(tmp_path: Path, fault: str) -> None:
    with company(tmp_path, fault) as made:
        for day in ("2025-07-27", "2025-07-28"):
            made.clock("moscow", 1, day)
            made.tell("/push", {"site": "moscow"})
        assert made.stored("moscow") == {"moscow-1": 1, "moscow-2": 1}
        assert made.report("2025-07")["missing"]["count"] == 0


def test_what_comes_late_is_told_as_late_and_what_is_lost_as_missing(tmp_path: Path) -> None:
    with company(tmp_path, f"late,seconds={DAY_S},times=1", "lose,times=1") as made:
        for day in ("2025-07-27", "2025-07-28", "2025-07-29"):
            made.clock("moscow", 1, day)
            made.tell("/push", {"site": "moscow"})
        assert made.stored("moscow") == {"moscow-3": 1}
        assert made.report("2025-07")["missing"]["items"] == [{"site": "moscow", "first": 1, "last": 2}]
        made.move(DAY_S)
        assert made.stored("moscow") == {"moscow-1": 1, "moscow-3": 1}
        report = made.report("2025-07")
        assert report["missing"]["items"] == [{"site": "moscow", "first": 2, "last": 2}]
        assert [one["shift_id"] for one in report["late"]["items"]] == ["moscow-1"]


def test_a_central_that_does_not_answer_is_told_everything_once_it_does(tmp_path: Path) -> None:
    with background(sites(gateway=unused(), token="t", clock=Clock(NOW), with_controls=True)) as url:
        alone = Caller(url)
        shift = {"employee_id": "EMP001", "start": "2025-07-28T09:00:00", "end": "2025-07-28T18:00:00"}
        assert alone.control("/clockings", {"site": "moscow", "shifts": [shift]}).ok
        site = alone.control("/push", {}).json()["sites"]["moscow"]
        assert (site["backlog"], site["unreachable"], site["taken"]) == (1, 1, 0)


def test_sites_that_live_pull_clock_and_push_of_themselves(tmp_path: Path) -> None:
    with company(tmp_path, beat_s=900) as made:
        for _ in range(7):
            made.move(DAY_S)
        told = {name: made.site(name) for name in AT}
        assert all(site["employees"] == 1 for site in told.values())
        clocked = {name: site["clockings"] for name, site in told.items()}
        assert all(2 <= count <= 7 for count in clocked.values()), clocked
        assert {name: made.stored(name).total() for name in AT} == clocked
        assert made.report("2025-07")["missing"]["count"] == 0
