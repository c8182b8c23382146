"""The JSON log: one line an exchange, and nothing that is nobody's business."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from argus_wfm.gateway.logs import configure, log
from tests.support.gateway import Gateway
from tests.support.http_client import AGENTS, Caller


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    text = io.StringIO()
    configure("INFO", text)
    yield text
    root = logging.getLogger("argus")
    root.handlers, root.propagate = [], True
    structlog.reset_defaults()


def test_one_line_an_exchange_without_secrets_or_people(stream: io.StringIO, zup: Caller, gateway: Gateway) -> None:
    with gateway(zup.url, password="argus-dev", session_key="очень-тайно") as argus:
        argus.get(AGENTS)
        argus.get("/agents/Иванов/2025-07-31")
        argus.post("/getNormHours", {"employee_id": "Иванов"})
        argus.root("/nowhere/Иванов")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    exchanges = [line for line in lines if line["event"] == "exchange"]
    assert [(line["operation"], line["status"]) for line in exchanges] == [
        ("getAgents", 200),
        ("getAgents", 400),
        ("getNormHours", 400),
        (None, 404),
    ]
    assert exchanges[0]["path"] == "/agents/{startDate}/{endDate}"
    assert exchanges[0]["principal"] == "argus"
    for secret in ("argus-dev", "Basic ", "Иванов", "очень-тайно", "MCE001"):
        assert secret not in stream.getvalue()


def test_members_that_promise_a_secret_are_blotted_out_and_cyrillic_stays(stream: io.StringIO) -> None:
    log.info("вход", password="p1", Authorization="Basic x", x_session_id="s1", user="иван")
    (line,) = stream.getvalue().splitlines()
    assert "вход" in line
    assert "иван" in line
    assert json.loads(line)["password"] == "***"
    for secret in ("p1", "Basic x", "s1"):
        assert secret not in line
