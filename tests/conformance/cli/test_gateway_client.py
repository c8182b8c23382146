"""The client of a running gateway: tokens, `argus token`, and servers that are no gateway."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest

from argus_wfm.conformance.cli.gateway_client import GatewayClient
from argus_wfm.conformance.errors import RemoteError
from argus_wfm.conformance.target.profile import DEVELOPMENT_KEY
from tests.support.gateway_commands import Shell
from tests.support.http_client import TOKEN_KEY, hangs, tcp


def test_token_is_printed_alone_and_opens_the_gateway(argus: Shell) -> None:
    given = argus("token", "--development", "--subject", "ops", "--life", "60", "--now", "2035-07-29T01:30:00Z")
    claims = jwt.decode(given.out.strip(), DEVELOPMENT_KEY, ["HS256"], audience="argus", options={"verify_iat": False})
    assert (claims["sub"], claims["exp"] - claims["iat"], given.err) == ("ops", 60, "")
    argus.patch.setenv("ARGUS_TOKEN", f"{given.out}\n")
    assert argus("queue", "status").code == 0
    assert argus("audit", "search", "--principal", "ops", "--json").json["items"]


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        ([], "", "Set ARGUS_TOKEN_KEY to the gateway's key, or ARGUS_TOKEN_KEYS to its folder"),
        ([], "short", "ARGUS_TOKEN_KEY: a token key has at least 32 bytes"),
        (["--development", "--now", "soon"], "", "--now soon is no instant"),
        (["--life", "0"], TOKEN_KEY, "'--life'"),
    ],
)
def test_token_that_cannot_be_made(arguments: list[str], key: str, said: str, bare: Shell) -> None:
    bare.patch.setenv("ARGUS_TOKEN_KEY", key)
    assert said in bare("token", *arguments).refused()


def test_refused_tokens_say_what_to_do(argus: Shell) -> None:
    early = argus("token", "--development", "--now", "2025-01-01").out
    other = argus("token", "--development", "--audience", "bi", "--now", "2035-01-01").out
    refused = {"e30.e30.x": "TOKEN_INVALID", early: "TOKEN_EXPIRED", other: "INSUFFICIENT_SCOPE"}
    for token, code in refused.items():
        argus.patch.setenv("ARGUS_TOKEN", token)
        told = argus("queue", "status").refused()
        assert f"argus: {code}: " in told
        assert "Set ARGUS_TOKEN to a token of this gateway" in told
    argus.patch.setenv("ARGUS_TOKEN", "secret\nvalue")
    assert argus("queue", "status").refused() == "argus: ARGUS_TOKEN is no token; argus token makes one.\n"
    argus.patch.delenv("ARGUS_TOKEN")
    for key, said in (("short", "shorter than 32 bytes"), (TOKEN_KEY, "TOKEN_INVALID")):
        argus.patch.setenv("ARGUS_TOKEN_KEY", key)
        assert said in argus("queue", "status").refused()


def test_token_of_ours_is_renewed_when_it_expires(argus: Shell) -> None:
    remote = argus.remote()
    remote.get("/queue")
    assert argus.gateway.control("/clock", {"move_seconds": 7200}).ok
    assert remote.get("/queue")["paused"] is False


@contextlib.contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server that always answers so; its URL, and the Authorizations it got."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.append(self.headers.get("Authorization", ""))
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>", "is not the gateway's JSON; is --url right?"),
        (200, b"[]", "is not the gateway's JSON"),
        (500, b"<html>", "answered 500, and not as the gateway does"),
        (302, b"", "answered 302, and not as the gateway does"),
        (401, b"", "refused the token (401). Set ARGUS_TOKEN"),
        (409, '{"code": "X", "message": "нет\\n\\u001b[31m"}'.encode(), "X: нет \N{REPLACEMENT CHARACTER}[31m"),
    ],
)
def test_server_that_is_no_gateway(status: int, body: bytes, said: str) -> None:
    with answering(status, body) as (url, _), pytest.raises(RemoteError) as raised:
        GatewayClient(url, {}).get("/queue")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_token_is_signed_for_the_date_of_the_gateway(bare: Shell) -> None:
    with answering(200, b"{}", Date="Tue, 29 Jul 2025 01:30:00 GMT") as (url, got):
        GatewayClient(url, {"ARGUS_TOKEN_KEY": TOKEN_KEY}).get("/queue")
    claims = jwt.decode(
        got[-1].removeprefix("Bearer "), TOKEN_KEY, ["HS256"], audience="argus", options={"verify_exp": False}
    )
    assert claims == {"iss": "argus", "sub": "argus", "aud": "argus", "iat": 1753752600, "exp": 1753756200}


def test_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argus_wfm.conformance.cli.gateway_client.TOTAL_S", 0.1)
    with tcp(hangs) as url, pytest.raises(RemoteError, match="no whole answer within"):
        GatewayClient(url, {"ARGUS_TOKEN": "x"}).get("/queue")
