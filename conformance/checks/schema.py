"""What jsonschema finds wrong, in this judge's words: missing, renamed and undeclared members, types, formats, ranges.

Of an answer's body and of a stream's message alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from argus_wfm.conformance.checks.formats import recognised
from argus_wfm.conformance.model.codes import kind
from argus_wfm.conformance.model.findings import Drift, Finding
from argus_wfm.json_type import Json

if TYPE_CHECKING:  # half a second that `argus up` need not wait for
    from jsonschema.exceptions import ValidationError

NAMED = 3  # instances of one kind of deviation that are told one by one; the rest is a number
RENAMES = {
    "agents": ("AR_agents",),
    "agent_id": ("agentId", "agentID", "workerId", "employee_id", "id"),
    "employee_id": ("agentId", "agentID", "workerId", "agent_id"),
    "tab_number": ("tabN", "agentNumber", "personnel_number"),
    "position_id": ("positionId",),
    "department_id": ("departmentId",),
    "start_work": ("startwork", "hire_date"),
    "norm_week": ("normWeek", "weekly_norm"),
    "weekly_norm": ("normWeek",),
    "employment_rate": ("rate",),
    "period_start": ("startDate", "period1", "date_start"),
    "period_end": ("endDate", "period2", "date_end"),
    "shifts": ("shift",),
    "status": ("result", "stateCode"),
    "norm_hours": ("normHours",),
    "timestamp": ("actionTime", "startDate"),
    "since": ("startDate",),
    "new_status": ("stateCode",),
    "queue": ("groupId",),
    "waiting": ("callNumber",),
    "available_agents": ("operatorNumber",),
    "message": ("description",),
    "secondname": ("middle_name", "middlename"),
    "lastname": ("last_name", "surname"),
    "firstname": ("first_name", "name"),
}
KINDS = {
    "type": ("WRONG_TYPE", Drift.SHAPE),
    "format": ("WRONG_FORMAT", Drift.SHAPE),
    "pattern": ("WRONG_FORMAT", Drift.SHAPE),
    "enum": ("OUT_OF_RANGE", Drift.VALUE),
    "const": ("OUT_OF_RANGE", Drift.VALUE),
    "minimum": ("OUT_OF_RANGE", Drift.VALUE),
    "exclusiveMinimum": ("OUT_OF_RANGE", Drift.VALUE),
    "maximum": ("OUT_OF_RANGE", Drift.VALUE),
    "minLength": ("OUT_OF_RANGE", Drift.VALUE),
    "maxLength": ("OUT_OF_RANGE", Drift.VALUE),
    "minItems": ("OUT_OF_RANGE", Drift.VALUE),
    "maxItems": ("OUT_OF_RANGE", Drift.VALUE),
}


BOUNDS = ("minimum", "exclusiveMinimum", "maximum")


class Found(Protocol):
    """Makes a finding about whatever is looked at: an exchange, a frame."""

    def __call__(
        self, code: str, drift: Drift, where: str, message: str, *, expected: object = "", actual: object = ""
    ) -> Finding: ...


def counted(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per kind and place; places of a list are counted together, the first few named."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.fingerprint, []).append(finding)
    return [_counted(same) for same in grouped.values()]


def _counted(same: list[Finding]) -> Finding:
    first = next((finding for finding in same if finding.code != kind(finding.code)), same[0])
    places = [*dict.fromkeys(finding.where for finding in same)]
    if len(places) == 1:
        return first
    named = ", ".join(places[:NAMED])
    more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
    return dataclasses.replace(first, message=f"{first.message} ({len(places)} times: {named}{more})")


def of_error(error: ValidationError, found: Found) -> Iterator[Finding]:
    """The findings of one error of jsonschema's."""
    place = "".join(f"/{pointer(step)}" for step in error.absolute_path)
    if error.validator == "required":
        yield from _missing(error, place, found)
    elif error.validator == "additionalProperties":
        yield from _undeclared(error, place, found)
    else:
        code, drift = KINDS.get(str(error.validator), ("SCHEMA", Drift.SHAPE))
        words = f"{_shown(error.instance)} is not {_wanted(error)}"
        schema: Any = error.schema
        told = recognised(error.instance, schema) if isinstance(schema, dict) else None
        code, words = told or (code, words)
        due = _wanted(error) if error.validator in BOUNDS else error.validator_value
        yield found(code, drift, place or "body", words, expected=due, actual=error.instance)


def pointer(step: str | int) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")


def _missing(error: ValidationError, place: str, found: Found) -> Iterator[Finding]:
    """One error per missing member; jsonschema names only one in the message, so look it up."""
    name = _missing_name(error)
    instance: Any = error.instance
    spare = _spare(error)
    renamed = next((other for other in RENAMES.get(name, ()) if other in spare), None)
    if renamed:
        words = f"{name} is called {renamed} here"
        yield found("RENAMED_MEMBER", Drift.SHAPE, f"{place}/{pointer(name)}", words, expected=name, actual=renamed)
    else:
        words = f"{name} is missing"
        yield found(
            "MISSING_MEMBER", Drift.SHAPE, f"{place}/{pointer(name)}", words, expected=name, actual=", ".join(instance)
        )


def _undeclared(error: ValidationError, place: str, found: Found) -> Iterator[Finding]:
    schema: Any = error.schema
    instance: Any = error.instance
    absent = [name for name in schema.get("required", []) if name not in instance]
    renamed = {other for name in absent for other in RENAMES.get(name, ())}
    for name in sorted(_spare(error) - renamed):
        words = f"{name} is not in the contract"
        yield found("UNDECLARED_MEMBER", Drift.SHAPE, f"{place}/{pointer(name)}", words, actual=instance[name])


def _spare(error: ValidationError) -> set[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    return set(instance) - set(schema.get("properties", {}))


def _missing_name(error: ValidationError) -> str:
    """jsonschema raises one error per missing member and quotes its name first."""
    schema: Any = error.schema
    instance: Any = error.instance
    missing: list[str] = [name for name in schema["required"] if name not in instance]
    return next((name for name in missing if error.message.startswith(repr(name))), missing[0])


def _wanted(error: ValidationError) -> str:
    value = error.validator_value
    return {
        "type": f"of type {value}",
        "format": f"a {value}",
        "pattern": f"like {value}",
        "enum": f"one of {value}",
        "minimum": f"at least {value}",
        "exclusiveMinimum": f"above {value}",
        "maximum": f"at most {value}",
    }.get(str(error.validator), f"right by {error.validator} {value}")


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
