"""1C's schedule documents: one sheet per employee and month, edited by uploading the month again (domain D29, A27)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from argus_wfm.json_type import Json
from argus_wfm.mocks.people import Person
from argus_wfm.mocks.zup.calendar import Calendar
from argus_wfm.mocks.zup.shifts import Shift, overlapping
from argus_wfm.openapi.errors import CalendarMissing

LONGEST_SHIFT_HOURS = 12
FIRST_NUMBER = 100001


@dataclass(slots=True)
class ScheduleSheet:
    """One employee's month: `number` stays when it is edited, `version` counts the uploads."""

    number: str
    version: int
    shifts: dict[dt.date, list[Shift]]


@dataclass(frozen=True, slots=True)
class ScheduleError:
    """Why one employee's schedule was not taken: a row of `errors` in the reply."""

    employee_id: str
    code: str
    message: str
    date: dt.date | None = None

    def row(self) -> dict[str, Json]:
        day = self.date and self.date.isoformat()
        return {"employee_id": self.employee_id, "date": day, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a schedule has to keep to; `today` is Moscow's date."""

    start: dt.date
    end: dt.date
    today: dt.date
    calendar: Calendar

    def refusal(self, employee_id: str, person: Person | None, shifts: Sequence[Shift]) -> ScheduleError | None:
        """The first rule that an employee's schedule breaks, None when it may be taken over."""
        if person is None:
            return ScheduleError(employee_id, "EMPLOYEE_NOT_FOUND", f"1C knows no employee {employee_id}")
        if self._closed(self.end):
            return ScheduleError(
                employee_id, "PERIOD_CLOSED", f"{self.end:%Y-%m} is before the current month, 1C closed it"
            )
        if not shifts:
            return ScheduleError(employee_id, "NO_SHIFT_DATA", "There is not one shift for this employee")
        found = next((problem for shift in shifts if (problem := self._of_shift(person, shift))), None)
        if found is None and (clash := overlapping(shifts)):
            found = "SHIFT_OVERLAP", f"The shift at {clash.start:%H:%M} starts before an earlier one ends", clash.date
        return found and ScheduleError(employee_id, *found)

    def _closed(self, day: dt.date) -> bool:
        return (day.year, day.month) < (self.today.year, self.today.month)

    def _of_shift(self, person: Person, shift: Shift) -> tuple[str, str, dt.date] | None:
        day, hours = shift.date, shift.gross_hours
        problems = {
            "DATE_OUT_OF_PERIOD": not self.start <= day <= self.end and f"{day} is not in {self.start}…{self.end}",
            "PERIOD_CLOSED": self._closed(day) and f"{day:%Y-%m} is before the current month, 1C closed it",
            "NOT_EMPLOYED": not person.employed_on(day) and f"The employee does not work here on {day}",
            "SHIFT_TOO_LONG": hours > LONGEST_SHIFT_HOURS and f"{hours:g} h is over {LONGEST_SHIFT_HOURS} h",
            "BREAK_TOO_LONG": shift.break_minutes >= hours * 60 and "The break is as long as the shift",
            "CALENDAR_MISSING": not self._has_calendar(day) and f"The production calendar is not filled for {day:%Y}",
        }
        return next(((code, str(message), day) for code, message in problems.items() if message), None)

    def _has_calendar(self, day: dt.date) -> bool:
        try:
            self.calendar.year(day.year)
        except CalendarMissing:
            return False
        return True


@dataclass(slots=True)
class Registry:
    """All sheets, by person number, year and month."""

    sheets: dict[int, dict[tuple[int, int], ScheduleSheet]] = field(default_factory=dict)
    count: int = 0

    def of(self, person: Person) -> Mapping[tuple[int, int], ScheduleSheet]:
        """The sheets of a person by year and month."""
        return self.sheets.get(person.number, {})

    def write(self, person: Person, shifts: Iterable[Shift]) -> str:
        """Replace the months the shifts lie in; returns the number of the first sheet written."""
        months: dict[tuple[int, int], dict[dt.date, list[Shift]]] = {}
        for shift in shifts:
            month = months.setdefault((shift.date.year, shift.date.month), {})
            month.setdefault(shift.date, []).append(shift)
        numbers = [self._sheet(person, month, by_day) for month, by_day in sorted(months.items())]
        return numbers[0]

    def _sheet(self, person: Person, month: tuple[int, int], shifts: dict[dt.date, list[Shift]]) -> str:
        of_person = self.sheets.setdefault(person.number, {})
        if month in of_person:
            sheet = of_person[month]
            sheet.version, sheet.shifts = sheet.version + 1, shifts
        else:
            sheet = of_person[month] = ScheduleSheet(f"DOC{FIRST_NUMBER + self.count}", 1, shifts)
            self.count += 1
        return sheet.number


def shift(given: Mapping[str, Json]) -> Shift:
    """A shift of the contract, already valid by its schema."""
    start, end = (dt.time.fromisoformat(given[name]) for name in ("start_time", "end_time"))
    return Shift(dt.date.fromisoformat(given["date"]), start, end, given["break_minutes"])
