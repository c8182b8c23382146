"""Example requests, filled in from the contract."""

from __future__ import annotations

from argus_wfm.json_type import Json
from argus_wfm.openapi import Operation


def example_path(operation: Operation) -> str:
    """The path with the contract's example parameters filled in."""
    path = operation.path
    for parameter in operation.spec.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    return path


def example_body(operation: Operation) -> Json:
    """The contract's example request; None for an operation without a body."""
    content = operation.spec.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content.get("example")


def named(value: Json, user: str) -> Json:
    """A body's username is that of whoever asks (A16); nobody is tried under a name that the password is not of."""
    return {**value, "username": user} if isinstance(value, dict) and "username" in value else value
