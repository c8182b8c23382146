"""docs/upgrading.md: what its tables name as the new place is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs" / "upgrading.md").read_text(encoding="utf-8")
MODULES = re.findall(r"^\| `([\w.]+)` \| `([\w.]+)` \|$", TEXT, re.MULTILINE)
NAMES = re.findall(r"^\| `([\w.]+)` \| `(\w+)` \| `([\w.]+)` \| `(\w+)` \|$", TEXT, re.MULTILINE)


def test_each_module_that_moved_is_where_the_table_says() -> None:
    assert len(MODULES) > 150
    for _, now in MODULES:
        if "migrations" not in now:  # alembic imports these, in a context of its own
            importlib.import_module(f"argus_wfm.{now}")


def test_each_name_that_changed_is_where_the_table_says() -> None:
    assert len(NAMES) > 100
    missing = [row for row in NAMES if not hasattr(importlib.import_module(f"argus_wfm.{row[2]}"), row[3])]
    assert missing == []
