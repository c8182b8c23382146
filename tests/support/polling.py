"""Waiting for a condition by polling, with a time limit that fails the test."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

EVERY_S = 0.02


def until(look: Callable[[], T], holds: Callable[[T], object] = bool, within_s: float = 20.0, what: str = "") -> T:
    """Call `look` until its value `holds`, and return that value; fail after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not holds(value := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what or 'the condition'}; last value: {value!r}")
        time.sleep(EVERY_S)
    return value
