"""How the worker of generated tests divides its time."""

from __future__ import annotations

import pytest

from argus_wfm.conformance.generated.runner import GeneratedTestOptions, _clients
from argus_wfm.conformance.target import Target, by_url
from argus_wfm.conformance.target.client import Policy
from tests.support.profiles import HOST

pytestmark = pytest.mark.usefixtures("target_credentials")


def test_generated_tests_share_the_time_of_the_contracts_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TARGET_TOKEN", "t")
    target = Target(by_url(HOST, Policy()))
    shares = [[(client.contract.name, share) for client, share in _clients(target, only)[0]] for only in ((), ("mce",))]
    assert shares == [[("personnel", 2 / 3), ("mce", 1 / 3)], [("mce", 1.0)]]
    assert GeneratedTestOptions.read(GeneratedTestOptions(None, 1, 1, ("mce",)).as_json()).only == ("mce",)
