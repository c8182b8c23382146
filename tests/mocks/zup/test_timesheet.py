"""1C's own answer (the mock's, over HTTP) against the forecast: two accounts of the same rules that share no code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.zup.app import zup as build_zup
from argus_wfm.openapi.server import background
from tests.support.attendance_forecast import Presence, Shift, forecast
from tests.support.http_client import PASSWORD, USER, Caller

QUARTER = dt.timedelta(minutes=15)  # loginfo comes in these
MOSCOW = dt.timedelta(hours=3)
MONTHS = [dt.datetime(year, month, 1) for year, month in ((2023, 12), (2024, 2), (2025, 8), (2025, 12))]
Case = tuple[Shift | None, list[Presence]]


@pytest.fixture(scope="module")
def zup() -> Iterator[Caller]:
    """Before all of these months, so that nobody is ill in them yet."""
    clock = Clock(dt.datetime(2023, 11, 20, tzinfo=dt.UTC))
    with background(build_zup(user=USER, password=PASSWORD, clock=clock, with_controls=True)) as url:
        yield Caller(url)


@st.composite
def months(draw: st.DrawFn) -> list[Case]:
    """Every third day of a month and its last one: a plan or none, presence around it."""
    first = draw(st.sampled_from(MONTHS))
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    days = [first + dt.timedelta(days=number) for number in range(0, 25, 3)]
    return [draw(cases(day)) for day in [*days, last]]


@st.composite
def cases(draw: st.DrawFn, day: dt.datetime) -> Case:
    """A start at any quarter of the day; at most 12 h planned, up to three presences from it or after it."""
    start = day + draw(st.integers(0, 95)) * QUARTER
    length = draw(st.integers(8, 48))
    shift = Shift(start, start + length * QUARTER, draw(st.sampled_from([0, 15, 30, 45, 60])))
    planned = draw(st.sampled_from([shift, shift, None]))
    spans = draw(st.lists(st.tuples(st.integers(0, 56), st.integers(1, 24)), min_size=0 if planned else 1, max_size=3))
    present = [Presence(start + a * QUARTER, start + (a + n) * QUARTER, start) for a, n in spans]
    return planned, present


@pytest.mark.slow
@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],  # a month says enough as it is; to shrink it takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(months())
def test_1c_books_what_the_forecast_says(zup: Caller, month: list[Case]) -> None:
    assert zup.control("/seed", {"seed": 1, "agents": 3}).ok
    plan = [shift for shift, _ in month if shift]
    if plan:
        reply = upload(zup, plan)
        assert reply["status"] == "success", reply
    for shift, present in month:
        start = shift.start if shift else present[0].shift_start
        assert start
        assert send(zup, start, present)["result"] is True
    due = forecast(plan, [presence for _, present in month for presence in present])
    booked = told(zup, month)
    assert {(entry.day, entry.code) for entry in due} == set(booked)
    for entry in due:  # 1C rounds to hundredths of an hour
        assert booked[entry.day, entry.code] == pytest.approx(entry.hours, abs=0.0051), entry


def upload(zup: Caller, plan: list[Shift]) -> Json:
    shifts = [
        {
            "date": str(shift.start.date()),
            "start_time": f"{shift.start:%H:%M}",
            "end_time": f"{shift.end:%H:%M}",
            "break_minutes": shift.break_minutes,
            "shift_type": "WORK",
        }
        for shift in plan
    ]
    period = {"period_start": shifts[0]["date"], "period_end": shifts[-1]["date"]}
    schedules = [{"employee_id": "MCE001", "shifts": shifts}]
    return zup.post("/sendSchedule", {**period, "schedules": schedules}).json()


def send(zup: Caller, start: dt.datetime, present: list[Presence]) -> Json:
    periods = []
    for presence in present:
        moment = presence.start
        while moment < presence.end:
            periods.append({"start": moment.isoformat(), "time": QUARTER // dt.timedelta(milliseconds=1)})
            moment += QUARTER
    body = {"agentId": "MCE001", "initiator_name": "argus", "date_start": start.isoformat(), "loginfo": periods}
    return zup.post("/sendFactWorkTime", body).json()


def told(zup: Caller, month: list[Case]) -> dict[tuple[dt.date, str], float]:
    """By day and code; of the days that were planned or worked, without days off."""
    days = sorted({shift.start.date() if shift else present[0].day for shift, present in month})
    period = {"date_start": f"{days[0]}T00:00:00", "date_end": f"{days[-1]}T23:59:59"}
    (entry,) = zup.post("/getTimetypeInfo", {**period, "AR_agents": [{"agentId": "MCE001"}]}).json()
    rows = [(wall(row["date"]), row["timetype"], row["hours"]) for row in entry["AR_date"]]
    return {(day, code): hours for day, code, hours in rows if day in days and code != "В"}


def wall(text: str) -> dt.date:
    """A Moscow midnight in UTC (D66)."""
    return (dt.datetime.fromisoformat(text).replace(tzinfo=None) + MOSCOW).date()
