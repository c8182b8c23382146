"""A contract served with handlers of the tests' own."""

import base64
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from argus_wfm.openapi import Call, ServedExchange, load
from tests.support.polling import until

USER, PASSWORD = "argus", "пароль"


BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
EXAMPLES = {where: example for where, _, example in load("personnel").examples()}
NORM = EXAMPLES["getNormHours request"]


@dataclass(repr=False)
class Host:
    """A served personnel contract. `answers` overrides what an operation returns; `calls` came through to it."""

    stack: str
    url: str = ""
    answers: dict[str, Callable[[Call], Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    exchanges: list[ServedExchange] = field(default_factory=list)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": BASIC, **options.pop("headers", {})}
        session = requests.Session()
        session.trust_env = False
        with session:
            return session.request(
                method, f"{self.url}/services/personnel{path}", headers=headers, timeout=30, **options
            )

    def get_agents(self, **options: Any) -> requests.Response:
        return self.request("GET", "/agents/2025-07-01/2025-07-31", **options)

    def norm(self, **options: Any) -> requests.Response:
        return self.request("POST", "/getNormHours", **options)

    def answer(self, call: Call) -> Any:
        self.calls.append(call)
        override = self.answers.get(call.operation.id)
        return override(call) if override else EXAMPLES[f"{call.operation.id} 200"]

    def closed(self, request_id: str) -> ServedExchange:
        """The exchange of a request, once it is told; its client may have had the answer a moment earlier."""

        def told() -> list[ServedExchange]:
            return [exchange for exchange in self.exchanges if exchange.request_id == request_id]

        return until(told, within_s=5, what=f"exchange {request_id} is closed")[0]

    def clear(self) -> None:
        for kept in (self.answers, self.calls, self.exchanges):
            kept.clear()


def handlers(host: Host, stack: str) -> dict[str, Callable[..., Any]]:
    def get_agents(call: Call, start_date: str, end_date: str) -> Any:
        return host.answer(call)

    async def answer_async(call: Call) -> Any:
        answer = host.answer(call)
        return await answer if inspect.isawaitable(answer) else answer

    async def get_agents_async(call: Call, start_date: str, end_date: str) -> Any:
        return await answer_async(call)

    posts = [name for name in load("personnel").operations if name != "getAgents"]
    if stack == "async":
        return {"getAgents": get_agents_async, **dict.fromkeys(posts, answer_async)}
    return {"getAgents": get_agents, **dict.fromkeys(posts, host.answer)}


def assert_envelope(response: requests.Response, status: int, code: str, field_: str | None = None) -> None:
    """The one envelope, with a code that the contract lists for the status."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body["error"] is True
    assert body["code"] == code
    assert body["message"]
    assert body["details"]["timestamp"] == "2025-07-29T01:30:00Z"
    assert body["details"].get("field") == field_
