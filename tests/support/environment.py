"""Settings of the developer's own shell, which tests do without."""

import os

import pytest


def without_target_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove every ARGUS_TARGET_* variable."""
    for name in [name for name in os.environ if name.startswith("ARGUS_TARGET_")]:
        monkeypatch.delenv(name)
