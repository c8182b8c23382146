"""What 1C books of a shift with a break."""

import datetime as dt

import pytest

from argus_wfm.mocks.zup.shifts import Shift
from argus_wfm.mocks.zup.timesheet import deviations

MONDAY = dt.date(2025, 8, 4)


def shift(text: str, pause: int = 0, day: dt.date = MONDAY) -> Shift:
    start, end = (dt.time.fromisoformat(time) for time in text.split("-"))
    return Shift(day, start, end, pause)


@pytest.mark.parametrize(
    ("text", "present", "booked"),
    [
        ("19:00-07:00", [], [("НН", 11)]),  # 3.5 h by day and 7.5 h by night, none of them worked
        ("09:00-18:00", ["09:15-19:30"], [("Я", 7.75), ("НН", 0.25), ("С", 1.5)]),  # to be late is no break
        ("09:00-18:00", ["09:00-13:00", "14:00-18:00"], [("Я", 8)]),  # to be away in between is one
        ("09:00-18:00", ["09:00-13:00", "15:00-18:00"], [("Я", 7), ("НН", 1)]),
    ],
)
def test_a_break_of_an_hour_is_no_absence_and_excuses_none(
    text: str, present: list[str], booked: list[tuple[str, float]]
) -> None:
    assert deviations([shift(text, 60)], [shift(one).interval for one in present])[0] == booked
