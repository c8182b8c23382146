"""The mock 1C at its HTTP edge: every business rule it keeps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.http_client import AGENTS, Caller

AUGUST = {"period_start": "2025-08-01", "period_end": "2025-08-31"}


def shift(date: str = "2025-08-01", start: str = "09:00", end: str = "18:00", pause: int = 60) -> dict[str, Any]:
    return {"date": date, "start_time": start, "end_time": end, "break_minutes": pause, "shift_type": "WORK"}


def upload(zup: Caller, *schedules: tuple[str, list[Any]], **options: Any) -> Any:
    period = options.pop("period", AUGUST)
    body = {**period, "schedules": [{"employee_id": who, "shifts": shifts} for who, shifts in schedules]}
    reply = zup.post("/sendSchedule", body, **options)
    assert reply.status_code == 200, reply.text
    return reply.json()


def codes(result: Any) -> list[str]:
    return [row["code"] for row in result["errors"]]


def timesheet(zup: Caller, who: str, first: str, last: str) -> Any:
    body = {"date_start": f"{first}T00:00:00", "date_end": f"{last}T23:59:59", "AR_agents": [{"agentId": who}]}
    reply = zup.post("/getTimetypeInfo", body)
    assert reply.status_code == 200, reply.text
    return reply.json()[0]


def facts(zup: Caller, who: str, day: str, *periods: tuple[str, int]) -> Any:
    loginfo = [{"start": start, "time": time} for start, time in periods]
    reply = zup.post("/sendFactWorkTime", {"agentId": who, "date_start": f"{day}T09:00:00", "loginfo": loginfo})
    assert reply.status_code == 200, reply.text
    return reply.json()


class TestAgents:
    def test_513_people_of_july(self, zup: Caller) -> None:
        body = zup.get(AGENTS).json()
        assert (len(body["agents"]), body["total_count"]) == (513, 513)
        assert body["agents"][0]["lastname"] == "Иванов"
        assert body["sync_timestamp"].startswith("2025-07-29T01:3")

    def test_day_of_dismissal_is_the_last_listed(self, zup: Caller) -> None:
        assert zup.control("/agents", {"agent_id": "MCE002", "dismissed": "2025-07-20"}).ok

        def listed(day: str) -> set[str]:
            return {agent["agent_id"] for agent in zup.get(f"/agents/{day}/{day}").json()["agents"]}

        assert "MCE002" in listed("2025-07-20")
        assert "MCE002" not in listed("2025-07-21")

    def test_somebody_hired_is_listed_from_that_day(self, zup: Caller) -> None:
        hired = zup.control("/agents", {"hire": "2025-07-30"}).json()["agent_id"]
        before = zup.get("/agents/2025-07-29/2025-07-29").json()
        after = zup.get("/agents/2025-07-30/2025-07-30").json()
        assert after["total_count"] == before["total_count"] + 1
        assert hired in {agent["agent_id"] for agent in after["agents"]}


class TestSchedule:
    def test_document_is_kept_by_employee_and_month_and_edited(self, zup: Caller) -> None:
        first = upload(zup, ("EMP001", [shift()]))
        again = upload(zup, ("MCE001", [shift(), shift("2025-08-04")]))  # the other id of the same person
        assert first["status"] == again["status"] == "success"
        assert first["document_id"] == again["document_id"]
        (sheet,) = zup.control("/state").json()["sheets"]
        assert (sheet["month"], sheet["version"], sheet["shifts"]) == ("2025-08", 2, 2)

    def test_period_of_two_months_makes_two_documents(self, zup: Caller) -> None:
        period = {"period_start": "2025-08-01", "period_end": "2025-09-30"}
        upload(zup, ("EMP001", [shift("2025-08-29"), shift("2025-09-01")]), period=period)
        assert [sheet["month"] for sheet in zup.control("/state").json()["sheets"]] == ["2025-08", "2025-09"]

    @pytest.mark.parametrize(
        ("shifts", "code"),
        [
            ([], "NO_SHIFT_DATA"),
            ([shift(end="22:00")], "SHIFT_TOO_LONG"),
            ([shift("2025-09-01")], "DATE_OUT_OF_PERIOD"),
            ([shift(end="10:00", pause=60)], "BREAK_TOO_LONG"),
            ([shift(), shift(start="17:00", end="20:00", pause=0)], "SHIFT_OVERLAP"),
        ],
    )
    def test_broken_rule_refuses_the_employee_whole(self, zup: Caller, shifts: list[Any], code: str) -> None:
        result = upload(zup, ("EMP001", [shift("2025-08-05"), *shifts] if shifts else []), ("EMP002", [shift()]))
        assert (result["status"], result["employees_processed"], result["shifts_created"]) == ("partial", 1, 1)
        assert [(row["employee_id"], row["code"]) for row in result["errors"]] == [("EMP001", code)]
        assert [sheet["agent_id"] for sheet in zup.control("/state").json()["sheets"]] == ["MCE002"]

    @pytest.mark.parametrize("employee", ["EMP999999", "mce001", "nobody"])
    def test_unknown_employee_is_a_row(self, zup: Caller, employee: str) -> None:
        result = upload(zup, (employee, [shift()]))
        assert (result["status"], result["document_id"], codes(result)) == ("error", None, ["EMPLOYEE_NOT_FOUND"])

    def test_same_person_twice_is_refused_once(self, zup: Caller) -> None:
        result = upload(zup, ("EMP001", [shift()]), ("MCE001", [shift("2025-08-04")]))
        assert (result["status"], codes(result)) == ("partial", ["DUPLICATE_EMPLOYEE"])

    def test_closed_month_is_refused_and_the_clock_closes_months(self, zup: Caller) -> None:
        june = {"period_start": "2025-06-01", "period_end": "2025-06-30"}
        assert codes(upload(zup, ("EMP001", [shift("2025-06-02")]), period=june)) == ["PERIOD_CLOSED"]
        july = {"period_start": "2025-07-01", "period_end": "2025-07-31"}
        assert upload(zup, ("EMP001", [shift("2025-07-01")]), period=july)["status"] == "success"

    def test_not_employed_on_a_day(self, zup: Caller) -> None:
        zup.control("/agents", {"agent_id": "MCE003", "dismissed": "2025-08-10"})
        assert codes(upload(zup, ("EMP003", [shift("2025-08-11")]))) == ["NOT_EMPLOYED"]

    def test_year_without_calendar(self, zup: Caller) -> None:
        period = {"period_start": "2099-08-01", "period_end": "2099-08-31"}
        assert codes(upload(zup, ("EMP001", [shift("2099-08-03")]), period=period)) == ["CALENDAR_MISSING"]

    def test_idempotency_key_does_the_work_once(self, zup: Caller) -> None:
        headers = {"Idempotency-Key": "a-key"}
        first = upload(zup, ("EMP001", [shift()]), headers=headers)
        assert upload(zup, ("EMP001", [shift()]), headers=headers) == first
        assert zup.control("/state").json()["sheets"][0]["version"] == 1
        body = {**AUGUST, "schedules": [{"employee_id": "EMP002", "shifts": [shift()]}]}
        other = zup.post("/sendSchedule", body, headers=headers)
        assert (other.status_code, other.json()["code"]) == (400, "VALIDATION_ERROR")

    def test_100_employees_and_no_more(self, zup: Caller) -> None:
        everyone = [(f"EMP{number:03d}", [shift()]) for number in range(1, 140)]
        active = {agent["agent_id"][3:] for agent in zup.get("/agents/2025-08-01/2025-08-01").json()["agents"]}
        chosen = [schedule for schedule in everyone if schedule[0][3:] in active][:101]
        assert upload(zup, *chosen[:100])["employees_processed"] == 100
        schedules = [{"employee_id": who, "shifts": shifts} for who, shifts in chosen]
        refused = zup.post("/sendSchedule", {**AUGUST, "schedules": schedules})
        assert (refused.status_code, refused.json()["code"]) == (400, "BATCH_TOO_LARGE")
        assert len(zup.control("/state").json()["sheets"]) == 100


class TestNorm:
    def test_answers_for_either_id_and_before_the_hire_date(self, zup: Caller) -> None:
        body = {"period_start": "2018-01-01", "period_end": "2018-12-31", "weekly_norm": 36, "employment_rate": 0.25}
        for employee in ("EMP001", "MCE001"):
            norm = zup.post("/getNormHours", {"employee_id": employee, **body}).json()
            assert (norm["norm_hours"], norm["calculation_details"]["final_norm"]) == (443.1, 443.1)

    def test_unknown_employee_is_404_naming_the_field(self, zup: Caller) -> None:
        body = {"employee_id": "X", **AUGUST, "weekly_norm": 40, "employment_rate": 1}
        reply = zup.post("/getNormHours", body)
        assert (reply.status_code, reply.json()["code"]) == (404, "EMPLOYEE_NOT_FOUND")
        assert reply.json()["details"]["field"] == "employee_id"

    def test_tiny_norm_is_never_below_zero(self, zup: Caller) -> None:
        body = {"employee_id": "EMP001", "period_start": "2025-11-01", "period_end": "2025-11-01"}
        norm = zup.post("/getNormHours", {**body, "weekly_norm": 1, "employment_rate": 1}).json()
        assert norm["norm_hours"] == 0


class TestTimesheet:
    def test_worked_hours_and_half_months_agree(self, zup: Caller) -> None:
        entry = timesheet(zup, "MCE001", "2025-07-01", "2025-07-31")
        assert len({row["date"] for row in entry["AR_date"]}) == 31
        assert entry["AR_date"][0]["date"] == "2025-06-30T21:00:00Z"  # Moscow's midnight of 1 July
        counted = Counter[str]()
        for row in entry["AR_date"]:
            counted[row["timetype"]] += row["hours"]
        worked = sum(counted[code] for code in ("Я", "Н", "С", "РВ", "РВН"))
        assert entry["half1_hours"] + entry["half2_hours"] == pytest.approx(worked)

    @pytest.mark.parametrize(
        ("plan", "presence", "expected", "document"),
        [
            (None, [("T09:00:00", 8)], {"РВ": 8}, "Работа в выходные и праздничные дни"),
            (None, [("T22:00:00", 4)], {"РВН": 4}, "Работа в выходные и праздничные дни"),
            (("09:00", "17:00"), [], {"НН": 8}, "Неявка"),
            (("09:00", "17:00"), [("T09:00:00", 4)], {"Я": 4, "НН": 4}, "Неявка"),
            (("09:00", "17:00"), [("T09:00:00", 10)], {"Я": 8, "С": 2}, "Сверхурочная работа"),
            (("09:00", "17:00"), [("T09:00:00", 8)], {"Я": 8}, None),
            (
                ("09:00", "18:00"),
                [("T09:15:00", 10.25)],
                {"Я": 8.75, "НН": 0.25, "С": 1.5},
                "Неявка; Сверхурочная работа",
            ),
        ],
    )
    def test_deviations_from_the_plan(
        self, zup: Caller, plan: Any, presence: list[Any], expected: dict[str, float], document: str | None
    ) -> None:
        shifts = [shift("2025-08-05", plan[0], plan[1], 0)] if plan else [shift("2025-08-20")]
        upload(zup, ("MCE001", shifts))
        periods = [(f"2025-08-05{start}", int(hours * 3_600_000)) for start, hours in presence]
        assert facts(zup, "MCE001", "2025-08-05", *periods) == {"result": True, "doc": document}
        entry = timesheet(zup, "MCE001", "2025-08-05", "2025-08-05")
        assert {row["timetype"]: row["hours"] for row in entry["AR_date"]} == expected

    def test_period_of_negative_time_makes_no_document(self, zup: Caller) -> None:
        assert facts(zup, "MCE001", "2025-08-05", ("2025-08-05T09:00:00", -900000)) == {"result": False, "doc": None}
        assert zup.control("/state").json()["facts"] == []

    def test_sick_leave_displaces_truancy(self, zup: Caller) -> None:
        agents = [agent["agent_id"] for agent in zup.get(AGENTS).json()["agents"]]
        seen = Counter[str]()
        for start in range(0, 500, 50):
            body = {
                "date_start": "2025-07-01T00:00:00",
                "date_end": "2025-07-28T23:59:59",
                "AR_agents": [{"agentId": agent} for agent in agents[start : start + 50]],
            }
            for entry in zup.post("/getTimetypeInfo", body).json():
                by_day: dict[str, set[str]] = {}
                for row in entry["AR_date"]:
                    by_day.setdefault(row["date"], set()).add(row["timetype"])
                    seen[row["timetype"]] += 1
                assert not any({"Б", "ПР"} <= types for types in by_day.values())
        assert {"Я", "В", "ОТ", "Б", "ПР", "К", "ДО"} <= set(seen)

    def test_51_agents_and_a_period_too_long_are_refused(self, zup: Caller) -> None:
        body: dict[str, Any] = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T00:00:00"}
        many = zup.post("/getTimetypeInfo", {**body, "AR_agents": [{"agentId": "MCE001"}] * 51})
        assert (many.status_code, many.json()["code"]) == (400, "BATCH_TOO_LARGE")
        long = {"date_start": "2023-01-01T00:00:00", "date_end": "2025-07-31T00:00:00"}
        reply = zup.post("/getTimetypeInfo", {**long, "AR_agents": [{"agentId": "MCE001"}]})
        assert (reply.status_code, reply.json()["details"]["field"]) == (400, "date_end")


class TestControls:
    def test_clock_moves_forward_only(self, zup: Caller) -> None:
        before = zup.control("/clock").json()["now"]
        assert zup.control("/clock", {"move_seconds": 5}).json()["now"] > before
        for body in ({"move_seconds": -1}, {"now": "2020-01-01T00:00:00Z"}, {"now": "x"}, {}, {"move_seconds": "x"}):
            reply = zup.control("/clock", body)
            assert (reply.status_code, reply.json()["code"]) == (400, "VALIDATION_ERROR"), body

    def test_reset_forgets_and_seed_changes_the_cast(self, zup: Caller) -> None:
        upload(zup, ("EMP001", [shift()]))
        assert zup.control("/reset", {}).json()["sheets"] == []
        assert zup.control("/seed", {"seed": 7, "agents": 20}).json() == {"seed": 7, "agents": 20}
        assert zup.get(AGENTS).json()["total_count"] == 20
        for body in ({"agents": 0}, {"seed": "x"}, {"agents": True}):
            assert zup.control("/seed", body).status_code == 400

    def test_change_of_people_is_checked(self, zup: Caller) -> None:
        assert zup.control("/agents", {"agent_id": "MCE999999", "norm_week": 20}).status_code == 404
        for body in ({"agent_id": "MCE001", "login": "x"}, {"hire": "x"}, {"agent_id": "MCE001", "dismissed": "x"}):
            assert zup.control("/agents", body).status_code == 400

    def test_health_needs_no_credentials(self, zup: Caller) -> None:
        assert zup.root("/health").json()["status"] == "ok"
