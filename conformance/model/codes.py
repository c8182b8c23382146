"""Codes of findings (codes.toml): what each means, what to look at, an example.

Severities. error: a client that keeps to the contract breaks, is misled, or is not protected. warning: it works today,
and others trip over it. Both are findings; a run with either ends with exit code 1.
"""

from __future__ import annotations

import difflib
import importlib.resources
import tomllib
from dataclasses import dataclass

ERROR, WARNING = "error", "warning"
SEVERITIES = {
    ERROR: "a client that keeps to the contract breaks, is misled, or is not protected",
    WARNING: "such a client works today, and others trip over it",
}


@dataclass(frozen=True, slots=True)
class Code:
    """`kind` is the coarser code whose findings at the same place are the same defect."""

    means: str
    look: str
    example: str
    severity: str = ERROR
    kind: str = ""


def _read() -> dict[str, Code]:
    text = importlib.resources.files("argus_wfm.conformance.model").joinpath("codes.toml").read_text(encoding="utf-8")
    return {name: Code(**members) for name, members in tomllib.loads(text).items()}


CODES = _read()


def kind(code: str) -> str:
    """The coarser code, or the code itself."""
    return (CODES[code].kind if code in CODES else "") or code


def severity(code: str) -> str:
    """Of a code; error for one that this version does not know."""
    return CODES[code].severity if code in CODES else ERROR


def nearest(code: str) -> list[str]:
    """Codes that may have been meant, best first."""
    wanted = code.upper().replace("-", "_")
    close = difflib.get_close_matches(wanted, CODES, n=3, cutoff=0.6)
    return close or [name for name in CODES if wanted and wanted in name][:3]
