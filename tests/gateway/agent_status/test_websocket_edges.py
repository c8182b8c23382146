"""Who may subscribe, for how long, and what ends a subscription: refusals, tokens, frames, slow readers, resets."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from argus_wfm.json_type import Json
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE, Caller
from tests.support.mce_client import STREAM, Centre, address, issued, subscribed
from tests.support.polling import until
from tests.support.raw_websocket import accepted, metric, raw

HOUR_S = 3600


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Its clock is moved; whoever asks takes a new token."""
    with gateway_on(NOWHERE, stream_heartbeat_s=30 * HOUR_S, stream_sockets=3) as url:
        yield url


def refusal(where: str, authorization: str | None) -> tuple[int, Json, Any]:
    """Status, envelope and headers of a refused upgrade."""
    headers = {"Authorization": authorization} if authorization else {}
    with pytest.raises(InvalidStatus) as refused, connect(where, additional_headers=headers, proxy=None):
        pass
    response = refused.value.response
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Date"]
    body = json.loads(response.body)
    assert body["error"] is True
    return response.status_code, body, response.headers


# who may


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "UNAUTHORIZED"),
        ("Basic YXJndXM6YXJndXMtZGV2", "UNAUTHORIZED"),
        ("Bearer", "UNAUTHORIZED"),
        ("Bearer  ", "UNAUTHORIZED"),
        ("Bearer x", "TOKEN_INVALID"),
        ("Bearer a.b.c", "TOKEN_INVALID"),
        ("Bearer " + "x" * 4000, "TOKEN_INVALID"),
    ],
)
def test_without_a_good_token_no_socket_opens(url: str, authorization: str | None, code: str) -> None:
    status, body, headers = refusal(address(url), authorization)
    assert (status, body["code"]) == (401, code)
    assert headers["WWW-Authenticate"] == 'Bearer realm="argus"'


def test_a_token_for_another_api_opens_none(url: str) -> None:
    status, body, _ = refusal(address(url), f"Bearer {issued(url, 'argus')}")
    assert (status, body["code"]) == (403, "INSUFFICIENT_SCOPE")


def test_a_token_that_has_expired_opens_none(url: str) -> None:
    token = issued(url)
    assert Caller(url).control("/clock", {"move_seconds": HOUR_S + 1}).ok
    status, body, _ = refusal(address(url), f"Bearer {token}")
    assert (status, body["code"]) == (401, "TOKEN_EXPIRED")


def test_a_subscription_ends_with_its_token(centre: Centre) -> None:
    with subscribed(centre.url) as plain, subscribed(centre.url, extended=1) as extended:
        extended.snapshot()
        assert Caller(centre.url).control("/clock", {"move_seconds": HOUR_S - 60}).ok
        assert plain.rest(1.2) == []
        with subscribed(centre.url) as later:
            assert Caller(centre.url).control("/clock", {"move_seconds": 61}).ok
            assert plain.ended() == extended.ended() == (1008, "the token has expired")
            Centre(centre.url).send("login", "a")
            assert later.next()["agent_id"] == "a"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("agent=a", "agent"),
        ("agent_id=", "agent_id"),
        ("agent_id=" + "x" * 65, "agent_id"),
        ("agent_id=a&agent_id=b", "agent_id"),
        ("queue=", "queue"),
        ("extended=2", "extended"),
        ("extended=true", "extended"),
        ("extended=1&since=-1", "since"),
        ("extended=1&since=x", "since"),
        ("extended=1&since=", "since"),
        ("extended=1&since=1%0A", "since"),
        ("extended=1&since=%D9%A1", "since"),
        ("extended=1&since=1" + "0" * 18, "since"),
        ("since=1", "since"),
        ("extended=0&since=1", "since"),
        ("extended=1&access_token=x", "access_token"),
    ],
)
def test_a_query_against_the_contract_is_refused_and_the_member_named(centre: Centre, query: str, field: str) -> None:
    status, body, _ = refusal(f"{address(centre.url)}?{query}", f"Bearer {centre.token}")
    assert (status, body["code"], body["details"]["field"]) == (400, "VALIDATION_ERROR", field)


def test_anything_may_be_filtered_by_that_an_id_may_hold(centre: Centre) -> None:
    """NUL and half characters find nothing, and break nothing."""
    for query in ("agent_id=%00&extended=1", "agent_id=%ED%A0%80&extended=1", "queue=%FF&extended=1", "extended=0"):
        with connect(
            f"{address(centre.url)}?{query}",
            additional_headers={"Authorization": f"Bearer {centre.token}"},
            proxy=None,
        ) as opened:
            if "extended=1" in query:
                assert '"agents":[]' in str(opened.recv(timeout=5))


@pytest.mark.parametrize("path", ["?agent_id=Ёж", "?queue=\xff", "/Ёж"])
def test_an_upgrade_that_is_no_ascii_is_answered(centre: Centre, path: str) -> None:
    with raw(centre.url, centre.token, path=STREAM.address + path) as made:
        assert made.recv(12)[9:12] in (b"400", b"404", b"101")


def test_a_token_holds_so_many_sockets_and_no_more(centre: Centre) -> None:
    other = issued(centre.url, subject="other")
    with contextlib.ExitStack() as stack:
        first = contextlib.ExitStack()
        first.enter_context(subscribed(centre.url, centre.token))
        for _ in range(2):
            stack.enter_context(subscribed(centre.url, centre.token))
        status, body, headers = refusal(address(centre.url), f"Bearer {centre.token}")
        assert (status, body["code"], headers["Retry-After"]) == (429, "TOO_MANY_REQUESTS", "10")
        stack.enter_context(subscribed(centre.url, other))
        first.close()
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 3, what="the closed one is gone")
        with subscribed(centre.url, centre.token) as heard:
            centre.send("login", "a")
            assert heard.next()["agent_id"] == "a"


def test_a_refused_upgrade_takes_no_place(centre: Centre) -> None:
    for _ in range(5):
        assert refusal(f"{address(centre.url)}?x=1", f"Bearer {centre.token}")[0] == 400
    with (
        subscribed(centre.url, centre.token),
        subscribed(centre.url, centre.token),
        subscribed(centre.url, centre.token),
    ):
        pass


# what is no subscription


@pytest.mark.parametrize("path", ["/ws", "/ws/agent-status/", "/ws/agent-statuses", "/services/mce/events", "/"])
def test_a_socket_elsewhere_is_not_found(centre: Centre, path: str) -> None:
    status, body, _ = refusal(f"ws{centre.url.removeprefix('http')}{path}", f"Bearer {centre.token}")
    assert (status, body["code"]) == (404, "NOT_FOUND")


def test_a_plain_request_is_told_that_it_is_a_socket(centre: Centre) -> None:
    reply = Caller(centre.url).root(STREAM.address)
    assert (reply.status_code, reply.json()["code"], reply.json()["details"]["field"]) == (
        400,
        "VALIDATION_ERROR",
        "Upgrade",
    )


def test_the_contract_is_served_beside_it(url: str) -> None:
    assert Caller(url).root(f"{STREAM.address}/asyncapi.json").json() == STREAM.document


# what a subscriber sends


def test_what_a_subscriber_sends_means_nothing(centre: Centre) -> None:
    with subscribed(centre.url, extended=1) as heard:
        heard.snapshot()
        for sent in ("", "x" * 4096, '{"event": "login", "agent_id": "a"}', b"\x00\xff" * 2048):
            heard.socket.send(sent)
        heard.socket.send(["in ", "parts"])
        assert heard.socket.ping().wait(5)
        centre.send("login", "b")
        assert (heard.next()["agent_id"], heard.rest(0.1)) == ("b", [])
    assert [one["agent_id"] for one in centre.get("/agents/status")["agents"]] == ["b"]


@pytest.mark.parametrize("sent", ["x" * 4097, b"\x00" * 4097, "Ж" * 2049])
def test_a_frame_that_is_too_large_ends_it(centre: Centre, sent: str | bytes) -> None:
    with subscribed(centre.url) as heard, subscribed(centre.url) as other:
        heard.socket.send(sent)
        assert heard.ended()[0] == 1009
        centre.send("login", "a")
        assert other.next()["agent_id"] == "a"


def test_whoever_goes_away_without_a_word_is_forgotten(centre: Centre) -> None:
    with raw(centre.url, centre.token) as made:
        accepted(made)
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 1, what="it is there")
    until(lambda: metric(centre.url, "argus_stream_subscribers") == 0, what="it is gone")


def test_a_reset_sends_subscribers_away_and_sequences_begin_again(centre: Centre) -> None:
    centre.send("login", "a")
    with subscribed(centre.url, extended=1) as heard, subscribed(centre.url, agent_id="a") as other:
        heard.snapshot()
        assert Caller(centre.url).control("/reset", {}).ok
        assert heard.ended()[0] == other.ended()[0] == 1012
    with subscribed(centre.url, extended=1) as heard:
        assert heard.snapshot()["sequence"] == 0
        centre.send("login", "b")
        assert heard.next()["sequence"] == 1


def test_a_gateway_that_stops_says_so() -> None:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(gateway_on(NOWHERE))
        with subscribed(url, extended=1) as heard:
            heard.snapshot()
            stack.close()
            assert heard.ended()[0] == 1012


# what is written down


def test_upgrades_are_in_the_audit_trail_and_among_the_metrics(centre: Centre) -> None:
    with subscribed(centre.url, issued(centre.url, subject="Ёж"), agent_id="a"):
        until(lambda: metric(centre.url, "argus_stream_subscribers") == 1, what="one")
    refusal(address(centre.url), "Bearer x")
    asked = f"{centre.url}/api/integration/audit?operation=agentStatus"
    headers = {"Authorization": f"Bearer {issued(centre.url, 'argus')}"}
    refused, taken = centre.authorized(headers["Authorization"], asked.removeprefix(centre.url)).json()["items"]
    assert [(one["status"], one["principal"], one["transport"]) for one in (taken, refused)] == [
        (101, "Ёж", "ws"),
        (401, None, "ws"),
    ]
    assert taken["path"] == "/ws/agent-status?agent_id=a"
    assert (taken["error"], refused["error"]["code"]) == (None, "TOKEN_INVALID")
    for status in ("101", "401"):
        assert metric(centre.url, f'argus_requests_total{{operation="agentStatus",status="{status}"}}') >= 1


def test_what_was_told_is_counted(centre: Centre) -> None:
    changes, messages = (metric(centre.url, f"argus_stream_{name}_total") for name in ("changes", "messages"))
    with subscribed(centre.url) as heard, subscribed(centre.url, agent_id="b"):
        centre.send("login", "a")
        centre.send("login", "b")
        assert [one["agent_id"] for one in (heard.next(), heard.next())] == ["a", "b"]
    until(lambda: metric(centre.url, "argus_stream_messages_total") == messages + 3, what="three messages")
    assert metric(centre.url, "argus_stream_changes_total") == changes + 2
