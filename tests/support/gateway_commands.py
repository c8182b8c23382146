"""What tests of commands on a running gateway share: `argus up` as a child, and the command line in this process."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from argus_wfm.conformance.cli.app import main
from argus_wfm.conformance.cli.gateway_client import GatewayClient
from argus_wfm.conformance.launch.process import STILL
from argus_wfm.json_type import Json
from tests.support.command_line import running
from tests.support.http_client import Caller
from tests.support.polling import until

NOBODY = {"facts": [{"agentId": "NOBODY", "date_start": "2025-07-28T09:00:00", "loginfo": []}]}
SOMEBODY = {
    "facts": [
        {
            "agentId": "MCE001",
            "date_start": "2025-07-28T09:00:00",
            "loginfo": [{"start": "2025-07-28T09:00:00", "time": 900000}],
        }
    ]
}


@contextlib.contextmanager
def gateway() -> Iterator[dict[str, str]]:
    """The URLs of gateway and mock 1C, at the scenarios' present."""
    with running(
        *STILL,
        "--now",
        "2025-07-29T01:30:00Z",
    ) as urls:
        yield urls


@dataclass(frozen=True, slots=True)
class Done:
    """What one command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        """The one document on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Of stdout."""
        return self.out.splitlines()

    def refused(self) -> str:
        """The one line of a command that could not."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith("argus: ")
        assert self.err.count("\n") == 1, self.err
        return self.err


class Shell:
    """`argus …` in this process, on gateway and mock as new."""

    def __init__(self, urls: dict[str, str], patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        for name in [name for name in os.environ if name.startswith("ARGUS_")]:
            patch.delenv(name)
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)
        self.url, self.patch, self._capsys = urls["gateway"], patch, capsys
        self.gateway, self.zup = Caller(urls["gateway"]), Caller(urls["zup"])
        patch.setenv("ARGUS_URL", self.url)
        self._settle()
        for party in (self.zup, self.gateway):
            assert party.control("/reset", {}).ok
        capsys.readouterr()

    def _settle(self) -> None:
        """What an earlier test has left behind is over."""
        remote = self.remote()
        remote.post("/queue/pause")
        until(lambda: remote.get("/queue"), lambda queue: queue["statuses"]["running"] == 0, what="no operation runs")

    def __call__(self, *arguments: str) -> Done:
        code = main(list(arguments))
        said = self._capsys.readouterr()
        return Done(code, said.out, said.err)

    def remote(self) -> GatewayClient:
        """The gateway, without the command line."""
        return GatewayClient(self.url)

    def submit(self, kind: str, payload: Json) -> str:
        """The id of a new operation."""
        return str(self.remote().post(f"/operations/{kind}", payload)["id"])

    def until(self, operation_id: str, status: str) -> Json:
        """The operation once it is in that state."""
        remote = self.remote()
        return until(
            lambda: remote.get(f"/operations/{operation_id}"),
            lambda operation: operation["status"] == status,
            within_s=30.0,
            what=f"{operation_id} is {status}",
        )

    def dead_letter(self) -> str:
        """The id of one, which 1C has refused."""
        operation_id = self.submit("fact_transfer", NOBODY)
        self.until(operation_id, "dead_letter")
        return operation_id
