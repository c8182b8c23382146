"""The stream contract: one AsyncAPI 3.0 document, its address and the schemas of its messages."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from argus_wfm.json_type import Json
from argus_wfm.openapi.contract import read

DEFINITIONS = "#/components/schemas/"


class Stream:
    """openapi/agent-status.asyncapi.yaml; message schemas are JSON Schema as they stand."""

    def __init__(self, document: dict[str, Json]) -> None:
        self.document = document
        (channel,) = document["channels"].values()
        self.address: str = channel["address"]
        self.audience = "mce"
        self.query: dict[str, Json] = channel["bindings"]["ws"]["query"]
        self.close_codes: dict[int, str] = {int(code): words for code, words in channel["x-close-codes"].items()}

    def schema(self, message: str) -> dict[str, Json]:
        """Of a message's payload, self-contained. Raises KeyError for a message that is not in the contract."""
        components = self.document["components"]
        reference: str = components["messages"][message]["payload"]["$ref"]
        return {"$ref": "#/$defs/" + reference.removeprefix(DEFINITIONS), "$defs": _moved(components["schemas"])}

    def examples(self) -> Iterator[tuple[str, Json]]:
        """(message, payload) for every example."""
        for name, message in self.document["components"]["messages"].items():
            for example in message["examples"]:
                yield name, example["payload"]


def _moved(node: Json) -> Json:
    if isinstance(node, dict):
        return {key: _pointed(value) if key == "$ref" else _moved(value) for key, value in node.items()}
    return [_moved(member) for member in node] if isinstance(node, list) else node


def _pointed(reference: str) -> str:
    return "#/$defs/" + reference.removeprefix(DEFINITIONS)


@functools.cache
def load_stream() -> Stream:
    """The one stream there is."""
    return Stream(read("agent-status.asyncapi.yaml"))
