"""The way to a running gateway: tokens, servers that are no gateway, and `argus token` and `argus worker`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jwt
import pytest

from argus_wfm.conformance.cli import output
from argus_wfm.conformance.cli.gateway_client import GatewayClient
from argus_wfm.conformance.errors import RemoteError
from argus_wfm.conformance.launch.process import STILL
from argus_wfm.conformance.target.target import DEVELOPMENT_KEY
from tests.support.command_line import ARGUS, CLEAN, running
from tests.support.gateway_commands import Json, Shell, gateway, until
from tests.support.http_client import PASSWORD, TOKEN_KEY, USER, hangs, tcp

WORKER = {
    "ARGUS_ZUP_URL": "http://127.0.0.1:1/services/personnel",
    "ARGUS_ZUP_USER": USER,
    "ARGUS_ZUP_PASSWORD": PASSWORD,
    "ARGUS_USER": USER,
    "ARGUS_PASSWORD": PASSWORD,
    "ARGUS_STOP_GRACE_S": "0",
}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with gateway() as urls:
        yield urls


@pytest.fixture
def argus(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(urls, monkeypatch, capsys)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Without any gateway."""
    monkeypatch.chdir(tmp_path)
    shell = object.__new__(Shell)
    shell.patch, shell._capsys = monkeypatch, capsys
    for name in [name for name in os.environ if name.startswith("ARGUS_")]:
        monkeypatch.delenv(name)
    return shell


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


def test_text_of_a_host_stays_in_its_cell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[list[Json]] = [["Иванов\n[bold]", "\x1b[31m", None], ["b", True, 0.5]]
    output.rows(("имя", "x", "y"), lines, empty="")
    plain = capsys.readouterr().out.splitlines()
    assert plain == [
        "имя            x      y",
        "Иванов [bold]  \N{REPLACEMENT CHARACTER}[31m  –",
        "b              yes    0.5",
    ]
    monkeypatch.setenv("FORCE_COLOR", "1")
    output.rows(("имя", "x", "y"), lines, empty="")
    told = capsys.readouterr().out
    assert "[bold]" in told
    assert "\x1b[31m" not in told


@contextlib.contextmanager
def worker(*arguments: str, **environment: str) -> Iterator[str]:
    """`argus worker` in a process of its own; yields its first line, and checks that SIGTERM ends it well."""
    where = {**CLEAN, **WORKER, **environment}
    with subprocess.Popen(
        [*ARGUS, "worker", *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8", env=where
    ) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline()
        finally:
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 0


@pytest.mark.slow
def test_worker_joins_a_gateway_on_its_database(bare: Shell, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/argus.sqlite3"
    up = running(*STILL, "--database", database)
    with up as urls, worker("--json", ARGUS_DATABASE_URL=database) as line:
        assert json.loads(line) == {"ready": {}}
        remote = GatewayClient(urls["gateway"])
        workers = until(lambda: remote.get("/queue")["workers"], lambda known: len(known) == 2)
        assert {one["id"] for one in workers} == {"worker-0", "worker-1"}
    assert (tmp_path / "argus.sqlite3").exists()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ARGUS_ZUP_URL": ""}, "ARGUS_ZUP_URL: "),
        ({"ARGUS_WORKER_CONCURRENCY": "0"}, "ARGUS_WORKER_CONCURRENCY is 0"),
        ({"ARGUS_DATABASE_URL": "nonsense"}, "ARGUS_DATABASE_URL is no database URL"),
        ({"ARGUS_DATABASE_URL": "sqlite:///none.txt"}, "none.txt cannot be used: file is not a database"),
    ],
)
@pytest.mark.parametrize("command", ["worker", "serve"])
def test_wrong_settings_are_one_line(command: str, environment: dict[str, str], said: str, bare: Shell) -> None:
    if command == "serve" and "ARGUS_WORKER_CONCURRENCY" in environment:
        pytest.skip("a gateway without a worker is allowed")
    Path("none.txt").write_text("no database\n" * 100, encoding="utf-8")
    for name, value in {**WORKER, "ARGUS_PORT": "0", **environment}.items():
        bare.patch.setenv(name, value)
    assert said in bare(command).refused()


def test_no_slot_for_a_worker_is_one_line(bare: Shell, tmp_path: Path) -> None:
    bare.patch.setattr("argus_wfm.gateway.queue.leases.SLOTS", 0)
    for name, value in {**WORKER, "ARGUS_DATABASE_URL": f"sqlite:///{tmp_path}/a.sqlite3"}.items():
        bare.patch.setenv(name, value)
    assert "0 workers run on this database already" in bare("worker").refused()


def test_up_refuses_a_database_it_cannot_use(bare: Shell) -> None:
    assert (
        "mysql is not supported"
        in bare(
            *STILL,
            "--database",
            "mysql://x",
        ).refused()
    )


def test_taken_port_of_serve_leaves_no_socket(bare: Shell, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {
            "ARGUS_PORT": str(taken.getsockname()[1]),
            "ARGUS_DATABASE_URL": f"sqlite:///{tmp_path}/a.sqlite3",
        }
        for name, value in {**WORKER, **environment}.items():
            bare.patch.setenv(name, value)
        assert "Cannot listen on 127.0.0.1:" in bare("serve").refused()
