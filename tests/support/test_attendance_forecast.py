"""The forecast of deviations: the domain's examples, then what holds for any plan and presence."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.attendance_forecast import Entry, Parts, Presence, Shift, forecast, parts

DAY = dt.datetime(2025, 8, 12)
Amounts = dict[str, float]


def at(hours: float, day: dt.datetime = DAY) -> dt.datetime:
    """Wall time so many hours after the day began."""
    return day + dt.timedelta(hours=hours)


def amounts(entries: list[Entry]) -> Amounts:
    return {entry.code: entry.hours for entry in entries}


def of(plan: tuple[float, float, int] | None, *present: tuple[float, float], day: dt.datetime = DAY) -> Amounts:
    shifts = [Shift(at(plan[0], day), at(plan[1], day), plan[2])] if plan else []
    start = at(plan[0] if plan else present[0][0], day)
    found = forecast(shifts, [Presence(at(a, day), at(b, day), start) for a, b in present])
    assert {entry.day for entry in found} <= {day.date()}
    return amounts(found)


@pytest.mark.parametrize(
    ("plan", "present", "due"),
    [
        (None, [(9, 17)], {"РВ": 8}),
        (None, [(22, 26)], {"РВН": 4}),
        (None, [(20, 31)], {"РВ": 3, "РВН": 8}),
        ((9, 17, 0), [], {"НН": 8}),
        ((9, 17, 0), [(9, 13)], {"Я": 4, "НН": 4}),
        ((9, 17, 0), [(9, 19)], {"Я": 8, "С": 2}),
        ((9, 18, 60), [(9.25, 19.5)], {"Я": 7.75, "НН": 0.25, "С": 1.5}),
        ((9, 18, 60), [(9, 18)], {"Я": 8}),
        ((9, 18, 60), [(9, 13), (14, 18)], {"Я": 8}),
        ((9, 18, 60), [], {"НН": 8}),
        ((19, 31, 60), [(19, 31)], {"Я": 3.5, "Н": 7.5}),
        ((19, 31, 60), [], {"НН": 11}),
        ((19, 31, 60), [(19, 33)], {"Я": 3.5, "Н": 7.5, "С": 2}),
        ((22, 30, 0), [(22, 30)], {"Н": 8}),
        ((6, 22, 0), [(6, 22)], {"Я": 16}),
        ((21.75, 30, 60), [(21.75, 30)], {"Н": 7.25}),
    ],
)
@pytest.mark.parametrize("day", [DAY, dt.datetime(2025, 8, 31), dt.datetime(2025, 12, 31), dt.datetime(2024, 2, 29)])
def test_examples_of_the_domain_on_any_day(
    plan: tuple[float, float, int] | None, present: list[tuple[float, float]], due: Amounts, day: dt.datetime
) -> None:
    assert of(plan, *present, day=day) == due


def test_parts_of_the_absence_are_kept_apart() -> None:
    (entry,) = forecast([Shift(at(19), at(31), 60)], [])
    assert entry.parts == Parts(day=12600, night=27000)
    assert (entry.hours, entry.minutes) == (11.0, 660.0)


def test_night_begins_at_22_and_ends_at_6_to_the_second() -> None:
    second = dt.timedelta(seconds=1)
    for edge, code in ((at(22) - second, "РВ"), (at(22), "РВН"), (at(30) - second, "РВН"), (at(30), "РВ")):
        (entry,) = forecast([], [Presence(edge, edge + second)])
        assert (entry.code, entry.parts.total) == (code, 1)


def test_an_odd_break_is_parted_exactly() -> None:
    assert of((19, 31, 15), (19, 31)) == {"Я": 3.875, "Н": 7.875}


def test_days_come_in_order_and_each_keeps_its_own() -> None:
    days = [at(24 * number) for number in (2, 0, 1)]
    found = forecast([Shift(at(20, day), at(32, day)) for day in days], [])
    assert [(entry.day.day, entry.code, entry.hours) for entry in found] == [(n, "НН", 12.0) for n in (12, 13, 14)]


def test_two_shifts_of_a_day_are_one_plan() -> None:
    plan = [Shift(at(8), at(12)), Shift(at(16), at(20))]
    present = [Presence(at(8), at(13), at(8)), Presence(at(16), at(19), at(16))]
    assert amounts(forecast(plan, present)) == {"Я": 7, "С": 1, "НН": 1}


def test_a_break_is_taken_from_its_own_shift() -> None:
    plan = [Shift(at(9), at(18), 60), Shift(at(22), at(24))]
    assert amounts(forecast(plan, [Presence(at(9), at(24))])) == {"Я": 8, "Н": 2, "С": 4}
    with pytest.raises(ValueError, match="a shift starts at 2025-08-12 17:59:00, before another has ended"):
        forecast([*plan, Shift(at(18) - dt.timedelta(minutes=1), at(20))], [])


@pytest.mark.parametrize(
    ("zone", "day", "code"),
    [
        ("Europe/Moscow", 31, "РВН"),  # 23:00
        ("Asia/Yekaterinburg", 1, "РВН"),
        ("Asia/Novosibirsk", 1, "РВН"),
        ("Asia/Vladivostok", 1, "РВ"),  # 06:00
    ],
)
def test_stored_moments_belong_to_the_day_at_the_site(zone: str, day: int, code: str) -> None:
    start = dt.datetime(2025, 7, 31, 20, tzinfo=dt.UTC)
    (entry,) = forecast([], [Presence.at_site(start, start + dt.timedelta(minutes=30), ZoneInfo(zone), start)])
    assert (entry.day.day, entry.code, entry.minutes) == (day, code, 30)


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (Shift(at(9), at(8)), "is before"),
        (Shift(at(9).replace(tzinfo=dt.UTC), at(18).replace(tzinfo=dt.UTC)), "have no zone"),
        (Shift(at(9), at(10), 61), "a break of 61 min does not fit"),
        (Shift(at(9), at(10), -1), "does not fit"),
    ],
)
def test_what_is_no_plan_is_refused(shift: Shift, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        forecast([shift], [])


@st.composite
def days(draw: st.DrawFn) -> tuple[Shift | None, list[Presence]]:
    """A plan or none, of up to 16 h with a break, and up to three presences around it, to the minute."""
    minute = dt.timedelta(minutes=1)
    day = draw(st.sampled_from([DAY, dt.datetime(2025, 8, 31), dt.datetime(2024, 12, 31), dt.datetime(2024, 2, 29)]))
    start = day + draw(st.integers(0, 24 * 60 - 1)) * minute
    length = draw(st.integers(1, 16 * 60))
    shift = Shift(start, start + length * minute, draw(st.integers(0, min(length, 90))))
    spans = draw(st.lists(st.tuples(st.integers(-300, 1200), st.integers(0, 900)), max_size=3))
    present = [Presence(start + a * minute, start + (a + n) * minute, start) for a, n in spans]
    return draw(st.sampled_from([shift, None])), present


@settings(max_examples=300)
@given(days())
def test_minute_by_minute_nothing_is_lost_or_counted_twice(case: tuple[Shift | None, list[Presence]]) -> None:
    """Against counting minutes one by one."""
    shift, present = case
    found = Counter({entry.code: entry.minutes for entry in forecast([shift] if shift else [], present)})
    minutes = {m for one in present for m in _minutes(one.start, one.end)}
    planned = set(_minutes(shift.start, shift.end)) if shift else set()
    if not shift:
        assert found["РВ"] == sum(6 <= m.hour < 22 for m in minutes)
        assert found["РВ"] + found["РВН"] == len(minutes)
        return
    assert found["С"] == len(minutes - planned)
    assert found["Я"] + found["Н"] + found["НН"] == len(planned) - shift.break_minutes
    inside = planned & minutes
    taken = sum(bool(minutes) and min(minutes) < m < max(minutes) for m in planned - minutes)
    assert found["Я"] + found["Н"] == max(0, len(inside) - max(0, shift.break_minutes - taken))
    assert found["Я"] <= sum(6 <= m.hour < 22 for m in inside)
    assert found["Н"] <= sum(not 6 <= m.hour < 22 for m in inside)


@settings(max_examples=200)
@given(st.integers(-(10**7), 10**9), st.lists(st.integers(0, 200_000), min_size=1, max_size=5))
def test_parts_of_pieces_add_up_to_the_whole(start: int, lengths: list[int]) -> None:
    pieces, edge = [], start
    for length in lengths:
        pieces.append((edge, edge + length))
        edge += length
    assert parts(pieces) == parts([(start, edge)])


def _minutes(start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    return [start + dt.timedelta(minutes=n) for n in range(int((end - start).total_seconds()) // 60)]
