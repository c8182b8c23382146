"""Transport adapter that applies our safety limits, journal and deadline to Schemathesis' own requests."""

from __future__ import annotations

from typing import Any

import requests

from argus_wfm.conformance.errors import HeldBack
from argus_wfm.conformance.model.findings import clipped
from argus_wfm.conformance.target.client import DEADLINE_S, Client, name_of
from argus_wfm.conformance.target.deadline import DeadlineAdapter
from argus_wfm.conformance.target.safety import SafetyGuard


class GuardedAdapter(DeadlineAdapter):
    """Sends the engine's requests as the judge's client does: under safety limits, with a deadline per response."""

    def __init__(self, client: Client, guard: SafetyGuard) -> None:
        self._client, self._guard = client, guard
        super().__init__()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Raises what SafetyGuard raises, too; the engine then goes on to its next request."""
        client, method, url = self._client, str(request.method), str(request.url)
        path = url[len(client.url) :].partition("?")[0]
        operation = client.contract.match(method, path)
        name, effect = name_of(operation, method, path), client.effect(operation, method)
        if operation and operation.security is None:
            request.headers.pop("Authorization", None)  # nobody has to say who he is there
        if effect == "write" and not client.policy.writes:
            raise HeldBack(f"{name} could change the host")  # what is held back is left out before; nothing slips by
        own = request.headers.get("Authorization") == client.authorization
        through = self._guard.request(
            clipped(name), method, clipped(url), effect, contract=client.contract.name, credentials=own
        )
        with through as pending:
            try:
                response = super().send(request, **{**options, "timeout": DEADLINE_S})
            except requests.RequestException:
                pending.error = "no answer"
                raise
            pending.status = response.status_code
        return response
