"""A 1C that fails: what the caller is told, and that the total deadline holds. Every fault is injected over TCP."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from argus_wfm.gateway.errors import TRANSIENT, UpstreamFailed, UpstreamUnready
from argus_wfm.openapi import load
from tests.support.gateway import Gateway
from tests.support.http_client import AGENTS, Caller, drips, drips_head, hangs, tcp
from tests.support.personnel import NORM, SCHEDULE

EXAMPLES = {where: example for where, _, example in load("personnel").examples()}
AGENTS_REPLY = EXAMPLES["getAgents 200"]
Answer = Callable[[socket.socket], None]


def http(status: int, body: bytes, media_type: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n{extra}"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def answers(data: bytes) -> Answer:
    return lambda connection: connection.sendall(data)


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


ONE_LESS = {**AGENTS_REPLY, "agents": [{k: v for k, v in AGENTS_REPLY["agents"][0].items() if k != "agent_id"}]}
ENVELOPE = {
    "error": True,
    "code": "EMPLOYEE_NOT_FOUND",
    "message": "нет",
    "details": {"timestamp": "2025-07-29T01:30:00Z"},
}


@pytest.mark.parametrize("slow", [hangs, drips, drips_head])
def test_no_whole_answer_in_time_is_504(gateway: Gateway, slow: Answer) -> None:
    with tcp(slow) as upstream, gateway(upstream, call_timeout_s=0.3) as argus:
        reply = argus.get(AGENTS)
        assert (reply.status_code, reply.json()["code"]) == (504, "UPSTREAM_TIMEOUT")
        assert reply.json()["details"]["attempt"] == 0
        assert reply.json()["details"]["last_error"] == "Connection timeout"
        assert "0.3 s" in reply.json()["message"]
        assert argus.root("/health").json()["upstreams"]["zup"]["state"] == "failing"


@pytest.mark.parametrize(
    "fault",
    [
        resets,
        lambda connection: None,
        answers(b"HTTP/1.1 200 OK\r\nContent-Le"),
        answers(b"\x00\x01not http\r\n\r\n"),
        answers(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"agents"'),
        answers(http(500, b"oops", "text/plain")),
        answers(http(503, as_json(ENVELOPE))),
        answers(http(401, as_json(ENVELOPE))),
        answers(http(302, b"", extra="Location: http://127.0.0.1:9/\r\n")),
    ],
)
def test_dropped_connection_or_failing_1c_is_502(gateway: Gateway, fault: Answer) -> None:
    with tcp(fault) as upstream, gateway(upstream) as argus:
        reply = argus.get(AGENTS)
        assert (reply.status_code, reply.json()["code"]) == (502, "SYNC_FAILED"), reply.text
        assert reply.json()["details"]["last_error"]


def test_nobody_listening_is_502(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with gateway(f"http://127.0.0.1:{port}") as argus:
        assert argus.get(AGENTS).json()["code"] == "SYNC_FAILED"


@pytest.mark.parametrize(
    "body",
    [
        http(200, b"<html>1C</html>", "text/html"),
        http(200, as_json(AGENTS_REPLY), "text/html"),
        http(200, as_json(ONE_LESS)),
        http(200, b'{"agents": [}'),
        http(200, b"\xff\xfe"),
        http(200, b"[]"),
        http(404, b"nothing", "text/plain"),
        http(404, as_json({**ENVELOPE, "code": "NO_SUCH_CODE"})),
    ],
)
def test_answer_against_the_contract_is_502_bad_upstream(gateway: Gateway, body: bytes) -> None:
    with tcp(answers(body)) as upstream, gateway(upstream) as argus:
        reply = argus.get(AGENTS)
        assert (reply.status_code, reply.json()["code"]) == (502, "BAD_UPSTREAM_RESPONSE"), reply.text


@pytest.mark.parametrize("status", [302, 204, 429, 418])
def test_an_answer_to_something_else_is_502_and_may_pass(gateway: Gateway, status: int) -> None:
    """A page of maintenance, say: the queue tries again, unlike after a refusal of the gateway's own user."""
    with tcp(answers(http(status, b""))) as upstream, gateway(upstream) as argus:
        reply = argus.get(AGENTS)
        assert (reply.status_code, reply.json()["code"]) == (502, "SYNC_FAILED")
    assert issubclass(UpstreamUnready, TRANSIENT)
    assert not issubclass(UpstreamFailed, TRANSIENT)


def test_errors_are_never_cached(gateway: Gateway) -> None:
    served = iter([http(503, b""), http(200, as_json(AGENTS_REPLY))])
    with tcp(lambda connection: connection.sendall(next(served))) as upstream, gateway(upstream) as argus:
        assert argus.get(AGENTS).status_code == 502
        assert argus.get(AGENTS).status_code == 200


def test_parallel_misses_make_one_call(gateway: Gateway) -> None:
    from concurrent.futures import ThreadPoolExecutor

    taken: list[int] = []

    def slow(connection: socket.socket) -> None:
        taken.append(1)
        time.sleep(0.2)
        connection.sendall(http(200, as_json(AGENTS_REPLY)))

    with tcp(slow) as upstream, gateway(upstream) as argus, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: Caller(argus.url).get(AGENTS).status_code, range(8)))
    assert replies == [200] * 8
    assert len(taken) == 1


def test_session_of_1c_is_kept_and_sent_back(gateway: Gateway) -> None:
    heads: list[bytes] = []
    norm = as_json(EXAMPLES["getNormHours 200"])

    def answer(head: bytes) -> bytes:
        heads.append(head)
        return http(200, norm, extra=f"X-Session-Id: s{len(heads)}\r\n")

    with recording(answer) as upstream, gateway(upstream) as argus:
        assert argus.post("/getNormHours", NORM).ok
        assert argus.post("/getNormHours", NORM).ok
    assert b"x-session-id" not in heads[0].lower()
    assert b"x-session-id: s1" in heads[1].lower()
    assert b"authorization: basic" in heads[0].lower()


def test_text_beyond_ascii_in_headers_is_no_defect_of_ours(gateway: Gateway) -> None:
    norm = as_json(EXAMPLES["getNormHours 200"])
    odd = "X-Session-Id: сессия\r\n"
    with recording(lambda head: http(200, norm, extra=odd)) as upstream, gateway(upstream) as argus:
        assert [argus.post("/getNormHours", NORM).status_code for _ in range(2)] == [200, 200]
    with (
        recording(lambda head: http(200, norm, "application/json; charset=кои")) as upstream,
        gateway(upstream) as argus,
    ):
        assert argus.post("/getNormHours", NORM).json()["code"] == "BAD_UPSTREAM_RESPONSE"
    schedule = as_json(EXAMPLES["sendSchedule 200"])
    with recording(lambda head: http(200, schedule)) as upstream, gateway(upstream) as argus:
        key = "ключ".encode().decode("latin-1")
        assert argus.post("/sendSchedule", SCHEDULE, headers={"Idempotency-Key": key}).status_code == 200


def test_failed_write_is_sent_once(gateway: Gateway) -> None:
    taken: list[int] = []

    def fail(connection: socket.socket) -> None:
        taken.append(1)
        connection.sendall(http(503, b""))

    with tcp(fail) as upstream, gateway(upstream) as argus:
        assert argus.post("/sendSchedule", SCHEDULE).status_code == 502
    assert len(taken) == 1


def recording(answer: Callable[[bytes], bytes]) -> Any:
    """Like tcp(), but `answer` sees the request's head."""
    import contextlib
    import threading

    @contextlib.contextmanager
    def run() -> Any:
        listening = socket.create_server(("127.0.0.1", 0))

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.sendall(answer(connection.recv(65536)))

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join(5)

    return run()
