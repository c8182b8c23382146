"""Hostile requests over real sockets: always the envelope with a code that belongs to its status, never a 500."""

import base64
import http.client
import json
import string
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argus_wfm.openapi import load
from tests.support.served_contract import BASIC, EXAMPLES, Host

PERSONNEL = load("personnel")
CODES = {
    int(status): set(response["x-error-codes"])
    for operation in PERSONNEL.operations.values()
    for status, response in operation.spec["responses"].items()
    if int(status) >= 400
}
POSTS = [operation.path for operation in PERSONNEL.operations.values() if operation.method == "POST"]
LIMITS = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
TOKEN = st.text(string.ascii_letters, min_size=1, max_size=12)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
MANGLED = (
    st.sampled_from([EXAMPLES[f"{path[1:]} request"] for path in POSTS])
    .map(json.dumps)
    .flatmap(lambda text: st.integers(0, len(text)).map(lambda at: (text[:at] + text[at + 1 :]).encode()))
)
CONTENT_TYPES = [
    "application/json",
    "application/json; charset=cp1251",
    "text/plain",
    "application/x-www-form-urlencoded",
]


def send(host: Host, method: str, target: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """As written: http.client neither normalises paths nor adds headers of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", int(host.url.rsplit(":", 1)[1]), timeout=30)
    try:
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def assert_refusal_or_success(status: int, body: bytes) -> None:
    assert status < 500, body
    if status >= 400:
        envelope: Any = json.loads(body)
        assert envelope["error"] is True
        assert envelope["code"] in CODES[status]


@given(
    path=st.sampled_from(POSTS), body=st.binary(max_size=200) | JSON_VALUES.map(json.dumps).map(str.encode) | MANGLED
)
@LIMITS
def test_fuzzed_bodies(host: Host, path: str, body: bytes) -> None:
    answer = send(
        host, "POST", f"/services/personnel{path}", body, Authorization=BASIC, Content_Type="application/json"
    )
    assert_refusal_or_success(*answer)


@given(path=st.sampled_from(POSTS), content_type=st.sampled_from(CONTENT_TYPES) | TOKEN, text=st.text(max_size=40))
@LIMITS
def test_fuzzed_media_types(host: Host, path: str, content_type: str, text: str) -> None:
    body = text.encode("utf-16", "surrogatepass")
    answer = send(host, "POST", f"/services/personnel{path}", body, Authorization=BASIC, Content_Type=content_type)
    assert answer[0] in (400, 415)
    assert_refusal_or_success(*answer)


@given(method=TOKEN, path=st.text(max_size=60).map(lambda text: quote(text, safe="/")))
@LIMITS
def test_fuzzed_methods_and_paths(host: Host, method: str, path: str) -> None:
    status, body = send(host, method, f"/services/personnel/{path}", Authorization=BASIC)
    assert status in (400, 404, 405)
    if method.upper() != "HEAD":
        assert_refusal_or_success(status, body)


@given(days=st.lists(st.text(min_size=1, max_size=12).map(lambda text: quote(text, safe="")), min_size=2, max_size=2))
@LIMITS
def test_fuzzed_dates(host: Host, days: list[str]) -> None:
    status, body = send(host, "GET", f"/services/personnel/agents/{days[0]}/{days[1]}", Authorization=BASIC)
    assert status in (400, 404)
    assert_refusal_or_success(status, body)


@given(
    credentials=st.binary(max_size=40).map(base64.b64encode)
    | st.text(string.printable.strip(), max_size=40).map(str.encode)
)
@LIMITS
def test_fuzzed_basic_headers(host: Host, credentials: bytes) -> None:
    authorization = "Basic " + credentials.decode()
    status, body = send(host, "GET", "/services/personnel/agents/2025-07-01/2025-07-31", Authorization=authorization)
    assert status == 401
    assert_refusal_or_success(status, body)


@given(query=st.text(max_size=40).map(quote), session=st.text(string.printable.strip(), max_size=40))
@LIMITS
def test_fuzzed_queries_and_sessions(host: Host, query: str, session: str) -> None:
    target = f"/services/personnel/agents/2025-07-01/2025-07-31?{query}"
    assert_refusal_or_success(*send(host, "GET", target, Authorization=BASIC, X_Session_Id=session))
