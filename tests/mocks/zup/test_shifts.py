"""Day and night hours of shifts, breaks, overlaps and what is left of one interval without another."""

import datetime as dt

import pytest

from argus_wfm.mocks.zup.shifts import Shift, merged, overlapping, split, subtract

MONDAY = dt.date(2025, 8, 4)


def shift(text: str, pause: int = 0, day: dt.date = MONDAY) -> Shift:
    start, end = (dt.time.fromisoformat(time) for time in text.split("-"))
    return Shift(day, start, end, pause)


def at(text: str) -> dt.datetime:
    return dt.datetime.combine(MONDAY, dt.time.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "pause", "day", "night"),
    [
        ("09:00-18:00", 60, 8, 0),
        ("20:00-08:00", 60, 3.5, 7.5),  # the vendor's own: half an hour taken from each
        ("19:00-07:00", 0, 4, 8),
        ("22:00-06:00", 0, 0, 8),
        ("22:00-06:00", 60, 0, 7),
        ("06:00-22:00", 0, 16, 0),
        ("00:00-00:00", 0, 16, 8),
        ("05:30-06:30", 0, 0.5, 0.5),
    ],
)
def test_paid_hours(text: str, pause: int, day: float, night: float) -> None:
    assert shift(text, pause).paid_hours == (day, night)


def test_overlap_is_found_across_midnight_and_days() -> None:
    night, morning = shift("20:00-08:00"), shift("07:00-12:00", day=MONDAY + dt.timedelta(days=1))
    assert overlapping([morning, night]) == morning
    assert overlapping([shift("09:00-18:00"), shift("18:00-20:00")]) is None


def test_intervals_are_merged_and_subtracted() -> None:
    nine, ten, eleven, noon = at("09:00"), at("10:00"), at("11:00"), at("12:00")
    assert merged([(ten, eleven), (nine, ten)]) == [(nine, eleven)]
    assert subtract([(nine, noon)], [(ten, eleven)]) == [(nine, ten), (eleven, noon)]
    assert subtract([(nine, ten)], [(nine, noon)]) == []
    assert split([(nine, noon)]) == (3, 0)
