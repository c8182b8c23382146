"""The operations under /mapping: the order asked for, the place of what is refused, the token."""

from __future__ import annotations

import pytest
import requests

from argus_wfm.json_type import Json
from tests.support.http_client import Caller
from tests.support.mce_client import issued


class Api:
    """The operations under /mapping, with a token."""

    def __init__(self, url: str) -> None:
        self._url, self._token = f"{url}/api/integration/mapping", issued(url, "argus")

    def post(self, path: str, body: Json) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        return requests.post(self._url + path, json=body, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def api(lone_gateway: str) -> Api:
    return Api(lone_gateway)


def test_the_api_maps_in_the_order_asked_and_refuses_by_place(api: Api) -> None:
    told = api.post("/time-types/to-1c", {"time_types": ["overtime", "vacation", "overtime"]}).json()
    assert [one["code"] for one in told["mapped"]] == ["С", "ОТ", "С"]
    assert told["mapped"][1] == {"time_type": "vacation", "code": "ОТ", "title": "Отпуск"}
    assert api.post("/time-types/from-1c", {"codes": ["С", "ОТ", "С"]}).json() == told
    reply = api.post("/time-types/from-1c", {"codes": ["С", "C"]})
    assert (reply.status_code, reply.json()["code"]) == (422, "UNMAPPED_TIME_TYPE")
    assert reply.json()["details"]["field"] == "codes.1"


@pytest.mark.parametrize(
    ("member", "value", "field"),
    [("position", {}, "position.id"), ("middle_name", " ", "middle_name"), ("hire_date", "2025-02-29", "hire_date")],
)
def test_the_api_names_what_is_wrong_with_an_employee(api: Api, member: str, value: Json, field: str) -> None:
    record = {
        "employee_id": "EMP001",
        "personnel_number": "00123",
        "last_name": "Иванов",
        "first_name": "Иван",
        "middle_name": None,
        "position": {"id": "POS001"},
        "department": {"id": "DEPT001"},
        "hire_date": "2020-01-15",
        "weekly_hours": 40,
    }
    mapped = api.post("/employees/to-1c", record).json()
    assert (mapped["tab_number"], mapped["secondname"]) == ("00123", None)
    back = api.post("/employees/from-1c", mapped | {"employment_rate": 0.07}).json()
    assert (back["employee_code"], back["middle_name"], back["fte_percentage"]) == ("00123", None, 7)
    reply = api.post("/employees/to-1c", record | {member: value})
    assert (reply.status_code, reply.json()["details"]["field"]) == (400, field)


def test_without_a_token_nothing_is_mapped(lone_gateway: str) -> None:
    body = {"codes": ["С"]}
    reply = requests.post(f"{lone_gateway}/api/integration/mapping/time-types/from-1c", json=body, timeout=30)
    assert reply.status_code == 401
    assert Caller(lone_gateway).root("/api/integration/mapping").status_code == 401
