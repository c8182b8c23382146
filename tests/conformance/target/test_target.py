"""A target's clients: made of what its profile names, and only for who is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.generated.runner import _clients
from argus_wfm.conformance.target import Target, by_url
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import DIRECTORY_USER
from tests.support.profiles import profile

pytestmark = pytest.mark.usefixtures("target_credentials")


def test_development_user_is_tried_on_this_machine_alone() -> None:
    assert Target(by_url("http://127.0.0.1:8090", Policy())).sso.user == DIRECTORY_USER[0]
    with pytest.raises(CouldNotTest, match="set ARGUS_TARGET_LDAP_USER"):
        _ = Target(by_url("http://192.0.2.1:8090", Policy())).sso


def test_target_without_mce_works_for_personnel(tmp_path: Path) -> None:
    target = Target(profile(tmp_path, 'personnel_url = "https://zup.example/hs/personnel"\n'))
    assert target.personnel.url == "https://zup.example/hs/personnel"
    for ask in (lambda: target.mce, lambda: target.stream):
        with pytest.raises(CouldNotTest, match=r"give (mce|stream)_url, or a base_url"):
            ask()
    clients, notes = _clients(target, ())
    assert [(client.contract.name, share) for client, share in clients] == [("personnel", 1.0)]
    assert notes == [
        "mce: the target names no MCE: give mce_url, or a base_url",
        "sso: the target names no SSO: give sso_url, or a base_url",
        "export: the target names no report export: give export_url, or a base_url",
    ]
