"""Schemathesis, driven as a library: the one module that knows it (its engine is semi-public, hence the pin)."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import context as engine
from schemathesis.engine import events, from_schema

from argus_wfm.conformance.checks.encoding import legible
from argus_wfm.conformance.generated import checks
from argus_wfm.conformance.generated.data import tamed
from argus_wfm.conformance.generated.people import request_employee_ids
from argus_wfm.conformance.generated.transport import GuardedAdapter
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Drift, Finding, clipped
from argus_wfm.conformance.probes.examples import named
from argus_wfm.conformance.target import Target
from argus_wfm.conformance.target.client import DEADLINE_S, Client
from argus_wfm.conformance.target.deadline import bounded
from argus_wfm.json_type import Json

FOREIGN_RATE = "10/s"  # requests to a host that is not ours
SHALLOW = 0.5  # of requests meant to be right, that should have been accepted for the run to say much
OURS = ("examples", "coverage", "fuzzing", "stateful")
JUDGED_BY_US = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
CODES = {
    "positive_data_acceptance": ("REQUEST_REFUSED", Drift.VALUE),
    "negative_data_rejection": ("REQUEST_ACCEPTED", Drift.VALUE),
    "missing_required_header": ("REQUEST_ACCEPTED", Drift.VALUE),
    "ignored_auth": ("AUTH_NOT_CHECKED", Drift.AUTH),
    "unsupported_method": ("STATUS_UNEXPECTED", Drift.VALUE),
    "allow_header_conformance": ("HEADER", Drift.SHAPE),
}


class Generator:
    """One run of Schemathesis against one contract of a target."""

    def __init__(self, target: Target, client: Client, *, max_time_s: float, seed: int) -> None:
        self._target, self._client = target, client
        self._people = request_employee_ids(target, client)
        self._keys = itertools.count(1)
        self._run = "" if target.policy.ours else f"{uuid.uuid4().hex[:6]}-"  # a host of others remembers other runs
        self._seed = seed
        self._right: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._phases: list[str] = []
        self._stop, self._cases = "", 0
        self._notes: list[str] = []
        operations, blocked = self._client.contract.operations.values(), target.config.blocked
        self._held = [op.id for op in operations if op.effect == "write" and not target.policy.writes]
        whole = self._client.contract.name in blocked
        left = (op.id for op in operations if (whole or op.id in blocked) and op.id not in self._held)
        self._left = [*self._held, *left]
        self._schema = self._load(max_time_s, seed)
        self.findings: list[Finding] = []

    def run(self) -> Iterator[tuple[int, str]]:
        """Send what fits into the time; yields (cases so far, phase) as it goes. Raises what the engine dies of."""
        if len(self._left) == len(self._client.contract.operations):
            return
        try:
            with self._through_the_guard():
                yield from self._events()
        finally:
            schemathesis.hooks.unregister(self._before_call)

    def _events(self) -> Iterator[tuple[int, str]]:
        phase = ""
        for event in from_schema(self._schema).execute():
            if closed := self._target.guard.closed():
                self._notes.append(f"{self._client.contract.name}: {closed}")
                self._stop = "stopped"
                break
            match event:
                case events.PhaseStarted():
                    phase = event.phase.name.value
                    if phase in OURS and phase not in self._phases:
                        self._phases.append(phase)
                case events.ScenarioFinished() | events.FuzzScenarioFinished():
                    self._take(event.recorder)
                case events.NonFatalError():
                    self._note(event)
                case events.FatalError():
                    raise event.exception
                case events.EngineFinished():
                    self._stop = event.stop_reason.value
            yield self._cases, phase

    def told(self) -> dict[str, Json]:
        """What the run did, for the parent process."""
        notes = [*dict.fromkeys([*self._notes, *self._shallow()])]
        return {"cases": self._cases, "phases": self._phases, "stop": self._stop, "notes": notes, "held": self._held}

    def _load(self, max_time_s: float, seed: int) -> Any:
        client = self._client
        config = SchemathesisConfig.from_dict(
            {
                "base-url": client.url,
                "headers": {"Authorization": client.authorization},
                "max-time": max(1, round(max_time_s)),
                "seed": seed,
                "continue-on-failure": True,
                "suppress-health-check": ["all"],  # they are about our strategies, not about the host
                "request-timeout": DEADLINE_S,
                "max-redirects": 0,  # a redirection is the answer; nobody else was asked for
                "tls-verify": client.verify,
                "generation": {"no-shrink": True, "database": "none"},
                "checks": {
                    **{name: {"enabled": False} for name in JUDGED_BY_US},
                    # asks again past our hooks and so past the safety limits; a probe asks the same of others' hosts
                    "ignored_auth": {"enabled": self._target.policy.ours},
                    "positive_data_acceptance": {"expected-statuses": ["2xx", 401, 404, 409, 422]},
                },
                **({} if self._target.policy.ours else {"rate-limit": FOREIGN_RATE}),
                "phases": {
                    "coverage": {} if self._target.policy.writes else {"unexpected-methods": ["GET", "OPTIONS"]},
                    "examples": {"extra-data-sources": {"responses": False}},  # one case a person otherwise
                },
            }
        )
        schema = schemathesis.openapi.from_dict(client.contract.document, config=config)
        self._hook(schema)
        return schema.exclude(operation_id=self._left) if self._left else schema

    def _hook(self, schema: Any) -> None:
        """Hooks are looked up by name and must be plain functions; before_call exists for a whole process only."""

        @schemathesis.hook
        def before_call(context: Any, case: Any, kwargs: Any) -> None:
            self._tame(case)

        @schema.hook  # type: ignore[untyped-decorator]
        def after_call(context: Any, case: Any, response: Any) -> None:
            self._judge(case, response)

        self._before_call = before_call

    @contextlib.contextmanager
    def _through_the_guard(self) -> Iterator[None]:
        """Every request of the engine, also those that no hook is told of: its own probes, repeated ones."""
        made = engine.make_session

        def gated(config: Any, *, operation: Any = None) -> requests.Session:
            return bounded(made(config, operation=operation), GuardedAdapter(self._client, self._target.guard))

        engine.make_session = gated
        try:
            yield
        finally:
            engine.make_session = made

    def _tame(self, case: Any) -> None:
        if not _meant_right(case):
            return
        known = self._target.recorder.known_ids.of
        case.path_parameters = tamed(case.path_parameters, self._people, known)
        case.query = tamed(case.query, self._people)
        if isinstance(case.body, dict):
            case.body = named(tamed(case.body, self._people, known), self._client.user)
            if not self._target.policy.ours:  # which may keep it, and tell others of it
                case.body = legible(case.body)
            if "report_id" in case.body:  # on a host of ours one that is cheap
                case.body["report_id"] = "personnel_list" if self._target.policy.ours else "monthly_attendance"
            if "event_id" in case.body:  # the same id with other members would be another's event
                case.body["event_id"] = self._key()
        if case.headers and "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = self._key()

    def _key(self) -> str:
        return f"argus-{self._run}{self._seed}-{next(self._keys)}"

    def _judge(self, case: Any, response: Any) -> None:
        exchange = self._exchange(response)
        self._target.recorder.add(exchange, checks.findings)
        self._cases += 1
        if _meant_right(case) and exchange.operation:
            self._right[exchange.operation.id] += 1
            self._accepted[exchange.operation.id] += exchange.status < 300 or _rightly_refused(exchange)

    def _exchange(self, response: Any) -> Exchange:
        client, request = self._client, response.request
        path = request.url[len(client.url) :].partition("?")[0]
        body = request.body.encode() if isinstance(request.body, str) else request.body
        return Exchange(
            client.contract,
            client.contract.match(request.method, path),
            request.method,
            request.url,
            {name.lower(): _text(value) for name, value in request.headers.items()},
            body if isinstance(body, bytes) else b"",
            response.status_code,
            {name.lower(): values[0] for name, values in response.headers.items()},
            response.content,
            response.elapsed,
            client.url,
        )

    def _take(self, recorder: Any) -> None:
        """Failures of the checks that Schemathesis made itself."""
        for case_id, made in recorder.checks.items():
            for check in made:
                if check.failure_info is not None:
                    response = recorder.interactions[case_id].response
                    self._add(check.name, check.failure_info.failure, response, recorder)

    def _add(self, name: str, failure: Any, response: Any, recorder: Any) -> None:
        code, drift = CODES.get(name, ("CONTRACT_TEST", Drift.VALUE))
        words = " ".join(f"{failure.title}. {failure.message}".split())
        if response is None:
            self.findings.append(Finding(code, drift, self._named(recorder.label), "request", clipped(words)))
            return
        exchange = self._exchange(response)
        self.findings.append(exchange.finding(code, drift, "status", clipped(words), actual=exchange.status))

    def _named(self, label: str) -> str:
        """The id of an operation that Schemathesis calls by method and path, so that scenarios' findings meet it."""
        of_contract = self._client.contract.operations.values()
        return next((one.id for one in of_contract if f"{one.method} {one.path}" == label), label)

    def _note(self, event: Any) -> None:
        """What the engine could not do: a host that does not answer is a finding, the rest is told."""
        title, name = " ".join(str(event.info.title or event.value).split()), self._named(event.label)
        if event.info.title and "network" in event.info.title.lower():
            words = " ".join(str(event.info.message).split())
            self.findings.append(Finding("UNREACHABLE", Drift.UNREACHABLE, name, "connection", clipped(words)))
        else:
            first = str(event.value).strip().splitlines()[:1]
            self._notes.append(f"{event.label}: {first[0] if first else title}")

    def _shallow(self) -> Iterator[str]:
        """A run whose right requests were mostly refused tested little; say so."""
        for operation_id, sent in self._right.items():
            accepted = self._accepted[operation_id]
            if accepted < SHALLOW * sent:
                yield f"{operation_id}: only {accepted} of {sent} requests that were meant to be right were accepted"


def _rightly_refused(exchange: Exchange) -> bool:
    """A generated id names nothing, and what is there may not be in a state for it."""
    operation = exchange.operation
    names_a_thing = operation is not None and ("{" in operation.path or operation.id == "sendEvent")
    return exchange.status == 409 or (exchange.status == 404 and names_a_thing)


def _meant_right(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode.value == "positive"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
