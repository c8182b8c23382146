"""`argus up` with something in it, and one right request for each operation of each contract."""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests
from requests.auth import _basic_auth_str

from argus_wfm.conformance.launch.process import STILL
from argus_wfm.json_type import Json
from argus_wfm.openapi import Contract, load
from argus_wfm.openapi.contract import Operation
from tests.judges.tools import environment
from tests.support.http_client import PASSWORD, USER
from tests.support.polling import until

CONTRACTS = ("personnel", "mce", "sso", "export", "operations")
WAIT_S = 60


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the contract allows and that the host can fulfil; `path` is relative to the base path."""

    operation: Operation
    path: str
    body: Json = None

    @property
    def status(self) -> int:
        """What it is answered with."""
        return min(self.operation.statuses)


@dataclass(slots=True)
class Scene:
    """Addresses, who may ask, and ids of things that are there."""

    urls: dict[str, str]
    controls: dict[str, str]
    authorizations: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def calls(self, contract: Contract) -> list[Call]:
        """One for each operation, by the contract's own examples, with ids of what is there."""
        if contract.name == "operations":
            _queue(self)
        return [self._call(operation) for operation in contract.operations.values()]

    def _call(self, operation: Operation) -> Call:
        path = operation.path
        for parameter in operation.spec.get("parameters", []):
            if parameter["in"] == "path":
                value = self.ids.get(operation.id, parameter["example"])
                path = path.replace(f"{{{parameter['name']}}}", value)
        content = operation.spec.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = copy.deepcopy(content.get("example"))
        if operation.id == "sendEvent":
            del body["timestamp"]  # the moment of arrival; the example's is ahead of this clock
        return Call(operation, path, body)

    def authorization(self, contract: Contract, operation: Operation) -> dict[str, str]:
        """The header that opens an operation, if it needs one."""
        return {"Authorization": self.authorizations[contract.name]} if operation.security else {}

    def inject(self, fault: Json) -> None:
        """A fault of the mock 1C."""
        requests.post(f"{self.controls['zup']}/_control/faults", json=fault, timeout=30).raise_for_status()

    def send(self, contract: str, operation: str, body: Json = None, path: str = "") -> Json:
        """An operation of the gateway itself, whose reply has to be a success."""
        document = load(contract)
        wanted = document.operations[operation]
        reply = requests.request(
            wanted.method,
            self.urls["gateway"] + document.base_path + (path or wanted.path),
            json=body,
            headers=self.authorization(document, wanted),
            timeout=30,
        )
        assert reply.ok, reply.text
        return reply.json()


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """A running `argus up`, made ready."""
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "argus_wfm",
            *STILL,
            "--now",
            "2025-07-29T01:30:00Z",
            "--json",
            "--until-stdin-ends",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(),
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        made = Scene(told["ready"], told["controls"])
        _let_in(made)
        _centre(made)
        _report(made)
        try:
            yield made
        finally:
            child.stdin.close()
            assert child.wait(30) == 0


def _let_in(made: Scene) -> None:
    """Basic for 1C and the directory; tokens as the gateway's own SSO gives them."""
    made.authorizations["personnel"] = _basic_auth_str(USER, PASSWORD)
    made.authorizations["sso"] = _basic_auth_str("ivan.ivanov", PASSWORD)
    for name in ("mce", "export", "operations"):
        asked = {"username": "ivan.ivanov", "auth_type": "ldap", "target_system": load(name).document["x-audience"]}
        token = made.send("sso", "issueToken", asked)["access_token"]
        made.authorizations[name] = f"Bearer {token}"


def _centre(made: Scene) -> None:
    """MCE001 has logged in, and MCE002 has taken CALL123."""
    call = {"call_id": "CALL123", "queue": "support_queue"}
    for number, (agent, event, more) in enumerate(
        [("MCE001", "login", {}), ("MCE002", "login", {}), ("MCE002", "call_start", call)]
    ):
        made.send("mce", "sendEvent", {"event_id": f"E{number}", "event": event, "agent_id": agent, **more})
    made.send("mce", "putQueueLoad", {"waiting": 1, "longest_wait": 5}, "/queues/support_queue")


def _report(made: Scene) -> None:
    """A report is made, for who asks how far it is and for who fetches it."""
    task = made.send("export", "exportReport", {"report_id": "personnel_list", "format": "csv", "period": "2025-07"})
    _until(lambda: made.send("export", "getExportStatus", path=f"/status/{task['task_id']}"), "completed")
    made.ids |= dict.fromkeys(("getExportStatus", "downloadExport"), task["task_id"])


def _queue(made: Scene) -> None:
    """A sync is done, a transfer is dead, a request waits; then the queue stands still, with another in it."""
    made.send("operations", "resumeQueue")
    sync = _submitted(made, "submitPersonnelSync", "completed")
    made.ids |= dict.fromkeys(("getOperation", "getOperationResult", "getSyncRun"), sync)
    stranger = {"facts": [{"agentId": "NOBODY", "date_start": "2025-07-28T09:00:00", "loginfo": []}]}
    made.ids["redriveDeadLetter"] = _submitted(made, "submitFactTransfer", "dead_letter", stranger)
    fault = {"fault": "status", "status": 503, "operation": "getTimetypeInfo", "times": 1}
    made.inject(fault)
    asked = {"date_start": "2025-07-01T00:00:00", "date_end": "2025-07-31T23:59:59", "agents": ["MCE001"]}
    made.ids["retryOperation"] = _submitted(made, "submitTimesheetRequest", "waiting", asked)
    made.send("operations", "pauseQueue")
    made.ids["cancelOperation"] = _submitted(made, "submitTimesheetRequest", "queued", asked)


def _submitted(made: Scene, operation: str, status: str, body: Json = None) -> str:
    identity: str = made.send("operations", operation, body)["id"]
    _until(lambda: made.send("operations", "getOperation", path=f"/operations/{identity}"), status)
    return identity


def _until(look: Callable[[], Json], status: str) -> None:
    until(look, lambda seen: seen["status"] == status, within_s=WAIT_S, what=f"its status is {status}")


def document(made: Scene, contract: Contract, version: str, folder: Path) -> Path:
    """A contract as the gateway serves it, as a file: 3.0 as it is written, 3.1 its twin."""
    path = f"{contract.base_path}/openapi.json" if version == "3.0" else f"/openapi-3.1/{contract.name}.json"
    reply = requests.get(made.urls["gateway"] + path, timeout=30)
    reply.raise_for_status()
    assert reply.json()["openapi"].startswith(version)
    file = folder / f"{contract.name}-{version}.json"
    file.write_bytes(reply.content)
    return file
