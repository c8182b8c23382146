"""The operations under /mapping: what a record would be on the other side; they change nothing."""

from __future__ import annotations

from argus_wfm.gateway.personnel import mapping
from argus_wfm.json_type import Json
from argus_wfm.openapi import Call, Handlers


def handlers() -> Handlers:
    """By operationId."""
    return {
        "mapEmployeeToZup": employee_to_1c,
        "mapEmployeeFromZup": employee_from_1c,
        "mapTimeTypesToZup": time_types_to_1c,
        "mapTimeTypesFromZup": time_types_from_1c,
    }


def tables() -> Json:
    """All four, as the configuration cache keeps them."""
    return {
        "employee_to_1c": mapping.EMPLOYEE_TO_1C,
        "employee_from_1c": mapping.EMPLOYEE_FROM_1C,
        "time_type_to_1c": mapping.TIME_TYPE_TO_1C,
        "time_type_from_1c": mapping.TIME_TYPE_FROM_1C,
    }


async def employee_to_1c(call: Call) -> Json:
    """Nine fields."""
    return mapping.employee_to_1c(call.body)


async def employee_from_1c(call: Call) -> Json:
    """Ten fields."""
    return mapping.employee_from_1c(call.body)


async def time_types_to_1c(call: Call) -> Json:
    """In the order asked. Raises UnmappedTimeType."""
    asked = enumerate(call.body["time_types"])
    return _mapped([mapping.time_type_to_1c(time_type, f"time_types.{index}") for index, time_type in asked])


async def time_types_from_1c(call: Call) -> Json:
    """In the order asked. Raises UnmappedTimeType."""
    asked = enumerate(call.body["codes"])
    types = [mapping.time_type_from_1c(code, f"codes.{index}") for index, code in asked]
    return _mapped([mapping.TIME_TYPE_TO_1C[time_type] for time_type in types])


def _mapped(codes: list[str]) -> Json:
    pairs = [(mapping.TIME_TYPE_FROM_1C[code], code) for code in codes]
    return {"mapped": [{"time_type": kind, "code": code, "title": mapping.TITLES[code]} for kind, code in pairs]}
