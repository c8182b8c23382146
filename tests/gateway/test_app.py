"""What the gateway says of its own state."""

from tests.support.http_client import AGENTS, Caller


def test_health_tells_of_the_upstream_without_calling_it(argus: Caller, zup: Caller) -> None:
    assert argus.root("/health").json()["upstreams"]["zup"]["state"] == "unknown"
    assert zup.control("/state").json()["calls"] == {}
    argus.get(AGENTS)
    health = argus.root("/health").json()
    assert (health["status"], health["upstreams"]["zup"]["state"]) == ("ok", "ok")
