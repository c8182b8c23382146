"""A target that has a directory alone, and what each question about it found."""

from __future__ import annotations

from dataclasses import replace

from argus_wfm.conformance.probes.directory import questions
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import by_url


def target(url: str, policy: Policy | None = None, **fields: str) -> Target:
    address = by_url("http://127.0.0.1:9", policy or Policy(ours=True))
    return Target(replace(address, ldap=url, **fields))  # type: ignore[arg-type]


def asked(directory: Target) -> dict[str, str]:
    """By question: "pass", "held", or the code of what was found."""
    told = {}
    for probe in questions(directory):
        verdict, departure, _ = outcome(probe)
        told[probe.name] = departure.finding.code if departure else verdict
    return told
