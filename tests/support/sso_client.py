"""Logins at a gateway that has a directory behind it: the mock of Active Directory, or slapd."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from typing import Any

import requests

from argus_wfm.json_type import Json
from argus_wfm.mocks.ldap.accounts import FIRST_PASSWORD, SERVICE_PASSWORD, LockoutPolicy
from argus_wfm.mocks.ldap.entries import PEOPLE, SERVICE
from argus_wfm.mocks.people import FIRST
from tests.support.directories import Served, mocked, slapd
from tests.support.gateway import gateway_on
from tests.support.http_client import NOWHERE, Caller

LOGIN, RIGHT = FIRST.login, FIRST_PASSWORD
DIRECTORIES = ("mock", "slapd")
NEVER = 10**6  # wrong passwords that lock nobody


class Sso(Caller):
    """The gateway as who wants a token sees it; each request comes on a connection of its own unless asked in turn."""

    def ask(
        self,
        username: str = LOGIN,
        password: str = RIGHT,
        target: str = "mce",
        *,
        user: str | None = None,
        authorization: str | None = None,
        **body: Any,
    ) -> requests.Response:
        """For a token; `user` is the one in Authorization where it is another."""
        sent = {"username": username, "auth_type": "ldap", "target_system": target, **body}
        header = basic(username if user is None else user, password) if authorization is None else authorization
        return self.sso("/token", {name: value for name, value in sent.items() if value is not None}, header)

    def sso(self, path: str, body: Json, authorization: str = "") -> requests.Response:
        """A POST; in a session of its own, since callers share theirs with no other thread."""
        headers = {"Authorization": authorization} if authorization else {}
        with contextlib.closing(requests.Session()) as session:
            session.trust_env = False
            return session.post(f"{self.url}/auth/sso{path}", json=body, headers=headers, timeout=60)

    def token(self, target: str = "mce", **options: Any) -> str:
        reply = self.ask(target=target, **options)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["access_token"])

    def revoke(self, token: str) -> requests.Response:
        return self.sso("/revoke", {"token": token})

    def bearing(self, token: str, path: str = "/services/mce/queues") -> requests.Response:
        """A GET of an API that takes tokens."""
        headers = {"Authorization": f"Bearer {token}"}
        with contextlib.closing(requests.Session()) as session:
            session.trust_env = False
            return session.get(self.url + path, headers=headers, timeout=30)

    def move(self, seconds: float) -> None:
        """The gateway's clock."""
        assert self.control("/clock", {"move_seconds": seconds}).ok

    def upstream(self) -> Json:
        """The directory, as /health knows it."""
        return self.root("/health").json()["upstreams"]["ldap"]


def basic(user: str, password: str) -> str:
    """Of Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def behind(directory: Served, **changed: Any) -> dict[str, Any]:
    """Settings of a gateway before it; nobody is locked out."""
    return {
        "ldap_url": directory.url,
        "ldap_user": SERVICE,
        "ldap_password": SERVICE_PASSWORD,
        "ldap_base": PEOPLE,
        "login_failures": NEVER,
        **changed,
    }


@contextlib.contextmanager
def directory_of(kind: str, *faults: str) -> Iterator[Served]:
    """One that locks nobody out either, unless told to."""
    with mocked(*faults, lockout=LockoutPolicy(threshold=0)) if kind == "mock" else slapd() as served:
        yield served


@contextlib.contextmanager
def sso_on(directory: Served, **changed: Any) -> Iterator[Sso]:
    """A gateway before the directory, its clock at NOW."""
    with gateway_on(NOWHERE, **behind(directory, **changed)) as url:
        yield Sso(url)


def refusal(reply: requests.Response) -> tuple[int, dict[str, str], Json]:
    """All that a caller can tell it by: status, headers and body, but for the time and the request's id."""
    headers = {name.lower(): value for name, value in reply.headers.items()}
    del headers["date"], headers["x-request-id"]
    body = reply.json()
    del body["details"]["timestamp"]
    return reply.status_code, headers, body


def is_refused(reply: requests.Response, status: int = 401, code: str = "INVALID_CREDENTIALS") -> None:
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert "access_token" not in reply.text
    assert "X-Session-Id" not in reply.headers
