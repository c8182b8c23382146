"""What is written down of logins, and that no password, header or token is: not in the trail, the log or a figure."""

from __future__ import annotations

import base64
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from argus_wfm.gateway import logs
from argus_wfm.gateway.identity.keys import Keys
from argus_wfm.gateway.upstream.ldap_login import DirectoryAccount
from argus_wfm.json_type import Json
from tests.support.directories import Served
from tests.support.peers import DATABASES, database
from tests.support.sso_client import LOGIN, RIGHT, Sso, basic, sso_on

WRONG = "Wr0ng-пароль-of-somebody"
TYPED = "my-Passw0rd-where-the-name-belongs"


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    return stream


def trail(sso: Sso, **query: str) -> list[Json]:
    token = sso.control("/token", {"audience": "argus"}).json()["access_token"]
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    reply = sso.bearing(token, f"/api/integration/audit?{asked}")
    assert reply.status_code == 200, reply.text
    records: list[Json] = reply.json()["items"]
    return records


def test_a_login_is_a_call_in_and_a_call_out(mock_directory: Served) -> None:
    with sso_on(mock_directory) as sso:
        reply = sso.ask()
        (inward,) = trail(sso, direction="inbound", operation="issueToken")
        (outward,) = trail(sso, direction="outbound")
    assert (inward["principal"], inward["status"], inward["error"]) == (LOGIN, 200, None)
    assert inward["payload"] == {"username": "***", "auth_type": "ldap", "target_system": "mce"}
    assert (outward["system"], outward["operation"], outward["principal"]) == ("ldap", "login", LOGIN)
    assert (outward["payload"], outward["error"], outward["transport"]) == (None, None, "ldap")
    assert outward["request_id"] == inward["request_id"] == reply.headers["X-Request-Id"]
    assert "does not hold" in outward["warning"]
    assert outward["duration_ms"] > 0


def test_an_encrypted_login_is_one(mock_directory: Served) -> None:
    authority = str(mock_directory.authority)
    for settings in ({"ldap_url": mock_directory.tls_url}, {"ldap_start_tls": True}):
        with sso_on(mock_directory, ldap_ca_file=authority, **settings) as sso:
            assert sso.ask().status_code == 200
            (outward,) = trail(sso, direction="outbound")
        assert (outward["transport"], outward["warning"]) == ("ldaps", None)


@pytest.mark.parametrize("kind", DATABASES)
def test_a_refused_login_names_nobody_and_a_failed_one_says_why(
    kind: str, mock_directory: Served, tmp_path: Path
) -> None:
    with database(kind, tmp_path) as url, sso_on(mock_directory, database_url=url) as sso:
        for username in (LOGIN, "no.such.user", "nul\0", "ё" * 256):
            assert sso.ask(username, WRONG).status_code == 401
        refused = trail(sso, direction="outbound")
        mock_directory.control("/faults", {"fault": "refuse"})
        assert sso.ask().status_code == 503
        mock_directory.control("/reset", {})
        failed = trail(sso, direction="outbound")[0]
    assert [one["error"]["code"] for one in refused] == ["INVALID_CREDENTIALS"] * 4
    assert len({str(one["error"]) for one in refused}) == 1
    assert {one["principal"] for one in refused} == {None}
    assert (failed["error"]["code"], failed["principal"]) == ("LDAP_UNAVAILABLE", None)
    assert failed["error"]["last_error"] == "no connection, or a dropped one"


@pytest.mark.parametrize("kind", DATABASES)
def test_a_service_account_that_is_refused_is_told_whatever_the_directory_says(
    kind: str, mock_directory: Served, tmp_path: Path
) -> None:
    """Active Directory's words end with a NUL, which PostgreSQL takes nowhere."""
    with database(kind, tmp_path) as url, sso_on(mock_directory, database_url=url, ldap_password="other") as sso:
        assert sso.ask().status_code == 503
        assert sso.upstream()["last_error"] == "it refuses (invalidCredentials, 49)"
        assert trail(sso, direction="outbound")[0]["error"]["last_error"] == "it refuses (invalidCredentials, 49)"


def test_no_secret_is_written_down_anywhere(mock_directory: Served, tmp_path: Path, log: io.StringIO) -> None:
    said: list[str] = []
    with sso_on(mock_directory, database_url=f"sqlite:///{tmp_path / 'argus.sqlite3'}", login_failures=3) as sso:
        token = sso.token()
        replies = [
            sso.ask(password=WRONG),
            sso.ask("no.such.user", WRONG),
            sso.ask(TYPED, WRONG),
            sso.ask(target="sap"),
            sso.ask(auth_type="kerberos", password=WRONG),
            sso.ask(authorization=f"Bearer {token}"),
            sso.ask(authorization=f"Basic {TYPED}"),
            sso.bearing(token[:-6] + "AAAAAA"),
            sso.bearing(token, f"/services/mce/queues?access_token={token}"),
            sso.bearing(token),
            sso.revoke(token),
            sso.revoke(token[:-2]),
            sso.bearing(token),
        ]
        mock_directory.control("/faults", {"fault": "reset"})
        replies.append(sso.ask())
        mock_directory.control("/reset", {})
        assert sso.ask(TYPED * 10, WRONG).status_code == 400  # whose answer may repeat the name
        said = [reply.text + str(reply.headers) for reply in replies]
        said += [sso.root(path).text for path in ("/metrics", "/health", "/auth/sso/jwks")]
        said += [str(trail(sso, limit="100")), log.getvalue()]
    assert "issueToken" in log.getvalue()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    with closing(sqlite3.connect(tmp_path / "argus.sqlite3")) as connection:
        kept += "\n".join(connection.iterdump()).encode()
    encoded = [basic(LOGIN, RIGHT), basic(LOGIN, WRONG), basic(TYPED, WRONG)]
    secrets = [RIGHT, WRONG, TYPED, token, token.rpartition(".")[2], *(one.removeprefix("Basic ") for one in encoded)]
    for secret in (*secrets, base64.b64encode(WRONG.encode()).decode()):
        assert not [text for text in said if secret in text], secret
        assert secret.encode() not in kept, secret


def test_health_and_metrics_know_the_directory(mock_directory: Served) -> None:
    with sso_on(mock_directory) as sso:
        unknown = sso.upstream()
        assert (unknown["state"], unknown["last_success"]) == ("unknown", None)
        assert sso.ask().status_code == 200
        assert sso.ask(password=WRONG).status_code == 401
        operator = sso.token("argus")  # itself a call to the directory
        known = sso.upstream()
        assert (known["state"], known["last_error"]) == ("ok", None)
        assert sso.bearing(operator, "/api/integration/health").json()["upstreams"]["ldap"] == known
        mock_directory.control("/faults", {"fault": "refuse"})
        assert sso.ask().status_code == 503
        mock_directory.control("/reset", {})
        failing = sso.bearing(operator, "/api/integration/health").json()
        assert (failing["status"], failing["upstreams"]["ldap"]["state"]) == ("failing", "failing")
        figures = {
            (sample.name, sample.labels["upstream"], sample.labels.get("outcome", "")): sample.value
            for family in text_string_to_metric_families(sso.root("/metrics").text)
            for sample in family.samples
            if sample.labels.get("upstream") == "ldap"
        }
    assert figures["argus_breaker_open", "ldap", ""] == 0
    outcomes = {key[2]: value for key, value in figures.items() if key[0] == "argus_upstream_requests_total"}
    assert outcomes == {"ok": 2, "INVALID_CREDENTIALS": 1, "LDAP_UNAVAILABLE": 1}


def test_without_a_directory_nothing_is_said_of_one(mock_directory: Served) -> None:
    with sso_on(mock_directory, ldap_url="") as sso:
        assert set(sso.root("/health").json()["upstreams"]) == {"zup"}


def test_no_secret_shows_where_what_holds_it_is_printed() -> None:
    """As tracebacks with values and debuggers print it."""
    secret = "s3cret-" * 6
    account = DirectoryAccount("ldap://127.0.0.1:9", "cn=svc", secret, "dc=company,dc=ru")
    assert "cn=svc" in repr(account)
    assert secret not in repr(account)
    assert secret not in repr(Keys.shared(secret.encode()).signing)
