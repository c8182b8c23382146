"""Sessions over HTTP: given, kept, and replaced where they are not the caller's."""

import base64

from tests.support.served_contract import Host


def test_a_session_is_given_and_kept(host: Host) -> None:
    session = host.get_agents().headers["X-Session-Id"]
    assert host.get_agents(headers={"X-Session-Id": session}).headers["X-Session-Id"] == session
    assert host.norm(data=b"{", headers={"X-Session-Id": session}).headers["X-Session-Id"] == session
    assert host.get_agents().headers["X-Session-Id"] != session


def test_a_session_of_another_principal_or_none_of_ours_is_replaced(host: Host) -> None:
    session = host.get_agents().headers["X-Session-Id"]
    other = "Basic " + base64.b64encode("другой:another".encode()).decode()
    headers = {"X-Session-Id": session, "Authorization": other}
    assert host.get_agents(headers=headers).headers["X-Session-Id"] != session
    assert host.get_agents(headers={"X-Session-Id": "forged"}).headers["X-Session-Id"] != "forged"
