"""Judge an exchange by the contract, with jsonschema: not with the validator the servers use.

Undeclared members, renames (domain 1.8), types, formats, statuses, media types and the envelope.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from argus_wfm.conformance.checks import values
from argus_wfm.conformance.checks.schema import counted, of_error
from argus_wfm.conformance.model.exchange import Exchange, protocol
from argus_wfm.conformance.model.findings import Departure, Drift, Finding, clipped
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract

if TYPE_CHECKING:  # half a second that `argus up` need not wait for
    import jsonschema
    from jsonschema.exceptions import ValidationError

MEMBERS = ("required", "additionalProperties")
NO_BODY = (204, 304)  # RFC 9110, 15.3.5 and 15.4.5
ENVELOPE = "{error, code, message, details}"
NEEDED = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def judge(exchange: Exchange) -> list[Finding]:
    """Every way in which the answer departs from what the contract documents; empty when it keeps to it."""
    operation = exchange.operation
    if exchange.method == "HEAD":
        return []
    if operation is not None and exchange.status in NO_BODY and f"{exchange.status}" in operation.spec["responses"]:
        return [*_headers(exchange)]
    if operation is None:
        return _stray(exchange)
    if exchange.status not in operation.statuses:
        return [_undocumented(exchange)]
    content = operation.spec["responses"][str(exchange.status)].get("content", {})
    if exchange.media_type != "application/json" and exchange.media_type in content:
        return [*_headers(exchange), *_empty(exchange)]  # a file, as the contract has it
    try:
        body = exchange.json()
    except Departure as departure:
        return [departure.finding]
    of_body = _refusal(exchange, body) if exchange.status >= 400 else _reply(exchange, body)
    return [*_charset(exchange), *_headers(exchange), *of_body]


def _reply(exchange: Exchange, body: Json) -> list[Finding]:
    found = [*_schema(exchange, body), *_flag(exchange, body), *counted(values.judge(exchange, body))]
    return [dataclasses.replace(finding, sample=_around(finding, body)) for finding in found]


def _around(finding: Finding, body: Json) -> str:
    """The innermost object that a finding's place is in, so that whoever reads sees whose it is."""
    around, node = body, body
    for step in finding.where.split("/")[1:]:
        name: Any = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            name = int(name) if name.isdecimal() else 0
        try:
            node = node[name]
        except (LookupError, TypeError):
            break
        around = node if isinstance(node, dict) else around
    return clipped(json.dumps(around, ensure_ascii=False))


def _refusal(exchange: Exchange, body: Json) -> list[Finding]:
    """An envelope of somebody else's is one finding, however many members are missing."""
    foreign = _foreign(body)
    if foreign:
        words = f"Not the error envelope, but {foreign}"
        return [exchange.finding("ENVELOPE", Drift.SHAPE, "body", words, expected=ENVELOPE, actual=body)]
    return [*_schema(exchange, body), *_error_code(exchange, body)]


def _foreign(body: Json) -> str:
    """Whose envelope it is; empty where it has most of ours."""
    if not isinstance(body, dict):
        return "a list" if isinstance(body, list) else "a bare value"
    known = (
        ({"field", "message", "description"}, "the contact centre's {field, message, description}"),
        ({"message", "description"}, "the contact centre's {message, description}"),
        ({"result", "message"}, "1C's result flag {result, message}"),
        ({"title", "status"}, "a problem document (RFC 9457)"),
        ({"title", "detail"}, "a problem document (RFC 9457)"),
    )
    missing = {"error", "code", "message", "details"} - body.keys()
    named = next((words for names, words in known if names <= body.keys()), "")
    if len(missing) >= 2:
        return named or f"an object of {', '.join(body) or 'nothing'}"
    return ""


def _flag(exchange: Exchange, body: Json) -> Iterator[Finding]:
    """1C tells a failure by result beside a message, inside a success (D28)."""
    operation: Any = exchange.operation
    declared = exchange.contract.response_schema(operation.id, exchange.status) or {}
    flag = body.get("result") if isinstance(body, dict) else None
    failed = flag is False or (isinstance(flag, str) and flag.lower() == "false")
    if failed and not _declares(declared, "result"):
        words = f"A failure inside a {exchange.status}: {body.get('message', '')}"
        yield exchange.finding("RESULT_FLAG", Drift.VALUE, "/result", words, expected="a status of 4xx", actual=body)


def _declares(schema: Json, name: str) -> bool:
    reference = schema.get("$ref", "").rpartition("/")[2]
    resolved = schema.get("$defs", {}).get(reference, schema)
    return name in resolved.get("properties", {})


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
    for name, declared in _declared(exchange).items():
        value, allowed = exchange.headers.get(name.lower()), declared.get("schema", {}).get("enum")
        if value is None and declared.get("required"):
            yield exchange.finding("HEADER", Drift.SHAPE, f"header {name}", f"There is no {name}", expected=name)
        elif value is not None and allowed and value not in allowed:
            shown = {"expected": ", ".join(map(str, allowed)), "actual": value}
            yield exchange.finding("HEADER", Drift.VALUE, f"header {name}", f"{name} is another", **shown)


def _empty(exchange: Exchange) -> Iterator[Finding]:
    if not exchange.body:
        words = "The file is empty, though its task may not be over"
        yield exchange.finding("FILE_CONTENT", Drift.VALUE, "body", words, expected="409 or a file", actual="0 bytes")


def _declared(exchange: Exchange) -> dict[str, Json]:
    """Headers of the reply that the contract names."""
    responses = exchange.operation.spec["responses"] if exchange.operation else {}
    return dict(responses.get(str(exchange.status), {}).get("headers", {}))


def _error_code(exchange: Exchange, body: Json) -> Iterator[Finding]:
    operation: Any = exchange.operation
    listed = operation.error_codes(exchange.status)
    code = body.get("code") if isinstance(body, dict) else None
    if listed and code is not None and code not in listed:
        words = f"{code} is no code of status {exchange.status}"
        yield exchange.finding(
            "ERROR_CODE", Drift.VALUE, "/code", words, expected=", ".join(listed), actual=code, variant=code
        )


def _schema(exchange: Exchange, body: Json) -> list[Finding]:
    operation: Any = exchange.operation
    validator = _validator(exchange.contract, operation.id, exchange.status)
    errors = validator.iter_errors(body) if validator else ()
    return counted(finding for error in errors for finding in _of_error(exchange, error))


def _of_error(exchange: Exchange, error: ValidationError) -> Iterator[Finding]:
    if exchange.status >= 400 and not error.absolute_path and error.validator not in MEMBERS:
        yield exchange.finding("ENVELOPE", Drift.SHAPE, "body", "Not the error envelope", actual=error.instance)
    else:
        yield from of_error(error, exchange.finding)
