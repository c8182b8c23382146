"""A target's addresses and tokens: derived from one URL, or each given; nothing is needed before it is asked for."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.errors import CouldNotTest
from argus_wfm.conformance.generated.data import tamed
from argus_wfm.conformance.generated.people import CALL, request_employee_ids
from argus_wfm.conformance.generated.runner import GeneratedTestOptions, _clients
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import DIRECTORY_USER
from argus_wfm.conformance.target.target import Profile, Target, TargetConfig, TargetError, by_profile, by_url
from argus_wfm.mocks.ldap.certificates import made
from tests.support.contact_centre import PEOPLE, TOKEN, ContactCentre, served

HOST = "https://argus.example/root/"


@pytest.fixture(autouse=True)
def _given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARGUS_TARGET_USER", "ARGUS_TARGET_PASSWORD"):
        monkeypatch.setenv(name, "x")
    for name in ("ARGUS_TARGET_TOKEN", "ARGUS_TARGET_LDAP_USER", "ARGUS_TARGET_LDAP_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def profile(folder: Path, text: str) -> TargetConfig:
    (folder / "target.toml").write_text(text, encoding="utf-8")
    return by_profile(folder / "target.toml", Policy())


def test_one_url_gives_every_address_and_an_address_survives_the_way_to_a_child() -> None:
    config = by_url(HOST, Policy(allow_writes=True))
    assert config.mce == "https://argus.example/root/services/mce"
    assert config.stream == "wss://argus.example/root/ws/agent-status"
    assert (config.sso, config.ldap) == ("https://argus.example/root/auth/sso", "")
    assert TargetConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    assert by_url("http://127.0.0.1:8090", Policy()).stream == "ws://127.0.0.1:8090/ws/agent-status"


def test_profile_may_name_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = 'mce_url = "http://mce.example/x"\nstream_url = "wss://push.example/y"\ntoken_env = "MCE_TOKEN"\n'
    config = profile(tmp_path, f'base_url = "{HOST}"\n{given}')
    assert (config.mce, config.stream) == ("http://mce.example/x", "wss://push.example/y")
    with pytest.raises(CouldNotTest, match="set MCE_TOKEN"):
        _ = Target(config).mce
    monkeypatch.setenv("MCE_TOKEN", "t")
    assert Target(config).mce.authorization == "Bearer t"
    assert Target(config).stream.url == "wss://push.example/y"


def test_profile_may_name_a_directory_and_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = 'sso_url = "https://sso.example/x"\nldap_url = "ldaps://dc1.example"\nldap_base = "ou=p,dc=example"\n'
    names = 'ldap_user_env = "WHO"\nldap_password_env = "SECRET"\n'
    target = Target(profile(tmp_path, f'base_url = "{HOST}"\n{given}{names}'))
    config = target.config
    assert (config.sso, config.ldap, config.ldap_base) == (
        "https://sso.example/x",
        "ldaps://dc1.example",
        "ou=p,dc=example",
    )
    with pytest.raises(CouldNotTest, match="needs a user of the directory: set WHO and SECRET"):
        _ = target.sso
    with pytest.raises(CouldNotTest, match="set ARGUS_TARGET_TOKEN; or a user of the directory: set WHO and SECRET"):
        _ = target.mce
    monkeypatch.setenv("WHO", "petr")
    monkeypatch.setenv("SECRET", "s")
    assert (target.sso.user, target.sso.password, target.sso.url) == ("petr", "s", "https://sso.example/x")


def test_development_user_is_tried_on_this_machine_alone() -> None:
    assert Target(by_url("http://127.0.0.1:8090", Policy())).sso.user == DIRECTORY_USER[0]
    with pytest.raises(CouldNotTest, match="set ARGUS_TARGET_LDAP_USER"):
        _ = Target(by_url("http://192.0.2.1:8090", Policy())).sso


@pytest.mark.parametrize("wrong", ['mce_url = "ftp://x"', 'stream_url = "https://x"', 'ldap_url = "http://x"'])
def test_profile_with_another_kind_of_address_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(TargetError, match=wrong.partition(" ")[0]):
        profile(tmp_path, f'base_url = "{HOST}"\n{wrong}\n')


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


def test_generated_tests_share_the_time_of_the_contracts_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TARGET_TOKEN", "t")
    target = Target(by_url(HOST, Policy()))
    shares = [[(client.contract.name, share) for client, share in _clients(target, only)[0]] for only in ((), ("mce",))]
    assert shares == [[("personnel", 2 / 3), ("mce", 1 / 3)], [("mce", 1.0)]]
    assert GeneratedTestOptions.read(GeneratedTestOptions(None, 1, 1, ("mce",)).as_json()).only == ("mce",)


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


def test_generated_events_happen_when_they_arrive_to_people_of_the_host() -> None:
    event = {"event": "login", "agent_id": "x", "timestamp": "2199-01-01T00:00:00Z"}
    assert tamed(event, ["MCE001"]) == {"event": "login", "agent_id": "MCE001"}


def test_the_example_names_every_member_and_each_of_its_lines_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["target"]) == 0
    text = capsys.readouterr().out
    assert profile(tmp_path, text).policy.writes is False
    given = re.sub(r"(?m)^# (?=\w+ = )", "", text)
    assert tomllib.loads(given).keys() == Profile.model_fields.keys()
    (tmp_path / "company-ca.pem").write_bytes(made().authority)
    assert profile(tmp_path, given).ldap == "ldaps://dc.example"


def test_an_authority_is_looked_for_beside_its_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, elsewhere = tmp_path / "profiles", tmp_path / "elsewhere"
    for one in (folder, elsewhere):
        one.mkdir()
        (one / "ca.pem").write_bytes(made().authority)
    text = f'base_url = "{HOST}"\nca_file = '
    assert profile(folder, f'{text}"{elsewhere / "ca.pem"}"').ca_file == str(elsewhere / "ca.pem")
    monkeypatch.chdir(tmp_path)
    assert profile(Path("profiles"), f'{text}"ca.pem"').ca_file == str(folder / "ca.pem")


@pytest.mark.parametrize(
    ("ca_file", "said"),
    [("none.pem", "none.pem: No such file"), (".", ": Is a directory"), ("target.toml", "holds no certificates")],
)
def test_an_authority_that_cannot_be_read_is_named(
    ca_file: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TargetError, match=said):
        profile(tmp_path, f'base_url = "{HOST}"\nca_file = "{ca_file}"\n')
    assert main(["conform", "--target", str(tmp_path / "target.toml"), "--report", str(tmp_path / "r")]) == 2
    assert str(tmp_path / ca_file) in capsys.readouterr().err


def test_credentials_in_a_url_are_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"^https://argus\.example/x holds credentials in a URL, or a query; set"):
        by_url("https://petr:secret@argus.example/x", Policy())
    given = 'base_url = "https://argus.example"\nsso_url = "https://p:secret@sso.example"\n'
    with pytest.raises(TargetError, match="holds credentials") as refused:
        profile(tmp_path, given)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://argus.example/?token=secret", "http://127.0.0.1:99999", "https://a.example#x"]
)
def test_a_url_that_cannot_be_a_host_s_is_one_clear_line(url: str) -> None:
    with pytest.raises(TargetError) as refused:
        by_url(url, Policy())
    assert "secret" not in str(refused.value)
    assert by_url("HTTP://127.0.0.1:8090", Policy()).personnel.startswith("http://127.0.0.1:8090/")
