"""Golden production calendars: every figure of the vendor, and years nobody knows."""

import datetime as dt
import json
from pathlib import Path

import pytest

from argus_wfm.mocks.zup.calendar import Calendar
from argus_wfm.openapi.errors import CalendarMissing

CALENDAR = Calendar()
GOLDEN = {2018: (247, 1970), 2023: (247, 1973), 2024: (248, 1979), 2025: (247, 1972), 2026: (247, 1972)}
MONTHS_2025 = {
    1: (17, 136), 2: (20, 160), 3: (21, 167), 4: (22, 175), 5: (18, 144), 6: (19, 151),
    7: (23, 184), 8: (21, 168), 9: (22, 176), 10: (23, 184), 11: (19, 151), 12: (22, 176),
}  # fmt: skip
SHORT = {
    2018: ["02-22", "03-07", "04-28", "05-08", "06-09", "12-29"],
    2023: ["02-22", "03-07", "11-03"],
    2025: ["03-07", "04-30", "06-11", "11-01"],
}
OFF = {
    2018: ["03-09", "04-30", "05-02", "06-11", "11-05", "12-31"],
    2023: ["02-24", "05-08", "11-06"],
    2025: ["05-02", "05-08", "06-13", "11-03", "12-31"],
}
SATURDAYS = {2018: ["04-28", "06-09", "12-29"], 2023: [], 2025: ["11-01"]}


def norm(first: str, last: str, weekly: float = 40, rate: float = 1) -> float:
    return CALENDAR.norm(dt.date.fromisoformat(first), dt.date.fromisoformat(last), weekly, rate).final_norm


@pytest.mark.parametrize(("year", "expected"), GOLDEN.items())
def test_year_has_its_days_and_hours(year: int, expected: tuple[int, int]) -> None:
    of_year = CALENDAR.norm(dt.date(year, 1, 1), dt.date(year, 12, 31), 40, 1)
    assert (of_year.working_days, of_year.final_norm) == expected


@pytest.mark.parametrize(("month", "expected"), MONTHS_2025.items())
def test_month_of_2025_has_its_days_and_hours(month: int, expected: tuple[int, int]) -> None:
    last = dt.date(2025 + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    of_month = CALENDAR.norm(dt.date(2025, month, 1), last, 40, 1)
    assert (of_month.working_days, of_month.final_norm) == expected


@pytest.mark.parametrize("year", SHORT)
def test_short_days_days_off_and_working_saturdays(year: int) -> None:
    def days(texts: list[str]) -> set[dt.date]:
        return {dt.date.fromisoformat(f"{year}-{text}") for text in texts}

    known = CALENDAR.year(year)
    assert known.short == days(SHORT[year])
    assert known.working.isdisjoint(days(OFF[year]))
    assert {day for day in known.working if day.weekday() >= 5} == days(SATURDAYS[year])


@pytest.mark.parametrize(
    ("first", "last", "weekly", "rate", "expected"),
    [
        ("2018-01-01", "2018-12-31", 40, 0.5, 985),
        ("2018-01-01", "2018-12-31", 36, 1, 1772.4),
        ("2018-01-01", "2018-12-31", 36, 0.25, 443.1),
        ("2018-01-01", "2018-12-31", 30, 1, 1476),
        ("2018-01-01", "2018-12-31", 30, 0.75, 1107),
        ("2018-04-01", "2018-12-31", 40, 1, 1524),
        ("2018-04-01", "2018-12-31", 36, 1, 1371.2),
        ("2018-04-01", "2018-12-31", 36, 0.75, 1028.4),
        ("2018-06-29", "2018-12-31", 40, 1, 1047),
        ("2018-06-29", "2018-12-31", 36, 1, 942.2),
        ("2018-06-29", "2018-12-31", 36, 0.75, 706.65),
        ("2018-01-03", "2018-05-21", 40, 1, 708),
        ("2018-01-03", "2018-05-21", 36, 1, 636.8),
        ("2018-01-03", "2018-05-21", 36, 0.75, 477.6),
        ("2023-01-01", "2023-03-31", 40, 1, 454),
        ("2023-04-01", "2023-06-30", 40, 1, 488),
        ("2023-07-01", "2023-09-30", 40, 1, 520),
        ("2023-10-01", "2023-12-31", 40, 1, 511),
        ("2025-01-01", "2025-03-31", 40, 1, 463),
        ("2025-04-01", "2025-06-30", 40, 1, 470),
        ("2025-07-01", "2025-09-30", 40, 1, 528),
        ("2025-10-01", "2025-12-31", 40, 1, 511),
        ("2025-06-01", "2025-06-30", 40, 0.5, 75.5),
        ("2025-06-01", "2025-06-30", 20, 1, 75),
        ("2025-11-01", "2025-11-01", 40, 1, 7),
    ],
)
def test_vendor_figure(first: str, last: str, weekly: float, rate: float, expected: float) -> None:
    assert norm(first, last, weekly, rate) == expected


def test_period_over_new_year_is_the_sum_of_its_parts() -> None:
    assert norm("2024-12-01", "2025-01-31") == norm("2024-12-01", "2024-12-31") + norm("2025-01-01", "2025-01-31")


def test_holidays_are_statutory_dates_only() -> None:
    of_may = CALENDAR.norm(dt.date(2025, 5, 1), dt.date(2025, 5, 31), 40, 1)
    assert of_may.holidays == 2  # 2 and 8 May are days off by transfer


@pytest.mark.parametrize("year", [2030, 2099])
def test_unknown_year_is_refused_not_guessed(year: int) -> None:
    with pytest.raises(CalendarMissing, match=str(year)):
        norm(f"{year}-01-01", f"{year}-12-31")


def test_loaded_calendar_fills_a_year(tmp_path: Path) -> None:
    file = tmp_path / "calendar.json"
    days_off = [f"2099-01-{day:02d}" for day in range(1, 9)]
    file.write_text(
        json.dumps({"2099": {"days_off": days_off, "working_weekends": ["2099-01-10"], "short": []}}), encoding="utf-8"
    )
    year = Calendar.from_file(file).year(2099)
    assert dt.date(2099, 1, 10) in year.working
    assert dt.date(2099, 1, 8) not in year.working


@pytest.mark.parametrize("text", ["", "[]", '{"2099": {"days_off": ["x"]}}', '{"year": {}}'])
def test_file_that_is_no_calendar_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calendar.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"calendar\.json is not a production calendar"):
        Calendar.from_file(file)
