"""Settings from the environment, and one line for what is wrong with them."""

from pathlib import Path

import pytest

from argus_wfm.gateway.settings import Settings, SettingsError, read

GOOD = {
    "ARGUS_ZUP_URL": "http://zup.example/hs",
    "ARGUS_ZUP_USER": "u",
    "ARGUS_ZUP_PASSWORD": "секрет",
    "ARGUS_USER": "u",
    "ARGUS_PASSWORD": "p",
}


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ARGUS_{name.upper()}", raising=False)


def test_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    settings = read()
    assert (settings.zup_password.get_secret_value(), settings.port) == ("секрет", 8090)
    assert "секрет" not in repr(settings)


def test_read_from_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in GOOD.items()), encoding="utf-8")
    assert read().zup_user == "u"


def test_everything_missing_is_named_in_one_line() -> None:
    with pytest.raises(SettingsError) as raised:
        read()
    message = str(raised.value)
    assert "\n" not in message
    for name in GOOD:
        assert f"{name}: not set" in message


@pytest.mark.parametrize(
    ("name", "value"), [("ARGUS_ZUP_URL", "ftp://x"), ("ARGUS_CALL_TIMEOUT_S", "31"), ("ARGUS_PORT", "none")]
)
def test_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for good, given in GOOD.items():
        monkeypatch.setenv(good, given)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        read()
