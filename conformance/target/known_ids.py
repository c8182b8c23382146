"""Ids that replies named: generated requests ask for what is there, not for what a schema can make up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.json_type import Json

KINDS = {
    "agent_id": "person",
    "agentId": "person",
    "employee_id": "person",
    "employeeId": "person",
    "operation_id": "operation",
    "operationId": "operation",
    "task_id": "task",
    "document_id": "document",
    "call_id": "call",
    "queue": "queue",
}
OF_OPERATIONS = "id"  # what the operations API calls an operation's
KEPT = 200  # ids of a kind, the first that came
LOOKED_AT = 50  # members of a list


class KnownIds:
    """Ids by kind, taken from replies of any operation; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, dict[str, None]] = {}

    def take(self, exchange: Exchange) -> None:
        """The ids that a successful reply names."""
        if not 200 <= exchange.status < 300 or exchange.media_type != "application/json":
            return
        try:
            body = json.loads(exchange.body)
        except ValueError:
            return
        found = list(_ids(body, exchange.contract.name == "operations"))
        with self._lock:
            for kind, value in found:
                self._keep(kind, value)

    def add(self, ids: Mapping[str, Sequence[str]]) -> None:
        """What another process has seen."""
        with self._lock:
            for kind, values in ids.items():
                for value in values:
                    self._keep(kind, value)

    def clear(self) -> None:
        """For a host that has been made new."""
        with self._lock:
            self._ids.clear()

    def of(self, name: str) -> list[str]:
        """Ids for a parameter or member with this name; none for a name that means no id."""
        return list(self._ids.get(KINDS.get(name, ""), ()))

    def as_dict(self) -> dict[str, list[str]]:
        """For the way to another process."""
        with self._lock:
            return {kind: list(values) for kind, values in self._ids.items()}

    def _keep(self, kind: str, value: str) -> None:
        values = self._ids.setdefault(kind, {})
        if len(values) < KEPT:
            values[value] = None


def _ids(body: Json, of_operations: bool) -> Iterator[tuple[str, str]]:
    if isinstance(body, list):
        for member in body[:LOOKED_AT]:
            yield from _ids(member, of_operations)
    if not isinstance(body, dict):
        return
    for name, value in body.items():
        kind = "operation" if of_operations and name == OF_OPERATIONS else KINDS.get(name)
        if kind and isinstance(value, str) and value:
            yield kind, value
        elif isinstance(value, dict | list):
            yield from _ids(value, of_operations)
