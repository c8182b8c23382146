"""Amendments of a reply: JSON Patch with a wildcard and a count."""

from __future__ import annotations

import pytest

from argus_wfm.mocks.faults.json_patch import AmendmentError, amended
from argus_wfm.mocks.faults.models import PatchOperation


@pytest.mark.parametrize(
    ("path", "op", "value", "result"),
    [
        ("/a/0", "remove", None, {"a": [2], "b/c": 1}),
        ("/a/*", "remove", None, {"a": [], "b/c": 1}),
        ("/a/1", "add", 9, {"a": [1, 9, 2], "b/c": 1}),
        ("/a/-", "add", 9, {"a": [1, 2, 9], "b/c": 1}),
        ("/b~1c", "replace", None, {"a": [1, 2], "b/c": None}),
        ("/b~1c", "count", None, {"a": [1, 2], "b/c": 2}),
        ("/*", "remove", None, {}),
        ("/new", "add", {"x": []}, {"a": [1, 2], "b/c": 1, "new": {"x": []}}),
    ],
)
def test_amendments_follow_json_patch(path: str, op: str, value: object, result: object) -> None:
    change = PatchOperation.model_validate({"op": op, "path": path, "value": value})
    assert amended({"a": [1, 2], "b/c": 1}, [change]) == result


@pytest.mark.parametrize(
    "change", [("remove", "/x"), ("replace", "/a/2"), ("add", "/a/x"), ("count", "/a"), ("add", "/b/c")]
)
def test_amendment_without_a_place_says_which(change: tuple[str, str]) -> None:
    op, path = change
    with pytest.raises(AmendmentError, match=path):
        amended({"a": [1, 2], "b": 1}, [PatchOperation.model_validate({"op": op, "path": path})])
