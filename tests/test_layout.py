"""The layout that CONTRIBUTING.md describes: tests mirror modules, modules are short, a class name has one meaning."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("conformance", "features", "gateway", "mocks", "openapi")
LAYOUT = tomllib.loads((ROOT / "tests" / "layout.toml").read_text(encoding="utf-8"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40  # lines
MIGRATIONS = Path("gateway/storage/migrations/versions")


def sources() -> list[Path]:
    """All modules of ours, those of src/ and packages' __init__.py included."""
    found = [path for folder in (*FOLDERS, "src", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    return sorted(path.relative_to(ROOT) for path in found)


def modules() -> list[Path]:
    """What has a test file of its own: not packages, nor the two files that pytest alone reads."""
    known = [path for path in sources() if path.parts[0] in FOLDERS]
    return [path for path in known if path.name not in ("__init__.py", "conftest.py", "scenarios.py")]


def files_of_tests() -> list[Path]:
    """Files that hold a test; one without any mirrors nothing."""
    found = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    return sorted(path for path in found if any(one.name.startswith("test_") for one in functions(path)))


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all that a module imports: modules, and what is taken from them."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = path.parts[: len(path.parts) - node.level] if node.level else ()
            module = ".".join([*folder, *([node.module] if node.module else [])])
            yield from (f"{module}.{one.name}" for one in node.names)


def mirrored(test: Path) -> Path | None:
    """The module that a test file mirrors: the one with the longest name that its own name begins with."""
    folder, name = Path(*test.parent.parts[1:]), test.stem.removeprefix("test_")
    parts = name.split("_")
    candidates = [folder / f"{'_'.join(parts[:length])}.py" for length in range(len(parts), 0, -1)]
    return next((one for one in candidates if folder.parts and (ROOT / one).is_file()), None)


def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(path: Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """In the command line only the body counts: Typer reads the options from the signature."""
    first = function.body[0].lineno if path.is_relative_to("conformance/cli") else function.lineno
    return (function.end_lineno or first) - first + 1


def test_each_module_has_a_test_file_of_its_name_or_a_note_why_not() -> None:
    with_tests = {mirrored(test) for test in files_of_tests()}
    without = {str(path) for path in modules() if path not in with_tests}
    assert without == set(LAYOUT["modules"]), "tests/layout.toml lists the modules that have no test file of their own"


def test_each_note_names_the_tests_that_exercise_the_module() -> None:
    named = {test for row in LAYOUT["modules"].values() for test in row["tested_by"]}
    assert sorted(test for test in named if not (ROOT / test).exists()) == []


def test_each_test_file_mirrors_a_module_or_says_why_not() -> None:
    strays = {str(test) for test in files_of_tests() if mirrored(test) is None}
    assert strays == set(LAYOUT["tests"]), "tests/layout.toml lists the test files that mirror no module"


def test_nothing_imports_from_a_test_file_or_a_conftest() -> None:
    files = [*sources(), *(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))]
    imports = [
        (str(path), name)
        for path in files
        for name in imported(path)
        if name.startswith("tests.") and any(part.startswith(("test_", "conftest")) for part in name.split("."))
    ]
    assert imports == []


def test_no_module_is_longer_than_300_lines() -> None:
    counted = {str(path): (ROOT / path).read_text(encoding="utf-8").count("\n") for path in sources()}
    assert {path: lines for path, lines in counted.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    long = {
        f"{path}:{function.name}": lines_of(path, function)
        for path in sources()
        if not path.is_relative_to(MIGRATIONS)
        for function in functions(path)
        if lines_of(path, function) > LONGEST_FUNCTION
    }
    assert long == {}


def test_a_class_name_has_one_meaning() -> None:
    homes = defaultdict(list)
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path))
    shared = {name: paths for name, paths in homes.items() if len(paths) > 1}
    assert shared == {name: row["modules"] for name, row in LAYOUT["classes"].items()}
