"""Generated contract tests: probes, then Schemathesis, in a process of their own (python -m conformance.contract).

Schemathesis decides what to send, by the contract; what comes back is judged by checks.findings, as every other
exchange is. Of its own checks those stay that need to know how a request was made: whether it was meant to be right.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.child import Children, end_of, events, tell
from conformance.client import Client
from conformance.findings import CouldNotRun, Departure, Finding
from conformance.local import LocalError, child_environment, launched
from conformance.recorder import Seen
from conformance.target import Address, Target, TargetError

Json = Any
SEES = "conformance.contract"
TELL_S = 0.5  # between two progress events


@dataclass(frozen=True, slots=True)
class Order:
    """What the child is told; `address` None means: start gateway and mocks."""

    address: dict[str, Json] | None
    max_time_s: float
    seed: int

    def as_json(self) -> str:
        """For the child's command line."""
        import json

        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> Order:
        """The reverse of as_json()."""
        import json

        return cls(**json.loads(text))


@dataclass(slots=True)
class Generated:
    """What generated tests did: probes are (operation, name, outcome, reason), cases are Schemathesis' requests."""

    probes: list[tuple[str, str, str, str]] = field(default_factory=list)
    cases: int = 0
    phases: list[str] = field(default_factory=list)
    stop: str = ""
    notes: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)


def run(children: Children, order: Order, log: Path, on_progress: Callable[[int, str], None]) -> Generated:
    """Run the child to its end; `on_progress` gets (cases so far, phase). Raises CouldNotRun."""
    finished: Json = None
    arguments = ["-m", SEES, order.as_json(), "{fd}"]
    for event in events(children, arguments, child_environment(), log):
        match event["event"]:
            case "progress":
                on_progress(event["cases"], event["phase"])
            case "failed":
                raise CouldNotRun(f"Generated tests could not run: {event['reason']}")
            case "finished":
                finished = event
    if finished is None:
        raise CouldNotRun(f"Generated tests broke off.\n{end_of(log)}")
    fields = {name: finished[name] for name in ("cases", "phases", "stop", "notes", "held")}
    probes = [(probe[0], probe[1], probe[2], probe[3]) for probe in finished["probes"]]
    return Generated(probes=probes, seen=Seen.from_dict(finished["seen"]), **fields)


def main(order_text: str, descriptor: str) -> None:
    """The child."""
    fd, order = int(descriptor), Order.read(order_text)
    try:
        with contextlib.ExitStack() as stack:
            address = Address.from_dict(order.address) if order.address else stack.enter_context(launched())
            _tell_all(fd, Target(address), order)
    except (LocalError, TargetError, CouldNotRun) as error:
        tell(fd, {"event": "failed", "reason": str(error)})


def _tell_all(fd: int, target: Target, order: Order) -> None:
    clients = _clients(target)
    probed = [probe for client, _ in clients for probe in _probed(client)]
    found = [departure.finding for *_, departure in probed if departure]
    told: dict[str, Json] = {"cases": 0, "phases": [], "stop": "", "notes": [], "held": []}
    for client, share in clients:
        target.reset()
        findings, more = _generated(fd, target, client, order.max_time_s * share, order.seed, told["cases"])
        found += findings
        told = {name: _joined(told[name], value) for name, value in more.items()}
    seen = target.recorder.drain()
    seen.findings += found
    tell(fd, {"event": "finished", "seen": seen.as_dict(), "probes": [probe[:4] for probe in probed], **told})


def _clients(target: Target) -> list[tuple[Client, float]]:
    """The contracts to test, each with its share of the time; the gateway's own operations only where it is ours."""
    if "gateway" not in target.address.controls:
        return [(target.personnel, 1.0)]
    return [(target.personnel, 0.7), (target.operations, 0.3)]


def _generated(
    fd: int, target: Target, client: Client, max_time_s: float, seed: int, before: int
) -> tuple[list[Finding], dict[str, Json]]:
    from conformance.generator import Generator

    generator, last = Generator(target, client, max_time_s=max_time_s, seed=seed), 0.0
    for cases, phase in generator.run():
        if time.monotonic() - last > TELL_S:
            last = time.monotonic()
            tell(fd, {"event": "progress", "cases": before + cases, "phase": phase})
    return generator.findings, generator.told()


def _joined(first: Json, second: Json) -> Json:
    """Counts are added, lists put together without repeats; of two reasons to stop the later one is told."""
    if isinstance(first, int):
        return first + second
    return [*dict.fromkeys([*first, *second])] if isinstance(first, list) else second or first


def _probed(client: Client) -> Iterator[tuple[str, str, str, str, Departure | None]]:
    from conformance.probes import outcome, probes

    for probe in probes(client):
        verdict, departure, reason = outcome(probe)
        yield probe.operation.id, probe.name, verdict, reason, departure


if __name__ == "__main__":
    main(*sys.argv[1:])
