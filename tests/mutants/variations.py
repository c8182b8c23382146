"""Hosts that are otherwise than ours and keep to every contract: whoever accuses one of them is wrong."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from argus_wfm.json_type import Json
from argus_wfm.mocks.ldap.directory import DirectoryEntries
from tests.mutants.directory import directory, showing
from tests.mutants.exchange import Reply, Request
from tests.mutants.proxy import TEXT, Frame, Socket, Spoiler
from tests.mutants.spoiling import Making, changed, edited
from tests.mutants.sso import issuing, jwk


@dataclass(frozen=True)
class Variation:
    """One conforming host; `cast` is its seed and how many people work there, where they are not the usual ones."""

    id: str
    contract: str
    why: str
    spoil: Making = Spoiler
    cast: tuple[int, int] | None = None
    directory: Any = None


def every(change: Callable[[Request, Reply], None]) -> Making:
    """Every reply of the host."""
    return lambda: Spoiler(reply=change)


def _each_json(change: Callable[[Json], Json], **written: Any) -> Making:
    """Every reply in JSON, written otherwise."""

    def reply(_: Request, given: Reply) -> None:
        if given.is_json:
            given.body = json.dumps(change(given.json), **{"ensure_ascii": False, **written}).encode()

    return every(reply)


def _reversed(document: Json) -> Json:
    """The same members in another order; lists stay as they are."""
    if isinstance(document, dict):
        return {key: _reversed(value) for key, value in reversed(document.items())}
    return [_reversed(one) for one in document] if isinstance(document, list) else document


def _whole(document: Json) -> Json:
    """Numbers that are whole are written without a fraction."""
    if isinstance(document, dict):
        return {key: _whole(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_whole(one) for one in document]
    return int(document) if isinstance(document, float) and document.is_integer() else document


FLOATS = {
    "norm_week", "employment_rate", "norm_hours", "pre_holiday_reduction", "base_hours", "holiday_reduction",
    "final_norm", "hours", "half1_hours", "half2_hours", "percent",
}  # fmt: skip


def _with_fractions(document: Json) -> Json:
    """What the contracts call a number is written with a fraction, 8.0 for 8."""
    if isinstance(document, list):
        return [_with_fractions(one) for one in document]
    if not isinstance(document, dict):
        return document
    number = {key: isinstance(value, int) and key in FLOATS for key, value in document.items()}
    return {key: float(value) if number[key] else _with_fractions(value) for key, value in document.items()}


def _harmless(_: Request, given: Reply) -> None:
    given.put("Strict-Transport-Security", "max-age=31536000")
    given.put("X-Powered-By", "1C:Enterprise 8.3")
    given.put("Vary", "Accept-Encoding")
    given.put("Server", "Apache/2.4.58")


def _charset(_: Request, given: Reply) -> None:
    if given.header("Content-Type") == "application/json":
        given.put("Content-Type", "application/json; charset=utf-8")


def _capitals(_: Request, given: Reply) -> None:
    """RFC 9110, 8.3.1: neither type nor parameter names nor this charset are told by their case."""
    if given.header("Content-Type") == "application/json":
        given.put("Content-Type", "Application/JSON;Charset=UTF-8")


def _upper_case(_: Request, given: Reply) -> None:
    given.headers = [(name.upper(), value) for name, value in given.headers]


def _title_case(_: Request, given: Reply) -> None:
    given.headers = [(name.title(), value) for name, value in given.headers]


def _chunked(_: Request, given: Reply) -> None:
    given.chunked = given.status not in (204, 304) and bool(given.body)


def _gzipped(request: Request, given: Reply) -> None:
    if "gzip" in (request.header("Accept-Encoding") or "") and given.body:
        given.body = gzip.compress(given.body)
        given.put("Content-Encoding", "gzip")
        given.put("Vary", "Accept-Encoding")


def _other_words(_: Request, given: Reply) -> None:
    """Messages for people are whatever the host likes."""
    if given.status >= 400 and given.is_json:
        given.json = {**given.json, "message": "Запрос не может быть выполнен, обратитесь к администратору."}


def _other_challenge(_: Request, given: Reply) -> None:
    shown = given.header("WWW-Authenticate")
    if shown:
        given.put("WWW-Authenticate", f'{shown.split(" ")[0]} realm="1С:Предприятие ЗУП"'.encode().decode("latin-1"))


def _backwards(name: str) -> Callable[[Json, Request], Json]:
    return lambda document, _: {**document, name: document[name][::-1]}


def _no_patronymics(document: Json, _: Request) -> Json:
    for agent in document["agents"]:
        agent["secondname"] = None
    return document


def _double_names(document: Json, _: Request) -> Json:
    """Names as people have them: with a hyphen, an apostrophe, a space, ё, Latin letters."""
    names = ("Салтыков-Щедрин", "О’Коннор", "Оглы Мамедов", "Ёлкин", "Müller", "Д'Артаньян")
    for number, agent in enumerate(document["agents"]):
        agent["lastname"] = names[number % len(names)]
    return document


def _fractional(document: Json, _: Request) -> Json:
    """Part-timers, in all that the contract allows."""
    rates, weeks = (0.25, 0.5, 0.75, 1.25, 1.5, 1.0), (20, 36, 39.5, 40, 60, 0.5)
    for number, agent in enumerate(document["agents"]):
        agent["employment_rate"], agent["norm_week"] = rates[number % 6], weeks[number % 6]
    return document


def _vendor_numbers(document: Json, _: Request) -> Json:
    """tab_number is any string: 10-000, 223-16 and letters."""
    for number, agent in enumerate(document["agents"]):
        agent["tab_number"] = f"{number // 100 + 10}-{number:03}К"
    return document


def _fraction_of_seconds(text: str) -> str:
    return text[:-1] + ".123456Z" if text.endswith("Z") and "." not in text else text


def _pretty_frames(_: Socket, frame: Frame) -> list[Frame]:
    message = json.loads(frame.payload)
    return [Frame(TEXT, json.dumps(_reversed(message), indent=2).encode())]


def _slow_frames(_: Socket, frame: Frame) -> list[Frame]:
    return [Frame(frame.opcode, frame.payload, 0.3)]


def _other_name(request: Request, given: Reply) -> None:
    if request.operation == "downloadExport" and given.status == 200:
        given.put(
            "Content-Disposition", "attachment; filename=report.bin; filename*=UTF-8''%D0%9E%D1%82%D1%87%D1%91%D1%82"
        )


def _more_attributes(held: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {**held, "telephoneNumber": ("+7 495 123-45-67", "101"), "l": ("Москва",), "objectGUID": ("\x01\x02",)}


def _several_values(held: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {**held, **({"mail": (*held["mail"], "second@company.ru")} if "mail" in held else {})}


def _other_spelling(held: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Attributes are not told by the case of their letters (RFC 4512)."""
    return {name.upper(): values for name, values in held.items()}


VARIATIONS = (
    Variation("personnel-headers-more", "personnel", "more headers harm nobody", every(_harmless)),
    Variation("personnel-members-reversed", "personnel", "JSON objects have no order", _each_json(_reversed)),
    Variation(
        "personnel-escaped", "personnel", "\\uXXXX is the same text", _each_json(lambda one: one, ensure_ascii=True)
    ),
    Variation("personnel-charset-said", "personnel", "charset=utf-8 is what JSON is in", every(_charset)),
    Variation("personnel-media-type-capitals", "personnel", "media types have no case", every(_capitals)),
    Variation("personnel-fractions", "personnel", "8.0 is 8", _each_json(_with_fractions)),
    Variation("personnel-whole-numbers", "personnel", "1 is 1.0", _each_json(_whole)),
    Variation(
        "personnel-agents-backwards",
        "personnel",
        "no order of agents is promised",
        edited("getAgents", _backwards("agents")),
    ),
    Variation("personnel-no-patronymics", "personnel", "secondname is nullable", edited("getAgents", _no_patronymics)),
    Variation("personnel-names-as-they-are", "personnel", "any text with a letter", edited("getAgents", _double_names)),
    Variation(
        "personnel-part-timers",
        "personnel",
        "0 < norm_week <= 60, 0 < employment_rate <= 1.5",
        edited("getAgents", _fractional),
    ),
    Variation(
        "personnel-numbers-with-hyphens", "personnel", "tab_number is a string", edited("getAgents", _vendor_numbers)
    ),
    Variation("personnel-other-words", "personnel", "message is for people", every(_other_words)),
    Variation("personnel-other-realm", "personnel", "a challenge has a realm", every(_other_challenge)),
    Variation("personnel-other-people", "personnel", "another staff", cast=(7, 120)),
    Variation("personnel-few-people", "personnel", "a small firm", cast=(1, 30)),
    Variation(
        "personnel-microseconds",
        "personnel",
        "UtcDateTime: up to six digits",
        changed("getAgents", "/sync_timestamp", _fraction_of_seconds),
    ),
    Variation("mce-headers-upper-case", "mce", "names of headers have no case", every(_upper_case)),
    Variation("mce-chunked", "mce", "RFC 9112, 7.1", every(_chunked)),
    Variation("mce-slow", "mce", "0.3 s are below 2 s", lambda: Spoiler(slow_s=0.3)),
    Variation("mce-pretty", "mce", "white space is nothing", _each_json(lambda one: one, indent=4)),
    Variation("mce-connections-closed", "mce", "a connection need not be kept", lambda: Spoiler(keep_alive=False)),
    Variation("mce-gzip-when-asked", "mce", "RFC 9110, 8.4", every(_gzipped)),
    Variation("mce-other-words", "mce", "message is for people", every(_other_words)),
    Variation("stream-frames-pretty", "stream", "JSON in another spelling", lambda: Spoiler(frame=_pretty_frames)),
    Variation("stream-frames-slow", "stream", "0.3 s are below 2 s", lambda: Spoiler(frame=_slow_frames)),
    Variation("sso-es256-and-jwks", "sso", "any of ES256, RS256, EdDSA", issuing()),
    Variation(
        "sso-two-keys",
        "sso",
        "keys are changed in turn",
        issuing(keys=lambda: [{**jwk(of="next"), "kid": "next"}, jwk()]),
    ),
    Variation(
        "sso-more-claims",
        "sso",
        "a token may say more",
        issuing(lambda given: {**given, "nbf": given["iat"], "name": "Иван", "jti": "1"}),
    ),
    Variation("sso-headers-title-case", "sso", "names of headers have no case", every(_title_case)),
    Variation("sso-members-reversed", "sso", "JSON objects have no order", _each_json(_reversed, indent=1)),
    Variation("export-headers-more", "export", "more headers harm nobody", every(_harmless)),
    Variation("export-chunked", "export", "RFC 9112, 7.1", every(_chunked)),
    Variation("export-other-file-name", "export", "the name is the host's", every(_other_name)),
    Variation("export-members-reversed", "export", "JSON objects have no order", _each_json(_reversed)),
    Variation(
        "directory-more-attributes",
        "directory",
        "an entry may hold more",
        directory=lambda: directory(showing(_more_attributes)),
    ),
    Variation(
        "directory-two-addresses",
        "directory",
        "mail may have several values",
        directory=lambda: directory(showing(_several_values)),
    ),
    Variation(
        "directory-upper-case",
        "directory",
        "RFC 4512: attributes have no case",
        directory=lambda: directory(showing(_other_spelling)),
    ),
    Variation("directory-plain", "directory", "the mock itself", directory=lambda: directory(DirectoryEntries)),
)
