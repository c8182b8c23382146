"""Probes of the stream's upgrade: they hold on a right host and not on one that deviates."""

from __future__ import annotations

from typing import Any

import pytest

from argus_wfm.conformance.checks.jwt import forgeries
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.probes import stream as upgrades_module
from argus_wfm.conformance.probes.probe import outcome
from argus_wfm.conformance.probes.stream import upgrades
from argus_wfm.conformance.target.recorder import Recorder
from tests.support.contact_centre import TOKEN, ContactCentre, served, stream, without


def test_probes_of_the_upgrade_hold_on_a_right_host_and_not_on_an_open_one() -> None:
    class Open(ContactCentre):
        def socket_refusal(self, connection: object) -> None:
            return None

    with served(ContactCentre()) as url:
        for probe in upgrades(stream(url)):
            probe.ask()
    codes: dict[str, list[str]] = {"token": [], "other": []}
    with served(Open()) as url:
        for probe in upgrades(stream(url)):
            if "since" in probe.name or probe.name == "extended":
                continue  # a host that reads "yesterday" as a number breaks off, which is another finding
            with pytest.raises(Departure) as raised:
                probe.ask()
            codes["token" if probe.name.startswith("token_") else "other"].append(raised.value.finding.code)
    assert codes["other"] == ["AUTH_NOT_CHECKED", "REQUEST_ACCEPTED", "REQUEST_ACCEPTED"]
    assert codes["token"] == ["AUTH_NOT_CHECKED"] * len(forgeries(TOKEN, "mce"))


class Unannounced(ContactCentre):
    def beginning(self, since: str | None) -> list[Any]:
        return []


class WithoutQueues(ContactCentre):
    def beginning(self, since: str | None) -> list[Any]:
        return [without(one, "queues") for one in super().beginning(since)]


@pytest.mark.parametrize(
    ("host", "due"), [(Unannounced, [("STREAM_GAP", "snapshot")]), (WithoutQueues, [("MISSING_MEMBER", "/queues")])]
)
def test_the_extended_stream_begins_with_a_whole_snapshot(
    monkeypatch: pytest.MonkeyPatch, host: type[ContactCentre], due: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(upgrades_module, "BEGINS_S", 0.3)
    recorder = Recorder()
    with served(host()) as url:
        (probe,) = [one for one in upgrades(stream(url, recorder)) if one.name == "extended"]
        _, departure, _ = outcome(probe)
    found = [*recorder.drain().findings, *([departure.finding] if departure else [])]
    assert [(one.code, one.where) for one in found] == due
