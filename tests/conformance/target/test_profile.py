"""A target's URLs: derived from one URL, or each given by a profile."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.errors import CouldNotTest, TargetError
from argus_wfm.conformance.target import Target, TargetConfig, by_url
from argus_wfm.conformance.target.client import Policy
from argus_wfm.conformance.target.profile import Profile
from argus_wfm.mocks.ldap.certificates import made
from tests.support.profiles import HOST, profile

pytestmark = pytest.mark.usefixtures("target_credentials")


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


@pytest.mark.parametrize("wrong", ['mce_url = "ftp://x"', 'stream_url = "https://x"', 'ldap_url = "http://x"'])
def test_profile_with_another_kind_of_address_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(TargetError, match=wrong.partition(" ")[0]):
        profile(tmp_path, f'base_url = "{HOST}"\n{wrong}\n')


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
