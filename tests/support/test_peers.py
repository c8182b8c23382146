"""A peer that is not there skips its tests, and fails them where ARGUS_REQUIRE_PEERS=1 says that it has to be there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.judges.tools import tool
from tests.support import peers

PEERS = {"POSTGRES": peers.postgres, "REDIS": peers.redis}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_an_absent_peer_is_a_skip_or_a_failure(
    monkeypatch: pytest.MonkeyPatch, name: str, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("ARGUS_REQUIRE_PEERS", required)
    monkeypatch.setattr(peers, name, f"{getattr(peers, name).split('://')[0]}://127.0.0.1:1")
    looks = (peers._no_postgres, peers._no_redis)
    for look in looks:
        look.cache_clear()
    peer: Callable[[], AbstractContextManager[str]] = PEERS[name]
    with pytest.raises(outcome, match=r"does not answer"), peer():
        pass
    for look in looks:
        look.cache_clear()


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_an_absent_judge_is_a_skip_or_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("ARGUS_REQUIRE_PEERS", required)
    monkeypatch.setenv("ARGUS_JUDGES", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(outcome, match="prism is neither in ARGUS_JUDGES nor on PATH"):
        tool("prism")
