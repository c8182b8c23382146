"""Compiled validators with formats on: what connexion leaves unchecked (dates) or rebuilds for every request."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

import jsonschema_rs
import orjson

from argus_wfm.json_type import Json
from argus_wfm.openapi.contract import Contract, Operation
from argus_wfm.openapi.errors import ApiError, BatchTooLarge, MalformedJson, ValidationFailed

FORMATS: dict[str, Callable[[str], bool]] = {"date-time-local": lambda text: _is_local_date_time(text)}
REFUSALS: dict[str, type[ApiError]] = {refusal.code: refusal for refusal in (BatchTooLarge,)}
COUNTS = {"maxItems": "has {have} members, at most {limit} are allowed", "minItems": "has {have} members, not {limit}"}
UNQUOTED = "the value"  # of a reply: it may be a person's, and messages go to logs and to strangers
LOOKED_AT = 20  # deviations of one body that the one to be told is chosen from
SHOWN = 120  # characters of a wrong value that a message repeats


class Validator:
    """One schema, compiled once; safe to share between threads."""

    def __init__(self, schema: dict[str, Json], *, quotes: bool = True) -> None:
        self._schema, self._quotes = schema, quotes
        mask = None if quotes else UNQUOTED
        self._compiled = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=FORMATS, mask=mask)

    def check(self, instance: Json, name: str = "") -> None:
        """Raise the refusal for the first deviation; `name` stands for the instance itself in details.field."""
        try:
            errors = [] if self._compiled.is_valid(instance) else self._compiled.iter_errors(instance)
            error = min(
                islice(errors, LOOKED_AT), key=_is_branching, default=None
            )  # whatever says more than "none of these shapes"
        except ValueError as deep:  # jsonschema-rs follows 255 levels
            raise ValidationFailed(f"{name or 'body'}: is nested too deeply", field=name or "body") from deep
        if error:
            raise self._refusal(_nearest(error), name)

    def _refusal(self, error: jsonschema_rs.ValidationError, name: str) -> ApiError:
        field = ".".join(map(str, [*([name] if name else []), *error.instance_path, *_member(error)]))
        refusal = REFUSALS.get(self._code(error.schema_path), ValidationFailed)
        return refusal(f"{field or 'body'}: {_reason(error, quotes=self._quotes)}", field=field or None)

    def _code(self, path: Iterable[str | int]) -> str:
        """x-error-code beside the keyword that failed, where the schema has one for it (maxItems only)."""
        *parents, keyword = path
        schema: Json = self._schema
        for key in parents:
            schema = schema[key]
        return str(schema.get("x-error-code", "")) if keyword == "maxItems" else ""


class Validators:
    """Every validator of a contract, compiled at most once and before the first request."""

    def __init__(self, contract: Contract) -> None:
        self._bodies = {id_: _compiled(contract.request_schema(id_)) for id_ in contract.operations}
        self._parameters = {
            (id_, parameter["in"], parameter["name"]): Validator(contract.schema(parameter["schema"]))
            for id_, operation in contract.operations.items()
            for parameter in operation.spec.get("parameters", [])
        }
        self._replies = {
            (id_, status): _compiled(contract.response_schema(id_, status), quotes=False)
            for id_, operation in contract.operations.items()
            for status in operation.statuses
        }

    def check_body(self, operation: Operation, body: Json) -> None:
        """Raises ValidationFailed or BatchTooLarge; details.field is the member's path with dots."""
        validator = self._bodies[operation.id]
        if validator:
            validator.check(body)

    def check_parameter(self, operation: Operation, location: str, name: str, value: Json) -> None:
        """Raises ValidationFailed naming the parameter; `location` is path, query or header."""
        self._parameters[operation.id, location, name].check(value, name)

    def check_reply(self, operation: Operation, status: int, body: Json) -> None:
        """Raises ValidationFailed for a reply against the contract, an undocumented status included."""
        if status not in operation.statuses:
            raise ValidationFailed(f"{operation.id} has no status {status}")
        validator = self._replies[operation.id, status]
        if validator:
            validator.check(body)


@functools.cache
def validators(contract: Contract) -> Validators:
    """The validators of a contract; gateway and mocks in one process share them."""
    return Validators(contract)


def _compiled(schema: dict[str, Json] | None, *, quotes: bool = True) -> Validator | None:
    return None if schema is None else Validator(schema, quotes=quotes)


def parse(body: bytes) -> Json:
    """JSON in UTF-8 (RFC 8259: no NaN, no lone surrogates). Raises MalformedJson telling line and column."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(f"The body is not JSON in UTF-8: {error}") from error


def _nearest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Of an object that fits none of several shapes: what keeps it from the one that it was meant to be.

    That is the shape whose tag it has (the enum that most shapes refuse), or else the one that it misses by the least.
    """
    branches = error.kind.as_dict().get("context") if _is_branching(error) else None
    if not branches or not isinstance(error.instance, dict):
        return error
    refused = Counter(tuple(cause.instance_path) for branch in branches for cause in branch if _is_enum(cause))
    tag = max(refused, key=lambda path: refused[path], default=())
    meant = [branch for branch in branches if not any(_is_enum(c) and tuple(c.instance_path) == tag for c in branch)]
    if meant:
        nearest: jsonschema_rs.ValidationError = min(meant, key=len)[0]
        return nearest
    unknown: jsonschema_rs.ValidationError = next(c for branch in branches for c in branch if _is_enum(c))
    return unknown


def _is_branching(error: jsonschema_rs.ValidationError) -> bool:
    return error.kind.name in ("oneOf", "anyOf")


def _is_enum(cause: jsonschema_rs.ValidationError) -> bool:
    return bool(cause.kind.name == "enum")


def _member(error: jsonschema_rs.ValidationError) -> list[str]:
    """The member that a missing or undeclared one adds to the path of its object."""
    kind = error.kind.as_dict()
    missing = [kind["property"]] if error.kind.name == "required" else []
    return missing or list(map(str, kind.get("unexpected", [])[:1]))


def _reason(error: jsonschema_rs.ValidationError, *, quotes: bool) -> str:
    shown = _shown(error.instance) if quotes else UNQUOTED
    name, kind = error.kind.name, error.kind.as_dict()
    instance: Json = error.instance
    if name in COUNTS:
        return COUNTS[name].format(have=len(instance), limit=kind["limit"])
    if name == "required":
        return "is missing"
    if name == "additionalProperties":
        return "is not in the contract"
    if name == "anyOf":
        return f"{shown} has none of the forms that the contract allows"
    if name == "pattern":
        return f"{shown} does not match {kind['pattern']}"
    return _clipped(str(error.message))


def _shown(value: Json) -> str:
    try:
        return _clipped(orjson.dumps(value).decode())
    except orjson.JSONEncodeError:  # a parameter may be a number of any size; JSON of ours ends at 64 bits
        return _clipped(str(value))


def _clipped(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def _is_local_date_time(text: str) -> bool:
    """RFC 3339 date-time without an offset (format date-time-local of the OpenAPI registry)."""
    try:
        return dt.datetime.fromisoformat(text).tzinfo is None and text[10:11] == "T"
    except ValueError:
        return False
