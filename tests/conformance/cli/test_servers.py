"""Commands that start servers: what serves, where and with whom; a worker; and one line for what cannot start."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import ldap3
import pytest
import requests

from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.cli.gateway_client import GatewayClient
from argus_wfm.conformance.launch.process import STILL
from tests.support.command_line import ARGUS, CLEAN, running, started
from tests.support.gateway_commands import Shell
from tests.support.http_client import AGENTS, PASSWORD, USER, Caller
from tests.support.peers import absent
from tests.support.polling import until


def test_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["up", "--port", port, "--zup-port", "0"]) == 2
    assert f"127.0.0.1:{port}" in capsys.readouterr().err


def test_faults_are_listed_and_each_example_starts_a_mock(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    screen = capsys.readouterr().out
    assert main(["faults", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"latency", "hang", "drip", "refuse", "half-head", "amend"} <= told["faults"].keys()
    for word in [*told["faults"], *told["common"], *told["examples"]]:
        assert word in screen, word
    given = [part for example in told["examples"] for part in ("--fault", example)]
    with started(
        "mock", "all", "--port", "0", "--oktell-port", "0", "--sites-port", "0", "--ldap-port", "0", *given
    ) as told_ready:
        on = {name: Caller(url).control("/faults").json()["faults"] for name, url in told_ready["controls"].items()}
        assert on.keys() == {"zup", "oktell", "sites", "ldap"}
        assert all(on.values())
        assert sum(map(len, on.values())) == len(told["examples"])


def test_up_serves_both_at_the_given_instant() -> None:
    with running(
        *STILL,
        "--now",
        "2025-07-29T01:30:00Z",
    ) as urls:
        assert list(urls) == ["gateway", "zup", "oktell", "sites", "ldap"]
        assert Caller(urls["oktell"]).control("/live").json() == {"speed": 0}
        for url in (urls["gateway"], urls["zup"]):
            body = Caller(url).get(AGENTS).json()
            assert body["total_count"] == 513
            assert body["sync_timestamp"].startswith("2025-07-29T01:3")
            assert Caller(url).get("/ui/").status_code == 200
            assert Caller(url).control("/clock").ok


def test_mock_alone_has_the_people_it_was_told() -> None:
    with running("mock", "zup", "--port", "0", "--agents", "7") as urls:
        assert Caller(next(iter(urls.values()))).get(AGENTS).json()["total_count"] == 7


def test_oktell_tells_the_gateway_that_it_is_started_with() -> None:
    up = running(
        "up",
        "--port",
        "0",
        "--zup-port",
        "0",
        "--oktell-port",
        "0",
        "--sites-port",
        "0",
        "--sites-beat",
        "0",
        "--ldap-port",
        "0",
        "--now",
        "2025-07-29T01:30:00Z",
    )
    with up as urls:
        oktell = Caller(urls["oktell"])
        assert oktell.control("/clock", {"move_seconds": 45}).ok
        posting = oktell.control("/state").json()["posting"]
        assert posting["posted"] > 5
        assert "401" not in posting["refused_by_status"]


def test_mock_oktell_alone_posts_to_nobody() -> None:
    with running("mock", "oktell", "--port", "0", "--oktell-agents", "7", "--oktell-speed", "60") as urls:
        state = Caller(urls["oktell"]).control("/state").json()
        assert (len(state["agents"]), state["speed"], state["posting"]) == (7, 60, None)


def test_ldapsearch_finds_person_1_with_what_mock_ldap_prints() -> None:
    with started("mock", "ldap", "--port", "0", "--agents", "7") as told:
        secrets = told["credentials"]["ldap"]
        given = ["-D", secrets["bind_dn"], "-w", secrets["bind_password"], "-b", secrets["base"], "-o", "ldif-wrap=no"]
        command = [
            "ldapsearch",
            "-x",
            "-LLL",
            "-H",
            told["ready"]["ldap"],
            *given,
            f"(sAMAccountName={secrets['user']})",
        ]
        try:
            found = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=30)
        except FileNotFoundError:
            absent("ldapsearch is not installed (Debian: apt-get install ldap-utils)")
        assert f"cn:: {base64.b64encode('Иванов Иван Иванович'.encode()).decode()}" in found.stdout.splitlines()
        assert Caller(told["controls"]["ldap"]).control("/state").json()["people"] >= 7


def test_ldaps_is_there_when_asked_for(tmp_path: Path) -> None:
    with started("mock", "ldap", "--port", "0", "--ldaps-port", "0", "--agents", "7") as told:
        secrets, authority = told["credentials"]["ldap"], tmp_path / "authority.pem"
        authority.write_bytes(requests.get(secrets["authority"], timeout=10).content)
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(authority))
        server = ldap3.Server(secrets["ldaps"], tls=tls, get_info=ldap3.NONE)
        connection = ldap3.Connection(server, f"COMPANY\\{secrets['user']}", secrets["password"])
        assert connection.bind()
        connection.unbind()


WORKER = {
    "ARGUS_ZUP_URL": "http://127.0.0.1:1/services/personnel",
    "ARGUS_ZUP_USER": USER,
    "ARGUS_ZUP_PASSWORD": PASSWORD,
    "ARGUS_USER": USER,
    "ARGUS_PASSWORD": PASSWORD,
    "ARGUS_STOP_GRACE_S": "0",
}


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
        workers = until(lambda: remote.get("/queue")["workers"], lambda known: len(known) == 2, within_s=30.0)
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
