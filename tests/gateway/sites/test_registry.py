"""The registry of sites and wall time at them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from argus_wfm.gateway.sites.registry import SEED, NoSuchWallTime, SiteRegistry, SitesError
from argus_wfm.json_type import Json
from tests.support.sites import SITES, Central, shift

# the registry


def test_the_seeds_four_sites_stand_in_its_order() -> None:
    assert [(site.id, site.zone.key) for site in SITES] == [
        ("moscow", "Europe/Moscow"),
        ("yekaterinburg", "Asia/Yekaterinburg"),
        ("novosibirsk", "Asia/Novosibirsk"),
        ("vladivostok", "Asia/Vladivostok"),
    ]


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_file_of_ones_own_takes_their_place(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sites{suffix}"
    given = {"id": "kaliningrad", "name": "Калининград", "zone": "Europe/Kaliningrad", "departments": ["D1"]}
    toml = "[[sites]]\n" + "\n".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in given.items()
    )
    path.write_text(toml if suffix == ".toml" else json.dumps({"sites": [given]}), encoding="utf-8")
    (site,) = SiteRegistry.of_file(path)
    assert (site.id, site.name, site.zone.key, site.departments) == (
        "kaliningrad",
        "Калининград",
        "Europe/Kaliningrad",
        ("D1",),
    )


def changed(number: int, **other: Json) -> list[Json]:
    return [{**site, **(other if index == number else {})} for index, site in enumerate(SEED)]


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (changed(1, zone="Asia/Ekaterinburg"), "site yekaterinburg: Asia/Ekaterinburg is no IANA time zone"),
        (changed(1, zone="../etc/passwd"), "is no IANA time zone"),
        (changed(1, zone="UTC+5"), "is no IANA time zone"),
        (changed(1, departments=["DEPT001"]), "department DEPT001 is at two sites, moscow and yekaterinburg"),
        (changed(1, id="moscow"), "two sites have the id moscow"),
        (changed(1, id="Екб"), "site Екб: an id is small Latin letters"),
        (changed(1, departments="DEPT001"), "departments is a list"),
        (changed(1, name=""), "id, name and zone are text"),
        (changed(1, city="Екатеринбург"), "city is no member of a site"),
        ([{"id": "a", "name": "A", "zone": "Europe/Moscow"}], "site a: departments is missing"),
        (["moscow"], "site 1 is no table"),
    ],
)
def test_a_wrong_list_is_told_in_one_line(listed: list[Json], said: str) -> None:
    with pytest.raises(SitesError, match=said) as raised:
        SiteRegistry.of(listed)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.toml", None, "cannot be read: No such file"),
        ("sites.toml", "sites = [", "is neither TOML nor JSON"),
        ("sites.json", "{", "is neither TOML nor JSON"),
        ("sites.toml", "sites = []", "lists no sites"),
        ("sites.json", "[]", "lists no sites"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SitesError, match=said):
        SiteRegistry.of_file(tmp_path / name)


# wall time


@pytest.mark.parametrize(
    ("site", "wall", "utc"),
    [
        ("vladivostok", "2025-08-01T09:00:00", "2025-07-31T23:00:00Z"),
        ("moscow", "2025-08-01T09:00:00", "2025-08-01T06:00:00Z"),
        ("moscow", "2014-10-25T09:00:00", "2014-10-25T05:00:00Z"),  # +4 until the day after
        ("moscow", "2014-10-27T09:00:00", "2014-10-27T06:00:00Z"),
        ("novosibirsk", "2016-07-23T09:00:00", "2016-07-23T03:00:00Z"),  # +6 until that night
        ("novosibirsk", "2016-07-25T09:00:00", "2016-07-25T02:00:00Z"),
        ("moscow", "2025-08-01T09:00:00+10:00", "2025-07-31T23:00:00Z"),
        ("vladivostok", "2025-07-31T23:00:00Z", "2025-07-31T23:00:00Z"),
    ],
)
def test_wall_time_is_the_sites_of_that_day(site: str, wall: str, utc: str) -> None:
    assert SITES[site].moment(wall) == dt.datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    ("site", "wall", "code"),
    [
        ("moscow", "2011-03-27T02:30:00", "WALL_TIME_NONEXISTENT"),
        ("moscow", "2014-10-26T01:30:00", "WALL_TIME_AMBIGUOUS"),
        ("novosibirsk", "2016-07-24T02:30:00", "WALL_TIME_NONEXISTENT"),
    ],
)
def test_wall_time_that_never_was_or_was_twice_is_refused(host: Central, site: str, wall: str, code: str) -> None:
    with pytest.raises(NoSuchWallTime) as raised:
        SITES[site].moment(wall)
    assert raised.value.code == code
    told = host.push(
        site,
        shift(code, start=wall, end=wall[:11] + "08:00:00"),
        shift(f"{site} {wall[:4]}", start="2025-08-03T09:00:00", end="2025-08-03T10:00:00"),
    )
    assert (told["taken"], [one["code"] for one in told["refused"]]) == (1, [code])


def test_an_offset_says_which_of_two_equal_wall_times_is_meant(host: Central) -> None:
    walls = [("a", "2014-10-26T01:30:00+04:00"), ("b", "2014-10-26T01:30:00+03:00")]
    given = [shift(name, start=start, end="2014-10-26T09:00:00") for name, start in walls]
    assert host.push("moscow", *given) == {"taken": 2, "duplicates": 0, "refused": []}
    stored = {one["shift_id"]: one["start_at"] for one in host.actuals("moscow", period="2014-10")}
    assert stored == {"shift-a": "2014-10-25T21:30:00Z", "shift-b": "2014-10-25T22:30:00Z"}


def test_times_are_shown_in_each_sites_zone_with_its_history(host: Central) -> None:
    def offsets(at: str) -> list[str]:
        return [site["utc_offset"] for site in host.read("/sites", at=at)["items"]]

    assert offsets("2025-08-01T06:00:00Z") == ["+03:00", "+05:00", "+07:00", "+10:00"]
    assert offsets("2014-01-01T00:00:00Z") == ["+04:00", "+06:00", "+07:00", "+11:00"]
    assert offsets("1900-01-01T00:00:00Z")[0] == "+02:30:17"
    one = host.read("/sites/moscow", at="2025-08-01T06:00:00Z")
    assert (one["local_time"], one["abbreviation"]) == ("2025-08-01T09:00:00+03:00", "MSK")
    assert host.read("/sites")["at"].startswith("2025-07-29T01:3")
