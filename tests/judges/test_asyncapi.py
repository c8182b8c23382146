"""AsyncAPI's own parser finds nothing in the stream's document. Its JSON Schema: tests/openapi/test_stream.py."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from argus_wfm.json_type import Json
from argus_wfm.openapi import load_stream
from tests.judges.tools import environment, packages, tool
from tests.support import peers

SCRIPT = Path(__file__).parent / "asyncapi.cjs"
NEWER = "asyncapi-latest-version"  # 3.0 is what tools read today; the document needs nothing of 3.1


def parsed(document: Json) -> tuple[list[Json], list[str]]:
    """(what is found, messages that were read) of a document."""
    folder = packages()
    if folder is None or not (folder / "@asyncapi" / "parser").is_dir():
        peers.absent("@asyncapi/parser is not in ARGUS_JUDGES; `tox -e peers` installs it")
    done = subprocess.run(
        [tool("node"), str(SCRIPT), str(folder)],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(),
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    return [found for found in told["diagnostics"] if found["code"] != NEWER], told["messages"]


def test_nothing_is_wrong_with_the_stream() -> None:
    stream = load_stream()
    assert parsed(stream.document) == ([], list(stream.document["components"]["messages"]))


def publishes(document: Json) -> None:
    document["operations"]["sendAgentStatus"]["action"] = "publish"


def sends_to_no_channel(document: Json) -> None:
    document["operations"]["sendAgentStatus"]["channel"] = {"$ref": "#/channels/nowhere"}


@pytest.mark.parametrize("spoil", [publishes, sends_to_no_channel])
def test_a_spoiled_document_is_told_of(spoil: Callable[[Json], None]) -> None:
    document = copy.deepcopy(load_stream().document)
    spoil(document)
    found, _ = parsed(document)
    assert found
