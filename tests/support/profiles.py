"""A host's profile, written to a folder and read again."""

from __future__ import annotations

from pathlib import Path

from argus_wfm.conformance.target import TargetConfig, by_profile
from argus_wfm.conformance.target.client import Policy

HOST = "https://argus.example/root/"


def profile(folder: Path, text: str) -> TargetConfig:
    (folder / "target.toml").write_text(text, encoding="utf-8")
    return by_profile(folder / "target.toml", Policy())
