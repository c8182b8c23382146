"""Which scenarios run through our own gateway with the third-party host behind it, and what they say about the host.

A scenario that needs faults, a movable clock or the gateway's own operations cannot be run on a third-party host. Our
gateway is started in front of the host instead, and reads from it in the place of 1C.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import replace

import requests

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.launch.process import launched
from argus_wfm.conformance.model.findings import Verdict
from argus_wfm.conformance.target import Target, TargetConfig
from argus_wfm.conformance.target.client import Policy

TAGS = ("fault", "clock", "admin", "operations")  # of scenarios that need a gateway of ours
READ = ("getAgents", "getNormHours", "getTimetypeInfo")  # what our gateway asks of 1C


def is_needed(host: Target, tags: Collection[str]) -> bool:
    """Whether a scenario with these tags runs through our gateway."""
    return not host.policy.ours and not set(tags).isdisjoint(TAGS)


@contextlib.contextmanager
def started(host: Target) -> Iterator[TargetConfig]:
    """Our gateway with the host behind it. Raises CouldNotTest where preflight blocked what it would read."""
    for operation in READ:
        if block := host.config.blocked.get(operation):
            raise CouldNotTest(
                f"needs our gateway with the host behind it, and {operation} of the host: {block.reason}"
            )
    host.guard.check()
    with launched(live=replace(host.config, policy=Policy())) as config:
        yield config


def missing(gateway: Target, verdict: str) -> str:
    """Why a verdict says nothing about the host: what our gateway did not get from it. Empty where it got all.

    A response of the host that breaks the contract is reported where the host is asked directly; here it only explains
    a failure.
    """
    if verdict in (Verdict.UNTESTED, Verdict.HELD):
        return ""
    try:
        told = gateway.controls.host("zup")
    except requests.RequestException:
        return ""
    reasons = told["lacked"] if verdict == Verdict.PASS else [*told["lacked"], *told["departed"], *told["waiting"]]
    return next(iter(reasons), "")
