"""What a host of others has: one harmless question to each operation that reads, before anything else is asked.

Whatever is absent, speaks another protocol, is down or takes its time is told once and not asked again, so that a
whole run harms nobody and ends soon. Operations that write are not asked.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace

from argus_wfm.conformance.errors import CouldNotTest, HeldBack
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Finding
from argus_wfm.conformance.probes.examples import example_body, example_path, named
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.capabilities import (
    BLOCKED,
    HOPELESS,
    NO_ENVELOPE,
    OF_DRIFT,
    SLOW_S,
    Capability,
    OperationState,
)
from argus_wfm.conformance.target.client import Client
from argus_wfm.conformance.target.kill_switch import PREFLIGHT
from argus_wfm.conformance.target.known_ids import KINDS
from argus_wfm.conformance.target.websocket import OPERATION, Subscription
from argus_wfm.openapi import Operation


class Preflight:
    """Contracts side by side, each one question after the other; SSO comes before those that need its tokens.

    Whoever is interrupted waits for no answer: what was found until then is there.
    """

    def __init__(self, target: Target, contracts: Sequence[str]) -> None:
        self._target, self._contracts = target, contracts
        self._others = [name for name in ("mce", "export") if name in contracts]
        self._found: dict[str, list[Capability]] = {name: [] for name in ("personnel", "sso", *self._others)}
        self._ended = threading.Event()

    def run(self) -> list[Capability]:
        """All of it. Once it was interrupted no further operation is asked."""
        self._target.guard.by = PREFLIGHT
        try:
            personnel = self._start("personnel")
            if "sso" in self._contracts or self._others:
                self._start("sso").result()
            issuing = [one for one in self._found["sso"] if one.operation == "issueToken"]
            hopeless = next((one for one in issuing if one.state in BLOCKED), None)
            for contract in [*[self._start(name, hopeless) for name in self._others], personnel]:
                contract.result()
        finally:
            self._ended.set()
        return self.found()

    def found(self) -> list[Capability]:
        """So far, in the order of contracts."""
        found = [one for of_contract in self._found.values() for one in [*of_contract]]
        return [one for one in found if one.contract in self._contracts or one.operation in ("getAgents", "issueToken")]

    def _start(self, name: str, sso: Capability | None = None) -> Future[None]:
        """In a thread that ends with the process, whatever answer it waits for."""
        done = Future[None]()

        def ask() -> None:
            try:
                for one in _of_contract(self._target, name, sso):
                    self._found[name].append(one)
                    if self._ended.is_set():
                        break
                done.set_result(None)
            except Exception as error:
                done.set_exception(error)

        threading.Thread(target=ask, name=f"preflight-{name}", daemon=True).start()
        return done


def explore(target: Target, contracts: Sequence[str]) -> list[Capability]:
    """What each operation that reads says of itself."""
    return Preflight(target, contracts).run()


def _of_contract(target: Target, name: str, sso: Capability | None = None) -> Iterator[Capability]:
    """`sso` is why no token can be had of the host; one that is given needs none."""
    try:
        if sso and not (target.config.token() if name == "mce" else target.config.reports_token()):
            raise CouldNotTest(f"needs a token, and issueToken is {sso.state}")
        client: Client = getattr(target, name)
    except CouldNotTest as error:
        yield Capability(name, name, OperationState.UNKNOWN, str(error))
        return
    last: Capability | None = None
    there = False  # whether any operation of the contract is
    for operation in _questions(client):
        last = _like(last, operation.id) if last and last.state in HOPELESS else _ask(client, operation)
        if last.state is OperationState.ABSENT and there and _of_things(operation):
            last = replace(last, state=OperationState.UNKNOWN, words=NO_ENVELOPE, finding=None)
        there = there or last.state is OperationState.THERE
        yield last
    if name == "mce" and target.config.stream:
        yield _like(last, OPERATION) if last and last.state in HOPELESS else _upgrade(target)


def _of_things(operation: Operation) -> bool:
    """Whether the path names a thing, of which there may be none."""
    return any(f"{{{name}}}" in operation.path for name in KINDS)


def _questions(client: Client) -> Iterator[Operation]:
    for operation in client.contract.operations.values():
        if operation.effect == "read":
            yield operation


def _like(other: Capability, operation: str) -> Capability:
    """Of an operation that is not asked, since another one of its contract is hopeless."""
    words = f"not asked, since {other.operation} is {other.state}" if other.finding is None else other.words
    return Capability(other.contract, operation, other.state, words, finding=other.finding)


def _ask(client: Client, operation: Operation) -> Capability:
    """Twice where it fails, so that unsteady is told from broken."""
    first = _asked(client, operation)
    if first.state not in (OperationState.BROKEN, OperationState.UNREACHABLE) or first.duration_s > SLOW_S:
        return first
    second = _asked(client, operation)
    if second.state is first.state:
        return second
    words = f"{first.state} once, {second.state} when it was asked again"
    return Capability(
        client.contract.name, operation.id, OperationState.UNSTEADY, words, second.duration_s, first.finding
    )


def _asked(client: Client, operation: Operation) -> Capability:
    name, body = client.contract.name, named(example_body(operation), client.user)

    def ask() -> Capability:
        exchange = client.ask(operation.method, _path(operation), json=body)
        state, finding = _state(exchange)
        words = finding.message if finding else ""
        if state is OperationState.THERE and exchange.elapsed_s > SLOW_S:
            took = f"{operation.id} took {exchange.elapsed_s:.0f} s"
            state, words = OperationState.SLOW, f"{took}; --scenario ID asks all the same"
        return Capability(name, operation.id, state, words, exchange.elapsed_s, finding, _ahead(exchange))

    return _answered(name, operation.id, ask)


def _answered(contract: str, operation: str, ask: Callable[[], Capability]) -> Capability:
    """What `ask` makes of an answer, or why there is none."""
    try:
        return ask()
    except (HeldBack, CouldNotTest) as error:
        return Capability(contract, operation, OperationState.UNKNOWN, str(error))
    except Departure as departure:
        found = departure.finding
        return Capability(contract, operation, OperationState.UNREACHABLE, found.message, finding=found)


def _path(operation: Operation) -> str:
    """Of a period that is near, and of things that there may be."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    if operation.id == "getAgents":
        return operation.path.replace("{startDate}", today).replace("{endDate}", today)
    return example_path(operation)


def _state(exchange: Exchange) -> tuple[OperationState, Finding | None]:
    """By status and media type alone: what the members are is for scenarios to judge."""
    status = exchange.status
    try:
        if status >= 500 or status in (401, 403) or (status in (404, 405) and exchange.absent()):
            exchange.require(200)
        if status >= 400 or not _is_file(exchange):
            exchange.json()
    except Departure as departure:
        found = departure.finding
        return OF_DRIFT.get(found.drift, OperationState.BROKEN if status >= 500 else OperationState.THERE), found
    return OperationState.THERE, None


def _is_file(exchange: Exchange) -> bool:
    operation = exchange.operation
    answers = operation.spec["responses"].get(f"{exchange.status}", {}) if operation else {}
    return exchange.media_type in answers.get("content", {}) and exchange.media_type != "application/json"


def _ahead(exchange: Exchange) -> float | None:
    said = exchange.date
    return None if said is None else round((said - dt.datetime.now(dt.UTC)).total_seconds())


def _upgrade(target: Target) -> Capability:
    """A socket that is closed at once."""

    def ask() -> Capability:
        opened = target.stream.upgrade(target.stream.authorization)
        if isinstance(opened, Subscription):
            opened.close()
            return Capability("mce", OPERATION, OperationState.THERE)
        try:
            opened.require(101)
        except Departure as departure:
            found = departure.finding
            return Capability(
                "mce", OPERATION, OF_DRIFT.get(found.drift, OperationState.BROKEN), found.message, finding=found
            )
        raise AssertionError("unreachable: 101 is no refusal")

    return _answered("mce", OPERATION, ask)
