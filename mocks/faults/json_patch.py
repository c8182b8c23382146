"""Amends a JSON value by steps of JSON Patch (RFC 6902), with * for every member and "count" for miscounting."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from argus_wfm.json_type import Json
from argus_wfm.mocks.faults.models import PatchOperation

EVERY = "*"
END = "-"


class AmendmentError(ValueError):
    """The value has no such place; the message names it."""


def amended(value: Json, patch: Iterable[PatchOperation]) -> Json:
    """The value after all steps; lists and objects inside are changed in place. Raises AmendmentError."""
    for change in patch:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in change.path[1:].split("/")]
        for parent, key in list(_places(value, steps, change)):
            _apply(parent, key, change)
    return value


def _places(node: Json, steps: list[str], change: PatchOperation) -> Iterator[tuple[Json, Any]]:
    """(container, key or index) for each place that the path means; the last first, so that removing one moves none."""
    if not isinstance(node, dict | list):
        raise AmendmentError(f"{change.path}: there is nothing inside {node!r}")
    step, *rest = steps
    for key in _keys(node, step, change, last=not rest):
        if rest:
            yield from _places(node[key], rest, change)
        else:
            yield node, key


def _keys(node: Json, step: str, change: PatchOperation, *, last: bool) -> list[Any]:
    if step == EVERY:
        return list(node) if isinstance(node, dict) else list(reversed(range(len(node))))
    adding = last and change.op == "add"
    if isinstance(node, dict):
        if step in node or adding:
            return [step]
    elif step == END and adding:
        return [len(node)]
    elif step.isdecimal() and int(step) < len(node) + adding:
        return [int(step)]
    raise AmendmentError(f"{change.path}: there is no {step} in the reply")


def _apply(parent: Json, key: Any, change: PatchOperation) -> None:
    match change.op:
        case "remove":
            del parent[key]
        case "add" if isinstance(parent, list):
            parent.insert(key, copy.deepcopy(change.value))
        case "add" | "replace":
            parent[key] = copy.deepcopy(change.value)
        case "count":
            by = 1 if change.value is None else change.value
            if not isinstance(parent[key], int | float) or not isinstance(by, int | float):
                raise AmendmentError(f"{change.path}: count is for numbers")
            parent[key] += by
