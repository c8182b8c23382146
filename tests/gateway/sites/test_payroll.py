"""Payroll confirmations: each site that one concerns learns of it; a repeat changes nothing, or is a conflict."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from argus_wfm.json_type import Json
from tests.support.peers import DATABASES, database
from tests.support.sites import AT, Central, central, employee, know, shift


def confirmation(*employee_ids: str, number: int = 1, **other: Json) -> Json:
    given = {"document_id": f"ZP-{number}", "period": "2025-08", "employee_ids": list(employee_ids)}
    return {**given, "confirmed_at": "2025-09-05T09:00:00Z", **other}


@pytest.fixture(params=DATABASES)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Central]:
    people = [employee(number, site) for number, site in enumerate(AT, 1)]
    with database(request.param, tmp_path) as url, central(tmp_path, people, url=url) as made:
        yield made


def confirm(host: Central, body: Json) -> Json:
    reply = host.told("/payroll-confirmations", body)
    assert reply.ok, reply.text
    return reply.json()


def learnt(host: Central, site: str) -> dict[str, list[str]]:
    page = host.read(f"/sites/{site}/confirmations")
    return {one["document_id"]: one["employee_ids"] for one in page["items"]}


def test_each_site_learns_of_its_own_and_others_of_nothing(host: Central) -> None:
    told = confirm(host, confirmation("MCE001", "EMP004"))
    assert told == {
        "document_id": "ZP-1",
        "duplicate": False,
        "sites": [{"id": "moscow", "employees": 1}, {"id": "vladivostok", "employees": 1}],
        "unassigned": [],
    }
    assert {site: learnt(host, site) for site in AT} == {
        "moscow": {"ZP-1": ["EMP001"]},
        "yekaterinburg": {},
        "novosibirsk": {},
        "vladivostok": {"ZP-1": ["EMP004"]},
    }


def test_a_site_where_somebody_else_worked_in_that_month_learns_of_it_too(host: Central) -> None:
    host.push("vladivostok", shift(1, "EMP001"), shift(2, "EMP002", "2025-09-01T09:00:00", "2025-09-01T18:00:00"))
    confirm(host, confirmation("MCE001", "MCE002"))
    assert learnt(host, "moscow") == learnt(host, "vladivostok") == {"ZP-1": ["EMP001"]}
    assert learnt(host, "yekaterinburg") == {"ZP-1": ["EMP002"]}


def test_a_repeat_changes_nothing_in_whatever_order_and_spelling(host: Central) -> None:
    first = confirm(host, confirmation("MCE001", "MCE004"))
    know_more = host.push("novosibirsk", shift(1, "EMP001"))
    assert know_more["taken"] == 1
    again = confirm(host, confirmation("EMP004", "MCE001", "EMP001", confirmed_at="2025-09-05T09:00:00.000Z"))
    assert again == {**first, "duplicate": True}
    assert learnt(host, "novosibirsk") == {}


@pytest.mark.parametrize(
    "other",
    [{"employee_ids": ["MCE001"]}, {"period": "2025-07"}, {"confirmed_at": "2025-09-06T09:00:00Z"}],
    ids=lambda other: next(iter(other)),
)
def test_a_repeat_with_other_content_is_a_conflict_and_changes_nothing(host: Central, other: Json) -> None:
    confirm(host, confirmation("MCE001", "MCE004"))
    reply = host.told("/payroll-confirmations", {**confirmation("MCE001", "MCE004"), **other})
    assert (reply.status_code, reply.json()["code"]) == (409, "INVALID_TRANSITION")
    assert "ZP-1" in reply.json()["message"]
    assert learnt(host, "moscow") == {"ZP-1": ["EMP001"]}


def test_an_employee_of_no_site_is_named(host: Central) -> None:
    told = confirm(host, confirmation("MCE001", "MCE999"))
    assert told["unassigned"] == ["EMP999"]
    assert told["sites"] == [{"id": "moscow", "employees": 1}]


def test_a_site_asks_on_from_where_it_was(host: Central) -> None:
    for number in range(1, 4):
        confirm(host, confirmation("MCE001", number=number))
    first = host.read("/sites/moscow/confirmations", limit=2)
    assert [one["document_id"] for one in first["items"]] == ["ZP-1", "ZP-2"]
    rest = host.read("/sites/moscow/confirmations", limit=2, cursor=first["next"])
    assert ([one["document_id"] for one in rest["items"]], rest["next"]) == (["ZP-3"], None)
    cursor = rest["items"][-1]["cursor"]
    assert host.read("/sites/moscow/confirmations", cursor=cursor)["items"] == []
    confirm(host, confirmation("MCE001", number=4))
    later = host.read("/sites/moscow/confirmations", cursor=cursor)["items"]
    assert [one["document_id"] for one in later] == ["ZP-4"]


def test_many_who_confirm_the_same_at_once_confirm_it_once(host: Central) -> None:
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: confirm(host, confirmation("MCE001", "MCE004")), range(6)))
    assert sorted(one["duplicate"] for one in told) == [False] + [True] * 5
    assert learnt(host, "moscow") == {"ZP-1": ["EMP001"]}


def test_a_payroll_of_thousands_is_one_document(tmp_path: Path) -> None:
    people = [employee(number, list(AT)[number % 4]) for number in range(1, 2001)]
    url = f"sqlite:///{tmp_path}/many.sqlite3"
    with central(tmp_path, url=url) as host:
        know(url, people)
        told = confirm(host, confirmation(*(one.external_employee_id for one in people)))
        assert [site["employees"] for site in told["sites"]] == [500] * 4
