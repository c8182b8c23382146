"""What README says is so: its commands, its settings, its operations."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from argus_wfm.conformance.cli.app import app
from argus_wfm.gateway.settings import Settings
from argus_wfm.openapi import load

ROOT = Path(__file__).parents[1]
TEXT, RUSSIAN = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md"))


def test_both_commands_make_their_own_environment_on_the_first_screen() -> None:
    install, tests = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)
    assert install.endswith("argus conform")
    assert tests.endswith("tox")
    assert TEXT.splitlines().index(tests) < 40
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_settings_table_is_the_settings() -> None:
    rows = re.findall(r"^\| `(ARGUS_\w+)` \| (.*?) \| (.*?) \|$", TEXT, re.MULTILINE)
    expected = []
    for name, field in Settings.model_fields.items():
        unset = "required" if field.is_required() else "unset"
        default = unset if field.is_required() or field.default in (None, "") else f"`{field.default}`"
        expected.append((f"ARGUS_{name.upper()}", default, field.description))
    assert rows == expected


def test_operations_tables_are_the_contracts() -> None:
    rows = re.findall(r"^\| (\w+) \| `(GET|POST|PUT) (\S+)` \| (read|write) \|", TEXT, re.MULTILINE)
    operations = [operation for name in ("personnel", "mce", "export") for operation in load(name).operations.values()]
    operations += [one for one in load("operations").operations.values() if one.path.startswith("/mapping")]
    assert rows == [(operation.id, operation.method, operation.path, operation.effect) for operation in operations]


def test_the_russian_readme_shows_the_same_two_commands_and_none_of_its_own() -> None:
    commands = re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE)
    assert re.findall(r"^python3 -m venv .*$", RUSSIAN, re.MULTILINE) == commands
    shown = {line.split("#")[0].split()[1] for line in RUSSIAN.splitlines() if line.startswith("argus ")}
    assert {"up", "conform", "verify"} <= shown
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert shown <= names | {str(group.name) for group in app.registered_groups}


def test_every_command_and_option_that_is_shown_exists(capsys: pytest.CaptureFixture[str]) -> None:
    shown = set(re.findall(r"\bargus (up|mock|serve|conform|explain|\w+)\b(?= |$|`)", _code_blocks()))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {str(group.name) for group in app.registered_groups}
    assert shown <= commands
    assert {"up", "conform", "mock", "serve"} <= shown


def test_nothing_is_left_to_fill_in_and_no_real_host_is_named() -> None:
    assert "@@" not in TEXT
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    ).stdout.split()
    for name in tracked or ["README.md"]:
        if name.endswith((".py", ".yaml", ".md", ".toml", ".ini", ".feature", ".txt", ".j2")):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"\b192\.168\.\d+\.\d+\b", text), name


def test_changes_are_told_and_every_python_is_in_tox() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    for classifier in project["classifiers"]:
        if match := re.search(r":: 3\.(\d+)$", classifier):
            assert f"py3{match[1]}" in tox


def test_hooks_are_local_only() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repository["repo"] for repository in hooks["repos"]} == {"local"}


def test_import_rules_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.skip("import-linter is not installed here; tox -e lint has it")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout


def _code_blocks() -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
