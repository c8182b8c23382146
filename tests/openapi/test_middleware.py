"""What the middleware refuses and withholds on both stacks: paths, methods, media types, replies of ours."""

import logging
from typing import Any

import pytest

from argus_wfm.openapi import ApiResponse, Call
from argus_wfm.openapi.errors import ApiError
from tests.support.served_contract import EXAMPLES, Host, assert_envelope

JSON = {"Content-Type": "application/json"}


def test_405_names_the_methods_of_the_path(host: Host) -> None:
    response = host.request("GET", "/getNormHours")
    assert_envelope(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "POST"
    assert host.request("DELETE", "/agents/2025-07-01/2025-07-31").headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND", "OPTIONS", "QUERY"])
def test_any_method_reaches_the_envelope(host: Host, method: str) -> None:
    assert_envelope(host.request(method, "/getNormHours"), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "path", ["/", "/nope", "/agents", "/agents/2025-07-01/2025-07-31/", "/AGENTS/2025-07-01/2025-07-31"]
)
def test_unknown_paths_get_the_envelope_and_no_redirect(host: Host, path: str) -> None:
    assert_envelope(host.request("GET", path, allow_redirects=False), 404, "NOT_FOUND")


def test_an_undocumented_status_is_our_defect(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.answers["getAgents"] = lambda call: ApiResponse(EXAMPLES["getAgents 200"], status=201)
    with caplog.at_level(logging.ERROR):
        assert_envelope(host.get_agents(), 500, "INTERNAL_ERROR")
    assert "getAgents has no status 201" in caplog.text


def test_an_undocumented_error_is_our_defect_too(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    class Teapot(ApiError):
        status, code = 418, "TEAPOT"

    def brew(call: Call) -> Any:
        raise Teapot("short and stout")

    host.answers["getAgents"] = brew
    with caplog.at_level(logging.ERROR):
        assert_envelope(host.get_agents(), 500, "INTERNAL_ERROR")
    assert "418" in caplog.text


def test_a_reply_against_the_contract_never_leaves(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.answers["getAgents"] = lambda call: {**EXAMPLES["getAgents 200"], "total_count": "1"}
    with caplog.at_level(logging.ERROR):
        assert_envelope(host.get_agents(), 500, "INTERNAL_ERROR")
    assert "total_count" in caplog.text


def test_bodies_over_the_limit_are_413(host: Host) -> None:
    assert_envelope(host.norm(data=b"x" * 10_000_000, headers=JSON), 413, "PAYLOAD_TOO_LARGE")
    assert_envelope(host.norm(data=iter([b"x" * 1_000_000] * 10), headers=JSON), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*, text/plain"])
def test_callers_that_take_no_json_get_406(host: Host, accept: str) -> None:
    assert_envelope(host.get_agents(headers={"Accept": accept}), 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*;q=0.5", "text/html, */*;q=0.1"])
def test_callers_that_take_json_get_it(host: Host, accept: str) -> None:
    assert host.get_agents(headers={"Accept": accept}).status_code == 200


def test_the_date_header_is_our_clock(host: Host) -> None:
    assert host.get_agents().headers["Date"] == "Tue, 29 Jul 2025 01:30:00 GMT"
