"""Who may ask MCE, and by which methods."""

from __future__ import annotations

import pytest

from tests.support.http_client import Caller, refused
from tests.support.mce_client import MCE, Centre, issued, new_id, of


@pytest.fixture
def centre(lone_gateway: str) -> Centre:
    return Centre(lone_gateway)


@pytest.mark.parametrize(
    "path", ["/agents/status", "/breaks", "/breaks/reasons", "/queues", "/calls/C", "/agents/A/changes"]
)
def test_nobody_is_let_in_without_a_token_of_this_api(centre: Centre, path: str) -> None:
    path = MCE + path
    assert centre.authorized(None, path).status_code == 401
    assert Caller(centre.url).root(path).status_code == 401, "Basic credentials of another API"
    refused(centre.authorized("Bearer x.y.z", path), 401, "TOKEN_INVALID")
    refused(centre.authorized(f"Bearer {issued(centre.url, 'argus')}", path), 403, "INSUFFICIENT_SCOPE")


def test_a_token_of_the_contact_centre_opens_no_operations(centre: Centre) -> None:
    authorization = f"Bearer {centre.token}"
    refused(centre.authorized(authorization, "/api/integration/queue"), 403, "INSUFFICIENT_SCOPE")
    assert centre.authorized(authorization).ok


def test_a_token_for_another_api_tells_nothing(lone_gateway: str) -> None:
    other = Centre(lone_gateway, issued(lone_gateway, "argus"))
    refused(other.post(of("login", new_id("MCE"))), 403, "INSUFFICIENT_SCOPE")
    refused(other.load("q", 1), 403, "INSUFFICIENT_SCOPE")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/events", "POST"),
        ("POST", "/agents/status", "GET, HEAD"),
        ("DELETE", "/queues/q", "PUT"),
        ("PATCH", "/breaks/reasons", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_has_not_is_told_which_it_has(centre: Centre, method: str, path: str, allow: str) -> None:
    reply = centre.ask(method, path)
    refused(reply, 405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"] == allow
