"""Generated contract tests: probes, then Schemathesis, in a process of their own (python -m with this module).

Schemathesis decides what to send, by the contract; what comes back is judged by checks.findings, as every other
exchange is. Of its own checks those stay that need to know how a request was made: whether it was meant to be right.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from argus_wfm.conformance.errors import CouldNotRun, CouldNotTest, LocalError, TargetError
from argus_wfm.conformance.generated.progress import EventWriter, Probed, WorkerProgress
from argus_wfm.conformance.launch.process import child_environment, launched
from argus_wfm.conformance.model.findings import Departure
from argus_wfm.conformance.processes.children import Children, end_of, events
from argus_wfm.conformance.processes.signals import on_end
from argus_wfm.conformance.target import Target, TargetConfig
from argus_wfm.conformance.target.client import Client
from argus_wfm.conformance.target.recorder import ExchangeStats
from argus_wfm.json_type import Json

if TYPE_CHECKING:
    from argus_wfm.conformance.probes.probe import Probe

SEES = "argus_wfm.conformance.generated.runner"
SHARES = {"personnel": 4, "operations": 2, "mce": 2, "sso": 1, "export": 1}
TELL_S = 0.5  # between two progress events


@dataclass(frozen=True, slots=True)
class GeneratedTestOptions:
    """What the child is told; `address` None means: start gateway and mocks."""

    config: dict[str, Json] | None
    max_time_s: float
    seed: int
    only: tuple[str, ...] = ()
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)  # that scenarios have seen at the same host

    def as_json(self) -> str:
        """For the child's command line."""
        import json

        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> GeneratedTestOptions:
        """The reverse of as_json()."""
        import json

        given = json.loads(text)
        return cls(**{**given, "only": tuple(given["only"])})


@dataclass(slots=True)
class Generated:
    """What generated tests did: probes are (operation, name, outcome, reason), cases are Schemathesis' requests.

    `broken_off` is true where the child was ended before it had done all.
    """

    probes: list[tuple[str, str, str, str]] = field(default_factory=list)
    cases: int = 0
    phases: list[str] = field(default_factory=list)
    stop: str = ""
    notes: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    seen: ExchangeStats = field(default_factory=ExchangeStats)
    broken_off: bool = False


def run(
    children: Children, options: GeneratedTestOptions, log: Path, on_progress: Callable[[int, str], None]
) -> Generated:
    """Run the child to its end; `on_progress` gets (cases so far, phase). Raises CouldNotRun."""
    finished: Json = None
    arguments = ["-m", SEES, options.as_json(), "{fd}"]
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
    fields = {name: finished[name] for name in ("cases", "phases", "stop", "notes", "held", "broken_off")}
    probes = [(probe[0], probe[1], probe[2], probe[3]) for probe in finished["probes"]]
    return Generated(probes=probes, seen=ExchangeStats.from_dict(finished["seen"]), **fields)


def main(options_text: str, descriptor: str) -> None:
    """The child; on SIGTERM it tells what it has done until then, and ends."""
    fd, options = int(descriptor), GeneratedTestOptions.read(options_text)
    progress, writer = WorkerProgress(), EventWriter(fd)
    on_end(fd, lambda: writer.last(lambda: progress.as_event(broken_off=True)))
    try:
        with contextlib.ExitStack() as stack:
            config = TargetConfig.from_dict(options.config) if options.config else stack.enter_context(launched())
            progress.target = Target(config)
            _test_all(progress.target, options, progress, writer)
            writer.last(lambda: progress.as_event(broken_off=False))
    except (LocalError, TargetError, CouldNotRun) as error:
        reason = str(error)
        writer.last(lambda: {"event": "failed", "reason": reason})


def _test_all(target: Target, options: GeneratedTestOptions, progress: WorkerProgress, writer: EventWriter) -> None:
    target.guard.by = "probes"
    clients, progress.notes = _clients(target, options.only)
    target.recorder.known_ids.add(options.ids)
    for client, _ in clients:
        _take(progress, _probed(target, client))
    if not options.only or "sso" in options.only:
        for what, asked in (("directory", _asked_of_directory), ("sso", _asked_of_logins)):
            try:
                _take(progress, asked(target))
            except CouldNotTest as error:
                known = any(note.endswith(str(error)) for note in progress.notes)
                progress.notes += [] if known else [f"{what}: {error}"]
    target.guard.by = "generated"
    for client, share in clients:
        if target.policy.ours:
            target.recorder.known_ids.clear()
            target.reset()
        _generate(target, client, options.max_time_s * share, options.seed, progress, writer)


def _clients(target: Target, only: Sequence[str]) -> tuple[list[tuple[Client, float]], list[str]]:
    """The contracts to test, each with its share of the time, and why others are not tested.

    The gateway's own operations are tested only where it is ours, MCE where a token is given, SSO where a user is.
    """
    found, notes = {"personnel": target.personnel}, []
    if "gateway" in target.config.controls:
        found["operations"] = target.operations
    others: dict[str, Callable[[], Client]] = {
        "mce": lambda: target.mce,
        "sso": lambda: _sso(target),
        "export": lambda: target.export,
    }
    for name, find in others.items():
        try:
            found[name] = find()
        except CouldNotTest as error:
            notes.append(f"{name}: {error}")
    chosen = [name for name in found if not only or name in only]
    whole = sum(SHARES[name] for name in chosen)
    return [(found[name], SHARES[name] / whole) for name in chosen], notes


def _sso(target: Target) -> Client:
    """Raises CouldNotTest also where the user is refused: many tries with that password would lock the account."""
    if not target.policy.ours:
        try:
            target.logins.kept("1c_zup")
        except Departure as error:
            raise CouldNotTest(f"the user of the directory gets no token: {error.finding.message}") from error
    return target.sso


def _take(progress: WorkerProgress, probed: Iterable[Probed]) -> None:
    """One after the other, so that each is in the account as soon as it is known."""
    for one in probed:
        progress.probed.append(one)


def _generate(
    target: Target, client: Client, max_time_s: float, seed: int, progress: WorkerProgress, writer: EventWriter
) -> None:
    from argus_wfm.conformance.generated.engine import Generator

    before, last = progress.cases, 0.0
    generator = Generator(target, client, max_time_s=max_time_s, seed=seed)
    progress.generators.append(generator)
    for cases, phase in generator.run():
        if time.monotonic() - last > TELL_S:
            last = time.monotonic()
            writer.tell({"event": "progress", "cases": before + cases, "phase": phase})


def _probed(target: Target, client: Client) -> Iterator[Probed]:
    from argus_wfm.conformance.probes.http import forged, probes
    from argus_wfm.conformance.probes.stream import upgrades

    stream = upgrades(target.stream) if client.contract.name == "mce" and target.config.stream else ()
    return _outcomes((*probes(client), *forged(client, _publisher(target)), *stream))


def _publisher(target: Target) -> Client | None:
    """Who tells the keys that tokens are verified with."""
    try:
        return target.sso
    except CouldNotTest:
        return None


def _asked_of_directory(target: Target) -> Iterable[Probed]:
    """Raises CouldNotTest where nobody of it is given."""
    from argus_wfm.conformance.probes.directory import questions

    return _outcomes(questions(target)) if target.config.ldap else ()


def _asked_of_logins(target: Target) -> Iterable[Probed]:
    """Raises CouldNotTest where no user of the directory is given."""
    from argus_wfm.conformance.probes.sso import questions

    return _outcomes(questions(target)) if target.config.sso else ()


def _outcomes(probes: Iterable[Probe]) -> Iterator[Probed]:
    from argus_wfm.conformance.probes.probe import outcome

    for probe in probes:
        verdict, departure, reason = outcome(probe)
        yield probe.operation.id, probe.name, verdict, reason, departure


if __name__ == "__main__":
    main(*sys.argv[1:])
