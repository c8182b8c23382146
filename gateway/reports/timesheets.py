"""Time sheets and norms of 1C, as reports need them: asked for in batches, each kept once it has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from argus_wfm.gateway.clock import MOSCOW
from argus_wfm.gateway.personnel.employee import Employee
from argus_wfm.gateway.queue.job import Job
from argus_wfm.gateway.reports.month import Month
from argus_wfm.json_type import Json

NIGHT = ("Н", "РВН")
WORKED = ("Я", "Н", "С", "РВ", "РВН")
PLANNED = ("Я", "Н", "НН", "ПР")  # hours that the schedule had, whether somebody came or not
EXTRA = ("С", "РВ", "РВН")  # hours that the schedule had not
MISSED = ("НН", "ПР")


@dataclass(frozen=True, slots=True)
class Timesheet:
    """One employee's month in 1C: (time code, hours) by day of the month."""

    days: Mapping[int, Sequence[tuple[str, float]]]

    def hours(self, codes: Sequence[str]) -> float:
        """Of the month, with these codes."""
        return round(sum(hours for entries in self.days.values() for code, hours in entries if code in codes), 2)

    def of_day(self, day: int, codes: Sequence[str]) -> float | None:
        """Hours of a day with these codes; None where there are none."""
        found = [hours for code, hours in self.days.get(day, ()) if code in codes]
        return round(sum(found), 2) if found else None

    def codes(self, day: int) -> str | None:
        """Of a day, as a sheet has them: Я/С."""
        return "/".join(code for code, _ in self.days.get(day, ())) or None


@dataclass(frozen=True, slots=True)
class Line:
    """An employee, the month in 1C, and the norm of the days of employment."""

    person: Employee
    sheet: Timesheet
    norm: float


def lines(job: Job, month: Month, people: Sequence[Employee]) -> Iterator[Line]:
    """Everybody's, in the order given. 1C is asked before the first; what an earlier attempt has kept stands."""
    period = {"date_start": f"{month.first}T00:00:00", "date_end": f"{month.last}T23:59:59"}

    def ask(_batch: int, part: Sequence[Employee]) -> Json:
        body = {**period, "AR_agents": [{"agentId": one.external_employee_id} for one in part]}
        reply = job.upstream.post(job.claimed, "getTimetypeInfo", body)
        return {"sheets": {row["agentId"]: _packed(row) for row in reply}}

    norms = _norms(job, month, people)
    for part, kept in job.kept(people, ask):
        for one in part:
            packed = kept["sheets"].get(one.external_employee_id, {})
            yield Line(one, _sheet(packed), norms[_norm_key(month, one)])


def _packed(row: Json) -> dict[str, list[list[Json]]]:
    """By day of the month; keys are text, as JSON has them."""
    days: dict[str, list[list[Json]]] = {}
    for entry in row["AR_date"]:
        moment = dt.datetime.fromisoformat(entry["date"])
        day = (moment.astimezone(MOSCOW) if moment.tzinfo else moment).day
        days.setdefault(str(day), []).append([entry["timetype"], entry["hours"]])
    return days


def _sheet(packed: Mapping[str, Sequence[Sequence[Json]]]) -> Timesheet:
    return Timesheet({int(day): [(code, float(hours)) for code, hours in entries] for day, entries in packed.items()})


def _norm_key(month: Month, person: Employee) -> tuple[dt.date, dt.date, float, float]:
    """What a norm depends on: days of employment in the month, weekly norm, rate."""
    first = max(month.first, person.hire_date)
    day_off = person.inactive_from or dt.date.max
    last = min(month.last, max(first, day_off - dt.timedelta(days=1)))
    return first, last, person.standard_hours, round(person.fte_percentage / 100, 4)


def _norms(job: Job, month: Month, people: Sequence[Employee]) -> dict[tuple[dt.date, dt.date, float, float], float]:
    """1C's answers; each is asked for once, however many people it holds for."""
    norms: dict[tuple[dt.date, dt.date, float, float], float] = {}
    for one in people:
        key = first, last, week, rate = _norm_key(month, one)
        if key not in norms:
            body = {
                "employee_id": one.external_employee_id,
                "period_start": first.isoformat(),
                "period_end": last.isoformat(),
                "weekly_norm": week,
                "employment_rate": rate,
            }
            job.check()
            norms[key] = float(job.upstream.post(job.claimed, "getNormHours", body)["norm_hours"])
    return norms
