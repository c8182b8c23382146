"""The installed wheel does its main job from a folder that holds a hostile pytest.ini and conftest.

Run by tox with the interpreter the wheel was installed for: python tests/installed.py [--max-time S].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HOSTILE = {
    "pytest.ini": "[pytest]\naddopts = --this-option-does-not-exist\ntestpaths = nowhere\n",
    "conftest.py": "raise RuntimeError('the conftest of the user was imported')\n",
    "conformance.py": "raise RuntimeError('a module of the user was imported')\n",
    "openapi.py": "raise RuntimeError('a module of the user was imported')\n",
    ".env": "ARGUS_PORT=none\n",
}


def main(arguments: list[str]) -> int:
    """0 when 128 scenarios passed and only the report folder was written."""
    argus = Path(sys.executable).with_name("argus")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in HOSTILE.items():
            (folder / file).write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTEST_ADDOPTS": "--also-unknown", "PYTHONPATH": ""}
        done = subprocess.run([argus, "conform", *arguments], cwd=folder, env=environment, check=False)
        left = {path.name for path in folder.iterdir()} - set(HOSTILE) - {"__pycache__"}
        report = json.loads((folder / "argus-report" / "report.json").read_text(encoding="utf-8"))
    verdicts = [row["verdict"] for row in report["scenarios"]]
    print(f"exit {done.returncode}, {verdicts.count('pass')} of {len(verdicts)} pass, written: {sorted(left)}")
    return 0 if done.returncode == 0 and verdicts == ["pass"] * 128 and left == {"argus-report"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["--max-time", "5"]))
