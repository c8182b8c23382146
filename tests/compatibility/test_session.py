"""An x-session-id that the release before has issued is taken over by the gateway of today."""

from __future__ import annotations

import pytest
import requests

from argus_wfm.json_type import Json
from argus_wfm.openapi.sessions import Sessions
from tests.compatibility.before import kept
from tests.support.gateway import gateway_on
from tests.support.http_client import AGENTS, BASE, NOWHERE, PASSWORD, USER
from tests.support.mce_client import issued

KEPT = kept("session.json")
SESSIONS = KEPT["sessions"]
KEY = str(KEPT["session_key"])
SCHEMES = [session["scheme"] for session in SESSIONS]


def answered(url: str, session: Json) -> str:
    """The session that a caller is told who presents one."""
    presented = {"X-Session-Id": session["x-session-id"]}
    if session["scheme"] == "basic":
        asked, signs = f"{url}{BASE}{AGENTS}", {"auth": (USER, PASSWORD)}
    else:
        asked, signs = f"{url}/services/mce/queues", {}
        presented["Authorization"] = f"Bearer {issued(url, 'mce', session['principal'])}"
    reply = requests.get(asked, headers=presented, timeout=60, **signs)  # type: ignore[arg-type]
    return reply.headers["X-Session-Id"]


@pytest.mark.parametrize("session", SESSIONS, ids=SCHEMES)
def test_a_session_is_resumed_for_its_principal_alone(session: Json) -> None:
    presented = session["x-session-id"]
    assert Sessions(KEY.encode()).resume(presented, session["principal"]) == presented
    assert Sessions(KEY.encode()).resume(presented, "somebody else") != presented


def test_the_gateway_takes_over_the_sessions_of_the_one_before() -> None:
    with gateway_on(NOWHERE, session_key=KEY) as url:
        assert [answered(url, one) for one in SESSIONS] == [one["x-session-id"] for one in SESSIONS]


def test_a_gateway_with_another_key_takes_over_none() -> None:
    with gateway_on(NOWHERE, session_key=KEY[::-1]) as url:
        told = [answered(url, one) for one in SESSIONS]
    assert not set(told) & {one["x-session-id"] for one in SESSIONS}
