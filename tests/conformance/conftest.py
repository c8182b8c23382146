"""Credentials for a target, whatever stands in the developer's own shell."""

import pytest

from tests.support.environment import without_target_settings


@pytest.fixture
def target_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user and a password for any host; no token, and no user of a directory."""
    without_target_settings(monkeypatch)
    monkeypatch.setenv("ARGUS_TARGET_USER", "x")
    monkeypatch.setenv("ARGUS_TARGET_PASSWORD", "x")
