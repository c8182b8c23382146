"""When the sync is due: the seed's last Saturday 01:30 in Moscow, and every other form that can be written."""

from __future__ import annotations

import calendar
import datetime as dt
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.queue.recurrence import DAYS, WEEKS, Rule, rule

SEED = "monthly last saturday 01:30"


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def runs(text: str, since: str, count: int) -> list[str]:
    found = rule(text)
    assert found
    return [f"{one:%Y-%m-%dT%H:%MZ}" for one in islice(found.from_(moment(since)), count)]


@pytest.mark.parametrize(
    ("since", "due"),
    [
        ("2025-07-01T00:00:00Z", "2025-07-25T22:30Z"),
        ("2025-07-25T22:30:00Z", "2025-07-25T22:30Z"),
        ("2025-07-25T22:30:00.000001Z", "2025-08-29T22:30Z"),
        ("2025-05-01T00:00:00Z", "2025-05-30T22:30Z"),  # the month ends on that Saturday
        ("2026-01-01T00:00:00Z", "2026-01-30T22:30Z"),  # this one, too
        ("2025-12-27T12:00:00Z", "2026-01-30T22:30Z"),
        ("2024-02-01T00:00:00Z", "2024-02-23T22:30Z"),  # a leap year, whose 29th is a Thursday
    ],
)
def test_last_saturday_is_friday_evening_in_utc(since: str, due: str) -> None:
    assert runs(SEED, since, 1) == [due]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("daily 01:30", ["2025-07-29T22:30Z", "2025-07-30T22:30Z", "2025-07-31T22:30Z"]),
        ("weekly monday 02:00", ["2025-08-03T23:00Z", "2025-08-10T23:00Z", "2025-08-17T23:00Z"]),
        ("monthly first friday 12:00", ["2025-08-01T09:00Z", "2025-09-05T09:00Z", "2025-10-03T09:00Z"]),
        ("monthly fourth sunday 23:59", ["2025-08-24T20:59Z", "2025-09-28T20:59Z", "2025-10-26T20:59Z"]),
        ("Monthly  LAST friday 00:00", ["2025-08-28T21:00Z", "2025-09-25T21:00Z", "2025-10-30T21:00Z"]),
    ],
)
def test_other_forms(text: str, due: list[str]) -> None:
    assert runs(text, "2025-07-29T01:30:00Z", 3) == due


@pytest.mark.parametrize("text", ["", "01:30", "monthly 01:30", "monthly fifth friday 01:30", "daily 24:00", "hourly"])
def test_what_is_no_schedule_is_told_with_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="monthly last saturday 01:30"):
        rule(text)


def test_off_is_no_rule() -> None:
    assert rule(" OFF ") is None


def test_clocks_that_were_set_forward_or_back_let_no_day_be_left_out_or_doubled() -> None:
    """Moscow's clocks went forward at 02:00 on 2010-03-28 and back at 03:00 on 2010-10-31."""
    assert runs("daily 02:30", "2010-03-26T20:00:00Z", 3) == [
        "2010-03-26T23:30Z",
        "2010-03-27T23:30Z",
        "2010-03-28T22:30Z",
    ]
    assert runs("daily 02:30", "2010-10-30T00:00:00Z", 2) == ["2010-10-30T22:30Z", "2010-10-31T23:30Z"]


RULES = st.one_of(
    st.builds(Rule, st.times(dt.time(0), dt.time(23, 59))),
    st.builds(Rule, st.times(), st.integers(0, len(DAYS) - 1)),
    st.builds(Rule, st.times(), st.integers(0, len(DAYS) - 1), st.integers(0, len(WEEKS) - 1)),
)
MOMENTS = st.datetimes(dt.datetime(2014, 11, 1), dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC))


@given(RULES, MOMENTS)
def test_the_latest_is_the_one_before_the_next(found: Rule, at: dt.datetime) -> None:
    latest, upcoming = found.latest(at), list(islice(found.from_(at), 2))
    assert latest
    assert latest <= at <= upcoming[0] < upcoming[1]
    between = list(islice(found.from_(latest), 2))
    assert between[0] == latest
    assert at == latest or between[1] == upcoming[0]


@given(st.integers(0, 6), MOMENTS)
def test_the_last_of_a_weekday_is_in_the_last_week_of_its_month(weekday: int, at: dt.datetime) -> None:
    local = next(Rule(dt.time(1, 30), weekday, 4).from_(at)).astimezone(MOSCOW)
    last = calendar.monthrange(local.year, local.month)[1]
    assert (local.weekday(), local.hour, local.minute) == (weekday, 1, 30)
    assert last - 6 <= local.day <= last
