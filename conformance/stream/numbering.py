"""The numbers of the extended stream: one more each time, from where the snapshot or `since` ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argus_wfm.conformance.checks.schema import Found
from argus_wfm.conformance.model.findings import Drift, Finding
from argus_wfm.conformance.stream.messages import CHANGE, message
from argus_wfm.conformance.target.websocket import Frame
from argus_wfm.json_type import Json


def numbers(frames: Sequence[Frame], since: int | None, filtered: bool, found: Found) -> Iterator[Finding]:
    """Gaps and repetitions; a filtered subscription may leave numbers out, but not go back."""
    last = since
    for held in map(message, frames):
        number = held.get("sequence") if held else None
        if held is None or not isinstance(number, int):
            continue
        match held.get("event"):
            case "snapshot":
                yield from _snapshot(held, last, found)
                last = max(number, last or 0)
            case "heartbeat":
                yield from _heartbeat(number, last, filtered, found)
            case event if event == CHANGE:
                yield from _change(number, last, filtered, found)
                last = max(number, last or 0)


def _change(number: int, last: int | None, filtered: bool, found: Found) -> Iterator[Finding]:
    if last is None:
        words = "A change came before the snapshot that has to come first"
        yield found("STREAM_GAP", Drift.VALUE, "/sequence", words, expected="snapshot", actual=number)
    elif number <= last:
        words = f"Number {number} came after {last}"
        yield found("STREAM_DUPLICATE", Drift.VALUE, "/sequence", words, expected=last + 1, actual=number)
    elif number > last + 1 and not filtered:
        words = f"After number {last} came {number}: {number - last - 1} left out"
        yield found("STREAM_GAP", Drift.VALUE, "/sequence", words, expected=last + 1, actual=number)


def _heartbeat(number: int, last: int | None, filtered: bool, found: Found) -> Iterator[Finding]:
    """It says that nothing is lost up to its number."""
    if last is not None and number > last and not filtered:
        words = f"A heartbeat says that all up to {number} has come; the last was {last}"
        yield found("STREAM_GAP", Drift.VALUE, "/sequence", words, expected=last, actual=number)


def _snapshot(held: dict[str, Json], last: int | None, found: Found) -> Iterator[Finding]:
    number = held["sequence"]
    if last is not None and number < last:
        words = f"A snapshot of number {number} came after {last}"
        yield found("STREAM_GAP", Drift.VALUE, "/sequence", words, expected=f"≥ {last}", actual=number)
