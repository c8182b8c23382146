"""Generated requests are about people whom the host knows."""

from __future__ import annotations

import pytest

from argus_wfm.conformance.generated.people import CALL, request_employee_ids
from argus_wfm.conformance.target import Target, by_url
from argus_wfm.conformance.target.client import Policy
from tests.support.contact_centre import PEOPLE, TOKEN, ContactCentre, served

pytestmark = pytest.mark.usefixtures("target_credentials")


@pytest.mark.parametrize("ours", [True, False])
def test_generated_requests_are_about_whom_the_contact_centre_lists(
    ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGUS_TARGET_TOKEN", TOKEN)
    centre = ContactCentre()
    with served(centre) as url:
        target = Target(by_url(url, Policy(ours=ours)))
        monkeypatch.setattr("argus_wfm.conformance.generated.people._employed", lambda target: ["MCE008", "MCE009"])
        found = request_employee_ids(target, target.mce)
    assert found == [*PEOPLE, *(["MCE008", "MCE009"] if ours else [])]
    assert [agent["agent_id"] for agent in centre.agents.values() if agent["call_id"] == CALL] == (
        ["MCE009"] if ours else []
    )
