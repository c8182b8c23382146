"""What any feature says of a reply: its status, its error, its members. `exchange` is the latest one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pytest_bdd import parsers, then

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift
from argus_wfm.json_type import Json

Labelled = list[tuple[str, Exchange]]  # several replies, each with the member that its request had wrong
MESSAGE_LENGTH = 1


@then("the reply is 200 JSON")
def reply_is_ok(exchange: Exchange) -> None:
    exchange.require(200)


@then(parsers.parse("the reply has exactly the members {names}"))
def reply_has_members(exchange: Exchange, names: str) -> None:
    members_are(exchange, exchange.require(200), names.split(", "), "")


@then(parsers.re(r"it is refused with (?P<status>\d{3}) (?P<code>[A-Z_]+)"))
def is_refused(exchange: Exchange, status: str, code: str) -> None:
    refused(exchange, int(status), code)


@then(parsers.re(r"it is refused with (?P<status>\d{3}) (?P<code>[A-Z_]+) naming (?P<field>\w+)"))
def is_refused_naming(exchange: Exchange, status: str, code: str, field: str) -> None:
    refused(exchange, int(status), code, field)


@then(parsers.re(r"each is refused with (?P<status>\d{3}) (?P<code>[A-Z_]+)"))
def each_is_refused_alike(exchanges: Labelled, status: str, code: str) -> None:
    for _, exchange in exchanges:
        refused(exchange, int(status), code)


@then(parsers.re(r"each is refused with (?P<status>\d{3}) (?P<code>[A-Z_]+) naming (?P<field>\w+|its member)"))
def each_is_refused(exchanges: Labelled, status: str, code: str, field: str) -> None:
    for member, exchange in exchanges:
        refused(exchange, int(status), code, member if field == "its member" else field)


@then(parsers.parse("the header {name} is {value}"))
def header_is(exchange: Exchange, name: str, value: str) -> None:
    sent = exchange.headers.get(name.lower(), "")
    if sent != value:
        words = f"{name} is {sent or 'not there'}"
        exchange.departs("HEADER", Drift.SHAPE, f"header {name}", words, expected=value, actual=sent)


@then(parsers.re(r"it is refused with 401 and a (?P<scheme>Basic|Bearer) challenge"))
def is_challenged(exchange: Exchange, scheme: str) -> None:
    exchange.require(401, "UNAUTHORIZED")
    challenge = exchange.headers.get("www-authenticate", "")
    if challenge.partition(" ")[0].lower() != scheme.lower():
        place, words = "header WWW-Authenticate", f"The challenge is {challenge or 'not there'}"
        exchange.departs("HEADER", Drift.AUTH, place, words, expected=f"{scheme} realm=…", actual=challenge)


@then("the error is the envelope, with a timestamp in UTC")
def error_is_envelope(exchange: Exchange) -> None:
    body = exchange.json()
    members_are(exchange, body, ["error", "code", "message", "details"], "")
    exchange.expect(body["error"] is True, "ENVELOPE", "/error", "error is not true", expected=True, actual=body)
    stamp = body["details"].get("timestamp", "")
    exchange.expect(in_utc(stamp), "ENVELOPE", "/details/timestamp", "No timestamp in UTC", actual=stamp)
    words = body["message"]
    exchange.expect(bool(words.strip()), "ENVELOPE", "/message", "The message says nothing", actual=words)


def refused(exchange: Exchange, status: int, code: str, field: str = "") -> None:
    """A refusal with this status and code; `field` is the last step of what details.field names."""
    accepted = exchange.status < 300
    if accepted and status not in (401, exchange.status):  # a 401 that did not come has a code of its own
        words = f"{exchange.status} for a request that calls for {status} {code}"
        exchange.departs("REQUEST_ACCEPTED", Drift.VALUE, "status", words, expected=status, actual=exchange.status)
    body = exchange.require(status, code)
    named = str(body.get("details", {}).get("field", ""))
    if field and named.replace("/", ".").split(".")[-1] != field:
        words = f"details.field is {named or 'not there'}"
        exchange.expect(False, "VALUE", "/details/field", words, expected=field, actual=named)


def members_are(exchange: Exchange, body: Json, names: Sequence[str], place: str) -> None:
    """An object with exactly these members."""
    if not isinstance(body, dict):
        words = "Not an object"
        exchange.departs("WRONG_TYPE", Drift.SHAPE, place or "/", words, expected="object", actual=body)
    for name in names:
        if name not in body:
            words = f"{name} is missing"
            exchange.departs(
                "MISSING_MEMBER", Drift.SHAPE, f"{place}/{name}", words, expected=name, actual=", ".join(body)
            )
    for name in body:
        if name not in names:
            words = f"{name} is not in the contract"
            exchange.departs("UNDECLARED_MEMBER", Drift.SHAPE, f"{place}/{name}", words, actual=body[name])


def in_utc(text: Json) -> bool:
    """Whether this is an RFC 3339 instant that ends in Z."""
    try:
        return isinstance(text, str) and text.endswith("Z") and bool(dt.datetime.fromisoformat(text))
    except ValueError:
        return False
