"""The scenarios about deadline and breaker can fail: gateways that have either wrong are told so, by scenario."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_wfm.conformance.model.findings import Verdict
from argus_wfm.conformance.processes.children import Children
from argus_wfm.conformance.scenarios import runner
from argus_wfm.conformance.target import TargetConfig
from argus_wfm.conformance.target.client import Policy
from tests.support.gateway import gateway_on
from tests.support.http_client import BASE
from tests.support.relayed_zup import relayed

BREAKER = tuple(f"BRK-{number:02d}" for number in range(1, 6))


@contextlib.contextmanager
def gateway(**settings: Any) -> Iterator[TargetConfig]:
    """Ours before a mock of ours, but with other settings than the seed's."""
    with relayed(agents=20) as party, gateway_on(party.zup.url, **settings) as url:
        controls = {"gateway": url, "zup": party.behind.url}
        yield TargetConfig("ours", url + BASE, Policy(ours=True), controls=controls, mce=f"{url}/services/mce")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "failing"),
    [
        ({}, set()),
        ({"call_timeout_s": 28.0}, {"BRK-01"}),
        ({"breaker_failures": 6}, {"BRK-02", "BRK-04", "BRK-05"}),
        ({"breaker_failures": 4}, {"BRK-02", "BRK-03", "BRK-04", "BRK-05"}),
        ({"breaker_reset_s": 30.0}, {"BRK-04", "BRK-05"}),
    ],
)
def test_wrong_gateway_fails_just_the_scenarios_that_say_so(
    settings: dict[str, Any], failing: set[str], tmp_path: Path
) -> None:
    with gateway(**settings) as config:
        order = runner.ScenarioOptions(config.as_dict(), BREAKER)
        results = runner.run(Children(), order, 1, tmp_path / "log", lambda result, chosen: None)
    assert {result.id for result in results if result.verdict is Verdict.FAIL} == failing
    assert len(results) == len(BREAKER)
