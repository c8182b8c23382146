"""Generated requests are made to mean something, and stay what they were otherwise."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from argus_wfm.conformance.generated.data import FIRST, LAST, LONGEST, tamed

EMPLOYEES = ["MCE001", "MCE002"]


@given(st.text(), st.text())
def test_periods_are_real_days_in_order(start: str, end: str) -> None:
    body = tamed({"period_start": start, "period_end": end}, EMPLOYEES)
    first, last = (dt.date.fromisoformat(body[name]) for name in ("period_start", "period_end"))
    assert FIRST <= first <= last <= LAST + dt.timedelta(days=31)
    assert (last - first).days <= LONGEST


@given(st.text(), st.text())
def test_moments_parse_and_are_in_order(start: str, end: str) -> None:
    body = tamed({"date_start": start, "date_end": end}, EMPLOYEES)
    first, last = (dt.datetime.fromisoformat(body[name]).date() for name in ("date_start", "date_end"))
    assert first <= last


@given(st.text())
def test_people_are_those_of_the_host(who: str) -> None:
    assert tamed({"AR_agents": [{"agentId": who}]}, EMPLOYEES)["AR_agents"][0]["agentId"] in EMPLOYEES
    assert tamed({"employee_id": who}, [])["employee_id"] == who


def test_what_is_right_already_stays() -> None:
    body = {
        "employee_id": "MCE002",
        "period_start": "2025-08-01",
        "period_end": "2025-08-31",
        "weekly_norm": 36.5,
        "employment_rate": 0.5,
    }
    assert tamed(body, EMPLOYEES) == body
    assert tamed([1, None, "x"], EMPLOYEES) == [1, None, "x"]


@given(st.text(min_size=1))
def test_ids_that_replies_named_are_asked_for_and_some_strangers_stay(made_up: str) -> None:
    known = {"operationId": ["op-1", "op-2"]}
    asked = tamed({"operationId": made_up, "region": made_up}, [], lambda name: known.get(name, []))
    assert asked["operationId"] in (*known["operationId"], made_up)
    assert asked["region"] == made_up


def test_most_made_up_ids_give_way_to_known_ones() -> None:
    asked = [tamed({"operationId": f"x{one}"}, [], lambda _: ["op-1"])["operationId"] for one in range(100)]
    assert 50 < asked.count("op-1") < 100


def test_generated_events_happen_when_they_arrive_to_people_of_the_host() -> None:
    event = {"event": "login", "agent_id": "x", "timestamp": "2199-01-01T00:00:00Z"}
    assert tamed(event, ["MCE001"]) == {"event": "login", "agent_id": "MCE001"}
