"""getNormHours, held against figures of the production calendar that stand in the feature itself."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

from pytest_bdd import parsers, then, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target import Target
from argus_wfm.features.steps.replies import Labelled
from argus_wfm.features.steps.roster import Month
from argus_wfm.json_type import Json

COLUMNS = {"norm": "norm_hours", "days": "working_days", "holidays": "holidays", "reduction": "pre_holiday_reduction"}
NOBODY = "NO-SUCH-EMPLOYEE"
Norms = list[tuple[dict[str, str], Exchange]]  # a row of the scenario's table, and the reply to it


def ask(
    target: Target,
    employee: str,
    first: str,
    last: str,
    weekly: float = 40,
    rate: float = 1.0,
    *,
    fresh: bool = False,
    headers: Mapping[str, str] | None = None,
    **other: Any,
) -> Exchange:
    """One getNormHours, past the cache if `fresh`; `other` replaces members of the request, None leaves one out."""
    body = {
        "employee_id": employee,
        "period_start": first,
        "period_end": last,
        "weekly_norm": weekly,
        "employment_rate": rate,
    }
    sent = {name: value for name, value in {**body, **other}.items() if value is not None}
    past = {"Cache-Control": "no-cache"} if fresh else {}
    return target.personnel.post("/getNormHours", sent, headers={**past, **(headers or {})})


@when("these norms are requested", target_fixture="norms")
def request_norms(target: Target, employee: str, datatable: list[list[str]]) -> Norms:
    rows = [dict(zip(datatable[0], row, strict=True)) for row in datatable[1:]]
    return [
        (row, ask(target, employee, row["from"], row["to"], float(row["weekly"]), float(row["rate"]))) for row in rows
    ]


@when("the norm of each month of 2025 is requested", target_fixture="norms")
def request_months(target: Target, employee: str) -> Norms:
    months = [Month(dt.date(2025, number, 1)) for number in range(1, 13)]
    return [({}, ask(target, employee, str(month.first), str(month.last))) for month in months]


@when(parsers.parse("the norm of {first} to {last} is requested"), target_fixture="exchange")
def request_norm(target: Target, employee: str, first: str, last: str) -> Exchange:
    return ask(target, employee, first, last)


@when("the norm is requested with each of these values", target_fixture="exchanges")
def request_with_values(target: Target, employee: str, datatable: list[list[str]]) -> Labelled:
    """Values are written as JSON."""
    return [
        (member, ask(target, employee, "2025-08-01", "2025-08-31", 40, 1.0, **{member: json.loads(value)}))
        for member, value in datatable[1:]
    ]


@when(parsers.parse("the norm is requested without {member}"), target_fixture="exchange")
def request_without(target: Target, employee: str, member: str) -> Exchange:
    without: dict[str, Any] = {member: None}
    return ask(target, employee, "2025-08-01", "2025-08-31", 40, 1.0, **without)


@when("the norm of an unknown employee is requested", target_fixture="exchange")
def request_for_nobody(target: Target) -> Exchange:
    return ask(target, NOBODY, "2025-08-01", "2025-08-31")


@then("each norm is as given")
def norms_are_right(norms: Norms) -> None:
    for row, exchange in norms:
        body = exchange.require(200)
        for column in COLUMNS.keys() & row.keys():
            member = COLUMNS[column]
            asked = f"{row['from']}…{row['to']}, {row['weekly']} h a week at rate {row['rate']}"
            words = f"{member} is {body[member]} for {asked}"
            right = same_hours(body[member], float(row[column]))
            exchange.expect(right, "VALUE", f"/{member}", words, expected=row[column], actual=body[member])
        _is_one_norm(exchange, body)


@then("each norm_hours is its final_norm")
def norms_agree(norms: Norms) -> None:
    for _, exchange in norms:
        _is_one_norm(exchange, exchange.require(200))


def _is_one_norm(exchange: Exchange, body: Json) -> None:
    norm, final = body["norm_hours"], body["calculation_details"]["final_norm"]
    words = f"norm_hours is {norm}, final_norm is {final}"
    exchange.expect(same_hours(norm, final), "VALUE", "/norm_hours", words, expected=final, actual=norm)


def same_hours(one: float, other: float) -> bool:
    """Equal to the two decimals that norms have."""
    return math.isclose(one, other, abs_tol=0.001)
