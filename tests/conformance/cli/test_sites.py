"""`argus sites` against a real gateway: tables, JSON, exit codes."""

from __future__ import annotations

import pytest

from tests.support.gateway_commands import Shell
from tests.support.http_client import Caller


@pytest.mark.parametrize("name", ["list", "check"])
def test_every_command_has_help_with_examples(name: str, argus: Shell) -> None:
    said = argus("sites", name, "--help")
    assert said.code == 0
    for word in (f"argus sites {name}", "--url", "--json", "ARGUS_URL"):
        assert word in said.out


def test_list_shows_the_time_at_each_in_readable_cyrillic(argus: Shell) -> None:
    said = argus("sites", "list", "--at", "2025-08-01T06:00:00Z")
    assert said.code == 0
    assert "Владивосток" in said.out
    assert "2025-08-01T16:00:00+10:00" in said.out
    assert len(argus("sites", "list", "--json").json["items"]) == 4
    assert argus("sites", "list", "--at", "вчера").code == 2


def test_check_says_what_is_amiss_by_its_exit_code(argus: Shell, urls: dict[str, str]) -> None:
    assert argus("sites", "check", "--period", "2025-08").code == 0
    sites = Caller(urls["sites"])
    shift = {"employee_id": "MCE999999", "start": "2025-08-01T09:00:00", "end": "2025-08-01T18:00:00"}
    assert sites.control("/clockings", {"site": "vladivostok", "shifts": [shift]}).ok
    assert sites.control("/push", {}).json()["sites"]["vladivostok"]["taken"] == 1
    said = argus("sites", "check", "--period", "2025-08")
    assert said.code == 1
    assert "of unknown employees" in said.out
    assert "EMP999999" in said.out
    assert argus("sites", "check", "--period", "2025-08", "--json").json["unknown_employees"]["count"] == 1
    assert argus("sites", "check", "--period", "08.2025").code == 2
