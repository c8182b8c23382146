"""One deterministic question per operation and HTTP rule: credentials, methods, media types, bodies."""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from argus_wfm.conformance.checks.jwt import forgeries, signed_with_public_keys
from argus_wfm.conformance.checks.keywords import resolved
from argus_wfm.conformance.errors import CouldNotTest, HeldBack
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.model.findings import Departure, Drift
from argus_wfm.conformance.probes.examples import example_body, example_path, named
from argus_wfm.conformance.probes.probe import Probe
from argus_wfm.conformance.target.client import Client
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, Operation

TOO_LARGE = 5 * 1024 * 1024
OF_A_KIND = 3  # things that replies named, of which one will do
JSON = {"Content-Type": "application/json"}


def probes(client: Client) -> Iterator[Probe]:
    """Every question to every operation of the client's contract, with the contract's own examples as requests."""
    for operation in client.contract.operations.values():
        asker = _Asker(client, operation)
        for name in _names(client, operation):
            yield Probe(name, operation, getattr(asker, name))


def forged(client: Client, sso: Client | None = None) -> Iterator[Probe]:
    """Tokens that nobody issued to each operation that takes tokens; on a host of others to one of them.

    `sso` publishes the keys, where the host has any.
    """
    operations = [operation for operation in client.contract.operations.values() if operation.security == "bearer"]
    chosen = operations if client.policy.ours else [one for one in operations if one.effect == "read"][:1]
    if chosen:
        token = client.authorization.partition(" ")[2]
        audience = client.contract.document.get("x-audience", client.contract.name)
        tokens = forgeries(token, audience) | (_by_public_keys(token, sso) if sso else {})
        for operation in chosen:
            asker = _Asker(client, operation)
            for name, token in tokens.items():
                yield Probe(f"token_{name}", operation, functools.partial(asker.forged, token))


def _by_public_keys(token: str, sso: Client) -> dict[str, str]:
    """None where the host publishes no keys that can be read."""
    try:
        return signed_with_public_keys(token, sso.ask("GET", "/jwks", auth=None).require(200))
    except (Departure, LookupError, TypeError, ValueError):
        return {}


def _names(client: Client, operation: Operation) -> Iterator[str]:
    without = set()
    if operation.security is None:
        without.add("no_credentials")
    if "x-max-bytes" in operation.spec:
        without.add("too_large")
    names = (*READING, *SENDING) if "requestBody" in operation.spec else READING
    names = ("example", *names) if operation.effect == "read" else names
    names = (*names, "each_choice") if _choices(client.contract, operation) else names
    names = (*names, *OF_EXPORTS.get(operation.id, ()))
    names = (*names, "other_audience") if client.foreign_token and operation.security == "bearer" else names
    return (name for name in names if name not in without)


READING = ("no_credentials", "undeclared_method", "not_acceptable", "too_large")
SENDING = ("wrong_media_type", "truncated_json", "bad_utf8", "chunked")
OF_EXPORTS = {"exportReport": ("same_key", "too_soon"), "downloadExport": ("not_modified",)}
MADE_S, LOOK_S = 20.0, 1.0  # of real time, in which a file should be there, and between two looks
GOING_ON = ("queued", "waiting", "running")  # of no other status of a task can it be said whether it will end


class _Asker:
    """The questions to one operation; each method is one."""

    def __init__(self, client: Client, operation: Operation) -> None:
        self._client, self._operation = client, operation
        self._path = example_path(operation)
        example = named(example_body(operation), client.user)
        self._body = b"" if example is None else json.dumps(example, ensure_ascii=False).encode()

    def example(self) -> None:
        """As the contract has it, without anything that may be left out: what comes is judged, whatever it is."""
        exchange = self._send(headers=JSON if self._body else {}, data=self._body)
        if exchange.status in (404, 405) and exchange.absent():
            exchange.require(200)

    def each_choice(self) -> None:
        """Each value of a query parameter that has but a few: what comes is judged."""
        for name, values in _choices(self._client.contract, self._operation).items():
            for value in values:
                self._client.request(self._operation.method, f"{self._path}?{name}={quote(value)}").require(200)

    def same_key(self) -> None:
        """The same Idempotency-Key and body are the same task."""
        key = f"argus-{uuid.uuid4().hex[:12]}"
        first, second = (self._exported(key) for _ in range(2))
        tasks = [exchange.require(202).get("task_id") for exchange in (first, second)]
        words = "The same Idempotency-Key made another task"
        second.expect(tasks[0] == tasks[1], "VALUE", "/task_id", words, expected=tasks[0], actual=tasks[1])

    def too_soon(self) -> None:
        """The file of a task that has just begun is not there, or whole."""
        task = self._exported().require(202).get("task_id")
        exchange = self._client.request("GET", f"/download/{task}", headers={"Accept": "*/*"})
        if exchange.status != 200:
            exchange.require(409, "EXPORT_NOT_READY")

    def not_modified(self) -> None:
        """Whoever has the file already is told so."""
        path = f"/download/{self._task()}"
        file = self._client.request("GET", path, headers={"Accept": "*/*"})
        if file.status != 200 or "etag" not in file.headers:
            raise CouldNotTest("no file that could be asked for again")
        again = self._client.request("GET", path, headers={"Accept": "*/*", "If-None-Match": file.headers["etag"]})
        words = f"If-None-Match with the file's own ETag gives {again.status}"
        again.expect(again.status == 304, "STATUS_UNEXPECTED", "status", words, expected=304, actual=again.status)

    def _exported(self, key: str = "") -> Exchange:
        example = example_body(self._operation)
        body = {**example, "report_id": "personnel_list"} if self._client.policy.ours else example  # one that is cheap
        headers = {**JSON, **({"Idempotency-Key": key} if key else {})}
        return self._send(headers=headers, data=json.dumps(body).encode())

    def _task(self) -> str:
        """One that is over, of those that replies have named."""
        deadline, tasks = time.monotonic() + MADE_S, self._client.recorder.known_ids.of("task_id")[:OF_A_KIND]
        while tasks and time.monotonic() < deadline:
            states = {task: self._state(task) for task in tasks}
            for task, state in states.items():
                if state == "completed":
                    return task
            tasks = [task for task, state in states.items() if state in GOING_ON]
            time.sleep(LOOK_S if tasks else 0)
        raise CouldNotTest("no export was made")

    def _state(self, task: str) -> Json:
        told = self._client.ask("GET", f"/status/{task}")
        body = told.json() if told.status == 200 else None
        return body.get("status") if isinstance(body, dict) else None

    def no_credentials(self) -> None:
        self._send(headers=JSON if self._body else {}, data=self._body, auth=None).require(401, "UNAUTHORIZED")

    def other_audience(self) -> None:
        """A good token, but for another API."""
        token = self._client.foreign_token() if self._client.foreign_token else ""
        headers = JSON if self._body else {}
        self._send(headers=headers, data=self._body, auth=f"Bearer {token}").require(403, "INSUFFICIENT_SCOPE")

    def forged(self, token: str) -> None:
        """A token that the host has not issued."""
        headers = JSON if self._body else {}
        self._send(headers=headers, data=self._body, auth=f"Bearer {token}").require(401, "TOKEN_INVALID")

    def undeclared_method(self) -> None:
        """A method that cannot do harm where writes are not allowed."""
        self._client.guard.check_blocked(self._operation.id, self._client.contract.name)
        declared = self._client.contract.methods(self._path)
        tried = ("DELETE", "PUT") if self._client.policy.writes else ("GET", "OPTIONS")
        exchange = self._client.request(next(method for method in tried if method not in declared), self._path)
        exchange.require(405, "METHOD_NOT_ALLOWED")
        self._allows(exchange)

    def not_acceptable(self) -> None:
        headers = {"Accept": "text/html", **(JSON if self._body else {})}
        self._send(headers=headers, data=self._body).require(406, "NOT_ACCEPTABLE")

    def wrong_media_type(self) -> None:
        self._send(headers={"Content-Type": "text/plain"}, data=self._body).require(415, "UNSUPPORTED_MEDIA_TYPE")

    def truncated_json(self) -> None:
        self._send(headers=JSON, data=self._body[:-1]).require(400, "MALFORMED_JSON")

    def bad_utf8(self) -> None:
        self._send(headers=JSON, data=b'{"employee_id": "\xff\xfe"}').require(400, "MALFORMED_JSON")

    def too_large(self) -> None:
        if not self._client.policy.ours:
            raise HeldBack("5 MiB would be a burden on a host that is not ours")
        self._send(headers=JSON, data=b" " * TOO_LARGE + self._body).require(413, "PAYLOAD_TOO_LARGE")

    def chunked(self) -> None:
        """Without Content-Length; a host that cannot read that says "body required"."""
        exchange = self._send(headers=JSON, data=iter([self._body[:10], self._body[10:]]))
        if exchange.status in (400, 411) and self._send(headers=JSON, data=self._body).status == 200:
            words = "A chunked body is refused, the same body with Content-Length is taken"
            exchange.departs("REQUEST_REFUSED", Drift.VALUE, "status", words, expected=200, actual=exchange.status)
        exchange.json()

    def _allows(self, exchange: Exchange) -> None:
        declared = {method.strip() for method in exchange.headers.get("allow", "").split(",")}
        missing = set(exchange.contract.methods(self._path)) - declared
        if missing:
            words = f"Allow does not name {', '.join(sorted(missing))}"
            exchange.departs("HEADER", Drift.SHAPE, "header Allow", words, actual=exchange.headers.get("allow", ""))

    def _send(self, **options: Any) -> Exchange:
        return self._client.request(self._operation.method, self._path, **options)


def _choices(contract: Contract, operation: Operation) -> dict[str, list[str]]:
    """Query parameters of an operation that reads, with the values that they may have."""
    given = operation.spec.get("parameters", []) if operation.effect == "read" else []
    definitions = contract.document["components"].get("schemas", {})
    chosen = {one["name"]: resolved(one["schema"], definitions).get("enum") for one in given if one["in"] == "query"}
    return {name: [str(value) for value in values] for name, values in chosen.items() if values}
