"""Tokens that are ended before their time: at once here, soon everywhere else, for calls and for open sockets."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from websockets.exceptions import InvalidStatus

from argus_wfm.gateway.identity.revocations import Revocations
from argus_wfm.gateway.storage.tables import revoked_tokens
from tests.support.clock import NOW
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE
from tests.support.mce_client import issued, subscribed
from tests.support.peers import DATABASES, database
from tests.support.polling import until
from tests.support.sso_client import Sso
from tests.support.tokens import FOREIGN, claims, made

SOON_S = 5.0  # a second or so, on a machine that is busy
FAR = NOW + dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def argus(lone_gateway: str) -> Sso:
    return Sso(lone_gateway)


def is_over(argus: Sso, token: str, path: str = "/services/mce/queues") -> bool:
    reply = argus.bearing(token, path)
    assert (reply.status_code == 200) or (reply.status_code, reply.json()["code"]) == (401, "TOKEN_INVALID")
    return reply.status_code == 401


@pytest.mark.parametrize(("audience", "path"), [("mce", "/services/mce/queues"), ("argus", "/api/integration/queue")])
def test_a_token_that_was_ended_opens_nothing_any_more(argus: Sso, audience: str, path: str) -> None:
    token, other = issued(argus.url, audience), issued(argus.url, audience)
    assert not is_over(argus, token, path)
    for _ in range(2):
        reply = argus.revoke(token)
        assert (reply.status_code, reply.json()) == (200, {"revoked": True})
        assert is_over(argus, token, path)
    assert not is_over(argus, other, path)


def test_nobody_is_told_whether_it_was_a_token(argus: Sso) -> None:
    expired = made(claims(exp=int(NOW.timestamp()) - 1, jti="expired"))
    short = [token for token in FOREIGN.values() if len(token) <= 8192]
    for token in (*short, expired, issued(argus.url), "\0", "ё", "x" * 8192):
        reply = argus.revoke(token)
        assert (reply.status_code, reply.json()) == (200, {"revoked": True}), token
    for none in ("", "x" * 8193, 7, None):
        assert argus.sso("/revoke", {"token": none}).status_code == 400


def test_what_others_have_signed_with_our_key_can_be_ended_whatever_its_id(argus: Sso) -> None:
    """None, one that is too long, and such as no database takes; nobody else's goes with it."""
    ids = [None, "", "x" * 64, "x" * 65, "x" * 66, "nul\0", "ё", "a/b", "\ud800"]
    tokens = [made(claims(aud="mce", jti=one, sub=f"somebody {number}")) for number, one in enumerate(ids)]
    for number, token in enumerate(tokens):
        assert not is_over(argus, token)
        assert argus.revoke(token).json() == {"revoked": True}
        assert [is_over(argus, one) for one in tokens[: number + 1]] == [True] * (number + 1)


def test_it_opens_no_socket_and_closes_those_that_are_open(argus: Sso) -> None:
    token, other = issued(argus.url), issued(argus.url)
    with (
        subscribed(argus.url, token) as plain,
        subscribed(argus.url, token, extended=1) as extended,
        subscribed(argus.url, token, agent_id="a") as of_one,
        subscribed(argus.url, other) as stays,
    ):
        assert argus.revoke(token).ok
        for heard in (plain, extended, of_one):
            assert heard.ended(SOON_S) == (1008, "the token is not accepted any more")
        with pytest.raises(InvalidStatus) as refused, subscribed(argus.url, token):
            pass
        assert refused.value.response.status_code == 401
        assert stays.rest() == []


@pytest.mark.parametrize("kind", DATABASES)
def test_the_other_gateway_of_a_database_knows_soon(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(database(kind, tmp_path))
        one, other = (Sso(stack.enter_context(gateway_on(NOWHERE, database_url=url))) for _ in range(2))
        token = issued(one.url)
        assert not is_over(other, token)
        with subscribed(other.url, token) as heard:
            assert one.revoke(token).ok
            assert is_over(one, token)
            until(lambda: is_over(other, token), within_s=SOON_S)
            assert heard.ended(SOON_S)[0] == 1008
        late = Sso(stack.enter_context(gateway_on(NOWHERE, database_url=url)))
        assert is_over(late, token)


class TestKept:
    def test_until_the_token_has_expired_anyhow(self, sqlite_engine: sa.Engine) -> None:
        times = [NOW]
        revocations = Revocations(sqlite_engine, lambda: times[0])
        revocations.revoke("a", FAR)
        revocations.revoke("b", FAR + dt.timedelta(hours=1))
        times[0] = FAR
        revocations.purge()
        revocations.look()
        assert ("a" in revocations, "b" in revocations) == (False, True)
        with sqlite_engine.connect() as connection:
            assert connection.scalars(sa.select(revoked_tokens.c.token_id)).all() == ["b"]

    def test_a_look_that_is_under_way_forgets_nothing(self, sqlite_engine: sa.Engine) -> None:
        """One that has read the table before a token is ended, and is done after that."""
        revocations = Revocations(sqlite_engine, lambda: NOW)
        looking, read = threading.Event(), threading.Event()

        def slowly(*_: object) -> None:
            if threading.current_thread() is looker:
                looking.set()
                read.wait(0.3)

        sa.event.listen(sqlite_engine, "after_cursor_execute", slowly)
        looker = threading.Thread(target=revocations.look)
        looker.start()
        looking.wait(5)
        revocations.revoke("a", FAR)
        read.set()
        looker.join()
        assert "a" in revocations
