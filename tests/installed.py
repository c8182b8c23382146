"""The installed wheel does its main job from a hostile folder, beside foreign packages named as our folders are.

Run by tox with the interpreter the wheel was installed for: python tests/installed.py [--max-time S].
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

HOSTILE = {
    "pytest.ini": "[pytest]\naddopts = --this-option-does-not-exist\ntestpaths = nowhere\n",
    "conftest.py": "raise RuntimeError('the conftest of the user was imported')\n",
    "conformance.py": "raise RuntimeError('a module of the user was imported')\n",
    "openapi.py": "raise RuntimeError('a module of the user was imported')\n",
    ".env": "ARGUS_PORT=none\n",
}
FOREIGN = ("conformance", "features", "gateway", "mocks", "openapi")
FOREIGN_TEXT = "raise RuntimeError('a package of the user was imported')\n"


@contextlib.contextmanager
def foreign_packages() -> Iterator[list[Path]]:
    """Packages of a user, installed beside ours; none of them may be imported or changed."""
    folders = [Path(sysconfig.get_path("purelib")) / name for name in FOREIGN]
    for folder in folders:
        folder.mkdir()
        (folder / "__init__.py").write_text(FOREIGN_TEXT, encoding="utf-8")
    try:
        yield folders
    finally:
        for folder in folders:
            shutil.rmtree(folder)


def main(arguments: list[str]) -> int:
    """0 when 128 scenarios passed and only the report folder was written."""
    argus = Path(sys.executable).with_name("argus")
    with tempfile.TemporaryDirectory() as name, foreign_packages() as foreign:
        folder = Path(name)
        for file, text in HOSTILE.items():
            (folder / file).write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTEST_ADDOPTS": "--also-unknown", "PYTHONPATH": ""}
        done = subprocess.run([argus, "conform", *arguments], cwd=folder, env=environment, check=False)
        left = {path.name for path in folder.iterdir()} - set(HOSTILE) - {"__pycache__"}
        untouched = all((one / "__init__.py").read_text(encoding="utf-8") == FOREIGN_TEXT for one in foreign)
        report = json.loads((folder / "argus-report" / "report.json").read_text(encoding="utf-8"))
    verdicts = [row["verdict"] for row in report["scenarios"]]
    print(
        f"exit {done.returncode}, {verdicts.count('pass')} of {len(verdicts)} pass, written: {sorted(left)}, "
        f"foreign packages {'untouched' if untouched else 'changed'}"
    )
    good = done.returncode == 0 and verdicts == ["pass"] * 128 and left == {"argus-report"} and untouched
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["--max-time", "5"]))
