"""Judge an exchange by the contract, with jsonschema: not with the validator the servers use.

Undeclared members, renames (domain 1.8), types, formats, statuses, media types and the envelope.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from conformance.exchange import Exchange, protocol
from conformance.findings import Departure, Drift, Finding
from openapi import Contract

if TYPE_CHECKING:  # half a second that `argus up` need not wait for
    import jsonschema
    from jsonschema.exceptions import ValidationError

Json = Any
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
    "status": ("result",),
    "norm_hours": ("normHours",),
    "message": ("description",),
    "secondname": ("middle_name", "middlename"),
    "lastname": ("last_name", "surname"),
    "firstname": ("first_name", "name"),
}
NEEDED = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
KINDS = {
    "type": ("WRONG_TYPE", Drift.SHAPE),
    "format": ("WRONG_FORMAT", Drift.SHAPE),
    "pattern": ("WRONG_FORMAT", Drift.SHAPE),
    "enum": ("OUT_OF_RANGE", Drift.VALUE),
    "minimum": ("OUT_OF_RANGE", Drift.VALUE),
    "exclusiveMinimum": ("OUT_OF_RANGE", Drift.VALUE),
    "maximum": ("OUT_OF_RANGE", Drift.VALUE),
    "minLength": ("OUT_OF_RANGE", Drift.VALUE),
    "maxLength": ("OUT_OF_RANGE", Drift.VALUE),
    "minItems": ("OUT_OF_RANGE", Drift.VALUE),
    "maxItems": ("OUT_OF_RANGE", Drift.VALUE),
}


def judge(exchange: Exchange) -> list[Finding]:
    """Every way in which the answer departs from what the contract documents; empty when it keeps to it."""
    operation = exchange.operation
    if exchange.method == "HEAD":
        return []
    if operation is None:
        return _stray(exchange)
    if exchange.status not in operation.statuses:
        return [_undocumented(exchange)]
    content = operation.spec["responses"][str(exchange.status)].get("content", {})
    if exchange.media_type != "application/json" and exchange.media_type in content:
        return [*_headers(exchange)]  # a file, as the contract has it
    try:
        body = exchange.json()
    except Departure as departure:
        return [departure.finding]
    return [*_charset(exchange), *_headers(exchange), *_schema(exchange, body), *_error_code(exchange, body)]


@functools.cache
def _validator(contract: Contract, operation: str, status: int) -> jsonschema.Draft202012Validator | None:
    import jsonschema

    schema = contract.response_schema(operation, status)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return None if schema is None else jsonschema.Draft202012Validator(schema, format_checker=checker)


def _stray(exchange: Exchange) -> list[Finding]:
    """A path or method that the contract does not have: what refuses it is the envelope all the same."""
    if exchange.status not in (404, 405):
        return []
    try:
        body = exchange.json()
    except Departure as departure:
        return [departure.finding]
    any_operation = next(iter(exchange.contract.operations))
    validator = _validator(exchange.contract, any_operation, 404)
    wrong = validator is not None and not validator.is_valid(body)
    envelope = [exchange.finding("ENVELOPE", Drift.SHAPE, "body", "Not the error envelope", actual=body)]
    return [*_headers(exchange), *(envelope if wrong else [])]


def _undocumented(exchange: Exchange) -> Finding:
    operation: Any = exchange.operation
    documented = ", ".join(map(str, sorted(operation.statuses)))
    if exchange.media_type != "application/json" and exchange.status < 400:
        code, drift, where, words = protocol(exchange)
        return exchange.finding(code, drift, where, f"{words} (status {exchange.status})", expected="application/json")
    words = f"The contract documents no {exchange.status}"
    return exchange.finding(
        "STATUS_UNDOCUMENTED", Drift.SHAPE, "status", words, expected=documented, actual=exchange.status
    )


def _charset(exchange: Exchange) -> Iterator[Finding]:
    declared = exchange.headers.get("content-type", "").lower().partition("charset=")[2].strip('" ')
    if declared and declared not in ("utf-8", "utf8"):
        yield exchange.finding(
            "CHARSET", Drift.SHAPE, "header Content-Type", f"charset={declared}", expected="utf-8", actual=declared
        )


def _headers(exchange: Exchange) -> Iterator[Finding]:
    """Headers that a client relies on: the challenge of a 401, Allow of a 405, when to come again after a 503."""
    needed = NEEDED.get(exchange.status)
    if needed and needed.lower() not in exchange.headers:
        yield exchange.finding(
            "HEADER", Drift.SHAPE, f"header {needed}", f"{exchange.status} without {needed}", expected=needed
        )


def _error_code(exchange: Exchange, body: Json) -> Iterator[Finding]:
    operation: Any = exchange.operation
    listed = operation.error_codes(exchange.status)
    code = body.get("code") if isinstance(body, dict) else None
    if listed and code is not None and code not in listed:
        words = f"{code} is no code of status {exchange.status}"
        yield exchange.finding("ERROR_CODE", Drift.VALUE, "/code", words, expected=", ".join(listed), actual=code)


def _schema(exchange: Exchange, body: Json) -> Iterator[Finding]:
    """One finding per kind and place; places of a list are counted together, the first few named."""
    operation: Any = exchange.operation
    validator = _validator(exchange.contract, operation.id, exchange.status)
    grouped: dict[str, list[Finding]] = {}
    for error in validator.iter_errors(body) if validator else ():
        for finding in _of_error(exchange, error):
            grouped.setdefault(finding.fingerprint, []).append(finding)
    for same in grouped.values():
        yield _counted(same)


def _counted(same: list[Finding]) -> Finding:
    first = same[0]
    if len(same) == 1:
        return first
    named = ", ".join(finding.where for finding in same[:NAMED])
    more = f" and {len(same) - NAMED} more" if len(same) > NAMED else ""
    fields = {**first.as_dict(), "message": f"{first.message} ({len(same)} times: {named}{more})"}
    return Finding.from_dict(fields)


def _of_error(exchange: Exchange, error: ValidationError) -> Iterator[Finding]:
    place = "".join(f"/{step}" for step in error.absolute_path)
    if error.validator == "required":
        yield from _missing(exchange, error, place)
    elif error.validator == "additionalProperties":
        yield from _undeclared(exchange, error, place)
    elif exchange.status >= 400 and not place:
        yield exchange.finding("ENVELOPE", Drift.SHAPE, "body", "Not the error envelope", actual=error.instance)
    else:
        code, drift = KINDS.get(str(error.validator), ("SCHEMA", Drift.SHAPE))
        words = f"{_shown(error.instance)} is not {_wanted(error)}"
        yield exchange.finding(code, drift, place or "/", words, expected=error.validator_value, actual=error.instance)


def _missing(exchange: Exchange, error: ValidationError, place: str) -> Iterator[Finding]:
    """One error per missing member; jsonschema names only one in the message, so look it up."""
    name = _missing_name(error)
    instance: Any = error.instance
    spare = _spare(error)
    renamed = next((other for other in RENAMES.get(name, ()) if other in spare), None)
    if renamed:
        words = f"{name} is called {renamed} here"
        yield exchange.finding("RENAMED_MEMBER", Drift.SHAPE, f"{place}/{name}", words, expected=name, actual=renamed)
    else:
        words = f"{name} is missing"
        yield exchange.finding(
            "MISSING_MEMBER", Drift.SHAPE, f"{place}/{name}", words, expected=name, actual=", ".join(instance)
        )


def _undeclared(exchange: Exchange, error: ValidationError, place: str) -> Iterator[Finding]:
    schema: Any = error.schema
    instance: Any = error.instance
    absent = [name for name in schema.get("required", []) if name not in instance]
    renamed = {other for name in absent for other in RENAMES.get(name, ())}
    for name in sorted(_spare(error) - renamed):
        words = f"{name} is not in the contract"
        yield exchange.finding("UNDECLARED_MEMBER", Drift.SHAPE, f"{place}/{name}", words, actual=instance[name])


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
