"""Generated requests and probes of SSO against our own gateway: nothing is found, and nobody's password is guessed."""

from __future__ import annotations

import warnings

import pytest
import requests

from argus_wfm.conformance.generated.runner import _asked_of_directory, _probed
from argus_wfm.conformance.launch.process import launched
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.profile import DIRECTORY_USER

with warnings.catch_warnings():
    warnings.simplefilter("ignore", EncodingWarning)  # schemathesis opens its own files without saying how
    from argus_wfm.conformance.generated.engine import Generator


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::EncodingWarning")
def test_generated_requests_find_nothing_and_lock_nobody_out() -> None:
    with launched() as address:
        target = Target(address)
        strict = requests.post(f"{address.controls['ldap']}/_control/lockout", json={"threshold": 1}, timeout=5)
        assert strict.ok  # one wrong password would lock the user out
        token = target.controls.token("gateway", "mce")
        probed = [*_probed(target, target.sso)]
        generator = Generator(target, target.sso, max_time_s=6, seed=3)
        for _ in generator.run():
            pass
        seen = target.recorder.drain()
        state = target.controls.state("ldap")
        assert target.mce.get("/agents/status", auth=f"Bearer {token}").status == 200
        assert target.logins.ask().status == 200
        requests.post(f"{address.controls['ldap']}/_control/lockout", json={"threshold": 5}, timeout=5)
        directory = [*_asked_of_directory(target)]
    assert DIRECTORY_USER[0] not in [*state["wrong_passwords"], *state["troubles"]["locked"]]
    assert generator.findings + seen.findings == []
    assert {(name, outcome) for _, name, outcome, *_ in (*probed, *directory) if outcome != "pass"} == set()
    assert {operation for operation, name, *_ in probed if name == "no_credentials"} == {"issueToken"}
    assert seen.matches["issueToken 200"] > 5
    assert not [note for note in generator.told()["notes"] if "were accepted" in note]
