"""The operations of sites: unknown sites, and the people that a site pulls."""

from __future__ import annotations

import pytest

from tests.support.sites import AT, Central


@pytest.mark.parametrize("path", ["", "/employees", "/actuals", "/confirmations"])
def test_a_site_that_there_is_not(host: Central, path: str) -> None:
    reply = host.asked(f"/sites/omsk{path}")
    assert (reply.status_code, reply.json()["code"]) == (404, "SITE_NOT_FOUND")
    assert "moscow, yekaterinburg" in reply.json()["message"]


def test_a_site_pulls_its_own_people(host: Central) -> None:
    pulled = {site: host.read(f"/sites/{site}/employees") for site in AT}
    assert {site: [one["employee_id"] for one in page["items"]] for site, page in pulled.items()} == {
        site: [f"EMP{number:03d}"] for number, site in enumerate(AT, 1)
    }
    assert [one["employee_id"] for one in host.read("/sites/moscow/employees", active=False)["items"]] == ["EMP005"]
    assert (pulled["moscow"]["active"], pulled["moscow"]["total"], pulled["moscow"]["next"]) == (1, 2, None)
