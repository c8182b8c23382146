"""The report across sites: each thing that can be amiss is found, named and counted, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from argus_wfm.json_type import Json
from tests.support.peers import DATABASES, database
from tests.support.sites import AT, Central, central, employee, know, shift

FAULTS = ("on_two_sites", "overlaps", "missing", "late", "unknown_employees", "refused")
PEOPLE = [employee(number, site) for number, site in enumerate(AT, 1)]


@pytest.fixture(params=DATABASES)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Central]:
    with database(request.param, tmp_path) as url, central(tmp_path, PEOPLE, url=url) as made:
        yield made


def report(host: Central, period: str = "2025-08") -> Json:
    """With what is amiss alone."""
    told = host.read("/consistency", period=period)
    return {name: told[name] for name in FAULTS if told[name]["count"]} | {"consistent": told["consistent"]}


def test_a_company_in_order(host: Central) -> None:
    for number, site in enumerate(AT, 1):
        host.push(site, shift(1, f"EMP{number:03d}", sequence=1))
    told = host.read("/consistency", period="2025-08")
    assert report(host) == {"consistent": True}
    assert told["employees"] == {"central": 4, "sites": 4, "unassigned": 0}
    assert [(site["id"], site["employees"], site["actuals"]) for site in told["sites"]] == [(s, 1, 1) for s in AT]
    assert host.read("/consistency")["period"] == "2025-07"


def test_employees_of_no_site_do_not_add_up(tmp_path: Path) -> None:
    with central(tmp_path, [*PEOPLE, employee(5, "DEPT999"), employee(6, "moscow", active=False)]) as host:
        told = host.read("/consistency")
        assert told["employees"] == {"central": 5, "sites": 4, "unassigned": 1}
        assert told["consistent"] is False


def test_an_employee_who_worked_at_another_site_is_on_two(host: Central) -> None:
    host.push("vladivostok", shift(1, "MCE001"))
    both = {"employee_ids": ["EMP001"], "sites": ["moscow", "vladivostok"], "because": "actuals"}
    assert report(host) == {"on_two_sites": {"count": 1, "items": [both]}, "consistent": False}
    assert report(host, "2025-09") == {"consistent": True}


def test_one_personnel_number_in_departments_of_two_sites_is_on_two(tmp_path: Path) -> None:
    twins = [employee(5, "moscow", employee_code="00500"), employee(6, "novosibirsk", employee_code="00500")]
    same_site = [employee(7, "moscow", employee_code="00700"), employee(8, "moscow", employee_code="00700")]
    with central(tmp_path, [*PEOPLE, *twins, *same_site]) as host:
        (found,) = report(host)["on_two_sites"]["items"]
        assert found == {
            "employee_ids": ["EMP005", "EMP006"], "sites": ["moscow", "novosibirsk"], "because": "personnel_number",
        }  # fmt: skip


def test_shifts_that_share_time_are_told_once_and_those_that_touch_are_not(host: Central) -> None:
    host.push(
        "moscow",
        shift(1, start="2025-08-01T09:00:00", end="2025-08-01T18:00:00"),
        shift(2, start="2025-08-01T17:00:00", end="2025-08-01T20:00:00"),
        shift(3, start="2025-08-01T20:00:00", end="2025-08-01T22:00:00"),
        shift(4, start="2025-08-02T09:00:00", end="2025-08-02T18:00:00"),
        shift(5, start="2025-08-02T09:00:00", end="2025-08-02T18:00:00"),
        shift(6, "EMP002", start="2025-08-01T09:00:00", end="2025-08-01T18:00:00"),
    )
    overlaps = report(host)["overlaps"]
    pairs = [tuple(one["shift_id"] for one in found["shifts"]) for found in overlaps["items"]]
    assert (overlaps["count"], pairs) == (2, [("shift-1", "shift-2"), ("shift-4", "shift-5")])


def test_numbers_that_a_site_has_left_out_are_told_until_they_come(host: Central) -> None:
    def numbered(number: int) -> Json:
        return shift(
            number, start=f"2025-08-{number:02d}T09:00:00", end=f"2025-08-{number:02d}T18:00:00", sequence=number
        )

    host.push("moscow", *(numbered(number) for number in (2, 3, 7)))
    gaps = report(host)["missing"]["items"]
    assert gaps == [{"site": "moscow", "first": 1, "last": 1}, {"site": "moscow", "first": 4, "last": 6}]
    host.push("moscow", *(numbered(number) for number in range(1, 8)))
    assert report(host) == {"consistent": True}
    assert host.read("/consistency", period="2025-08")["sites"][0]["repeats"] == 3


def test_late_is_what_came_hours_after_its_end_and_how_late_is_told(host: Central) -> None:
    """It is 2025-07-29T01:30Z; four hours are allowed."""
    host.push(
        "moscow",
        shift(1, start="2025-07-28T09:00:00+03:00", end="2025-07-28T18:00:00+03:00"),
        shift(2, start="2025-07-28T15:00:00+03:00", end="2025-07-29T01:00:00+03:00"),
    )
    late = report(host, "2025-07")["late"]
    (found,) = late["items"]
    assert (late["count"], found["shift_id"], found["ended_at"]) == (1, "shift-1", "2025-07-28T15:00:00Z")
    assert 10.5 * 3600 <= found["late_s"] < 11 * 3600


def test_work_of_an_unknown_employee_is_told_until_central_knows_of_one(host: Central, tmp_path: Path) -> None:
    host.push("moscow", shift(1, "MCE777"))
    stranger = {"site": "moscow", "shift_id": "shift-1", "employee_id": "EMP777", "date": "2025-08-01"}
    assert report(host) == {"unknown_employees": {"count": 1, "items": [stranger]}, "consistent": False}


def test_of_very_many_the_first_hundred_are_named_and_all_are_counted(tmp_path: Path) -> None:
    with central(tmp_path) as host:
        host.push("moscow", *(shift(number, f"MCE{number:03d}") for number in range(1, 151)))
        found = host.read("/consistency", period="2025-08")["unknown_employees"]
        assert (found["count"], len(found["items"])) == (150, 100)


def test_once_central_knows_somebody_the_work_is_no_strangers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/later.sqlite3"
    with central(tmp_path, url=url) as host:
        host.push("moscow", shift(1, "MCE001"))
        assert report(host)["unknown_employees"]["count"] == 1
        know(url, PEOPLE)
        assert report(host) == {"consistent": True}
