"""Redocly and Spectral find nothing in the contracts: with every rule that they have, less those that say why not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from argus_wfm.json_type import Json
from argus_wfm.openapi import load, load_stream
from argus_wfm.openapi.schema import openapi_31
from tests.judges.servers import CONTRACTS
from tests.judges.tools import run, tool

FOLDER = Path(__file__).parent


def documents() -> Iterator[tuple[str, Json]]:
    """Each contract as it is served, and its 3.1 twin; and the stream's."""
    for name in CONTRACTS:
        yield f"{name}-3.0.json", load(name).document
        yield f"{name}-3.1.json", openapi_31(load(name).document)
    yield "agent-status.json", load_stream().document


def redocly(folder: Path, files: list[str]) -> tuple[int, str]:
    command = [tool("redocly"), "lint", "--config", str(FOLDER / "redocly.yaml"), "--lint-config", "error"]
    return run([*command, "--format", "stylish", *files], folder)


def spectral(folder: Path, files: list[str]) -> tuple[int, str]:
    command = [tool("spectral"), "lint", "--ruleset", str(FOLDER / "spectral.yaml"), "--fail-severity", "hint"]
    return run([*command, *files], folder)


Linter = Callable[[Path, list[str]], tuple[int, str]]
LINTERS: dict[str, tuple[Linter, str]] = {  # and what it says when it finds nothing at all
    "redocly": (redocly, "Your API descriptions are valid."),
    "spectral": (spectral, "No results with a severity of 'hint' or higher found!"),
}


@pytest.mark.parametrize("linter", LINTERS)
def test_nothing_is_wrong_with_the_contracts(linter: str, tmp_path: Path) -> None:
    lint, content = LINTERS[linter]
    for name, document in documents():
        (tmp_path / name).write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    code, said = lint(tmp_path, [name for name, _ in documents()])
    assert (code, "You have" in said) == (0, False), said  # as in: You have 3 warnings
    assert content in said


def has_an_example_of_another_type(document: Json) -> None:
    document["paths"]["/getNormHours"]["post"]["requestBody"]["content"]["application/json"]["example"][
        "weekly_norm"
    ] = "x"


def declares_no_path_parameter(document: Json) -> None:
    document["paths"]["/agents/{startDate}/{endDate}"]["get"]["parameters"].pop(0)


def has_a_reference_to_nothing(document: Json) -> None:
    document["components"]["schemas"]["Agents"]["properties"]["agents"]["items"] = {"$ref": "#/components/schemas/No"}


@pytest.mark.parametrize(
    "spoil", [has_an_example_of_another_type, declares_no_path_parameter, has_a_reference_to_nothing]
)
@pytest.mark.parametrize("linter", LINTERS)
def test_a_spoiled_contract_is_told_of(linter: str, spoil: Callable[[Json], None], tmp_path: Path) -> None:
    lint, content = LINTERS[linter]
    document = copy.deepcopy(load("personnel").document)
    spoil(document)
    (tmp_path / "personnel.json").write_text(json.dumps(document), encoding="utf-8")
    code, said = lint(tmp_path, ["personnel.json"])
    assert code == 1, said
    assert content not in said
