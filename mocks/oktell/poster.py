"""Posts what the contact centre tells to the gateway: in order for each agent, again until it has arrived."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx
import orjson

from argus_wfm.json_type import Json
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.faults.messages import MessageFaults, Sending
from argus_wfm.openapi import load

log = logging.getLogger("argus.mocks.oktell")

Token = str | Callable[[], str]
AT_ONCE = 8  # posts under way
ANSWER_S = 10.0
AGAIN_S, LONGEST_AGAIN_S = 0.2, 5.0  # the first wait and the longest, doubled in between


@dataclass(eq=False)
class PendingPost:
    """One message for the gateway; `settled` once it is known what has become of it, at least for now."""

    line: str
    method: str
    path: str
    payload: dict[str, Json]
    replies: list[dict[str, Json]] = field(default_factory=list)
    fault: str = ""
    trouble: str = ""
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def shown(self) -> dict[str, Json]:
        """For POST /_control/feed."""
        first = self.replies[0] if self.replies else {"status": None, "body": None}
        more = {name: value for name, value in (("fault", self.fault), ("trouble", self.trouble)) if value}
        return {**first, **more, **({"replies": self.replies} if len(self.replies) > 1 else {})}


class EventPoster:
    """A context of the loop that it works in; `token` is asked for again when the gateway says that it has expired."""

    def __init__(self, gateway: str, token: Token, tampering: MessageFaults[PendingPost], clock: Clock) -> None:
        contract = load("mce")
        self._url = gateway.rstrip("/") + contract.base_path
        self._events, self._load = (contract.operations[name] for name in ("sendEvent", "putQueueLoad"))
        self._new_token = token if callable(token) else lambda: token
        self._token = ""
        self._tampering, self._clock = tampering, clock
        self._http = httpx.AsyncClient(trust_env=False, timeout=ANSWER_S, verify=gateway.startswith("https"))
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lines: dict[str, deque[PendingPost]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sleeping: set[Callable[[], bool]] = set()  # whether what each waits for has come
        self._working, self._quiet = 0, asyncio.Event()
        self._quiet.set()
        self.counts: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self._trouble = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reset()
        await self._http.aclose()

    @property
    def backlog(self) -> int:
        """Messages that have not arrived yet."""
        return sum(len(parcels) for parcels in self._lines.values())

    def event(self, payload: dict[str, Json]) -> PendingPost:
        """Post an event after all earlier ones of its agent."""
        return self._put(PendingPost(f"agent {payload['agent_id']}", self._events.method, self._events.path, payload))

    def load(self, queue: str, payload: dict[str, Json]) -> PendingPost:
        """Tell how long a queue is; takes the place of what was to be told of it and has not left yet."""
        path = self._load.path.replace("{queue}", quote(queue, safe=""))
        line = f"queue {queue}"
        waiting = self._lines.get(line, deque())
        if len(waiting) > 1:
            waiting.pop().settled.set()
        return self._put(PendingPost(line, self._load.method, path, payload))

    async def settle(self) -> None:
        """Until nothing is under way but what waits for its time, or for a gateway that does not answer."""
        await self._quiet.wait()
        while any(due() for due in self._sleeping):  # woken, and not at work yet
            await asyncio.sleep(0)
            await self._quiet.wait()

    def reset(self) -> None:
        """Nothing is under way, held back or counted."""
        for task in self._tasks:
            task.cancel()
        self._lines.clear()
        self._tampering.forget()
        self.counts.clear()
        self.refused.clear()

    def view(self) -> dict[str, Json]:
        """What has become of what was posted."""
        names = ("posted", "acknowledged", "duplicates", "refused", "retried", "unreachable", "loads")
        counts = {name: self.counts[name] for name in names}
        return {**counts, "refused_by_status": {str(s): n for s, n in self.refused.items()}, "backlog": self.backlog}

    def _put(self, pending: PendingPost) -> PendingPost:
        if pending.line in self._lines:
            self._lines[pending.line].append(pending)
        else:
            self._lines[pending.line] = deque([pending])
            self._start(self._work_off(self._lines[pending.line]))
        return pending

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """A task that counts as work from now on, so that nobody finds it quiet before it has begun."""
        self._begin()
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._pause()

    def _begin(self) -> None:
        self._working += 1
        self._quiet.clear()

    def _pause(self) -> None:
        self._working -= 1
        if not self._working:
            self._quiet.set()

    async def _work_off(self, parcels: deque[PendingPost]) -> None:
        """One line, until it is empty."""
        line = parcels[0].line
        while parcels:
            pending = parcels[0]
            sendings = self._sendings(pending)
            for sending in sendings:
                await self._deliver(sending)
            for parcel_ in (pending, *(sending.item for sending in sendings)):
                parcel_.settled.set()
            parcels.popleft()
        if self._lines.get(line) is parcels:
            del self._lines[line]

    def _sendings(self, pending: PendingPost) -> list[Sending[PendingPost]]:
        if pending.path != self._events.path:
            return [Sending(pending, orjson.dumps(pending.payload))]
        return self._tampering.of(pending.line, pending, pending.payload)

    async def _deliver(self, sending: Sending[PendingPost]) -> None:
        sending.item.fault = sending.fault or sending.item.fault
        if sending.withheld:
            return
        if sending.late_s:
            self._start(self._later(sending))
            return
        if sending.drop:
            await self._break_off(sending)
        await self._arrive(sending)

    async def _later(self, sending: Sending[PendingPost]) -> None:
        due, active = self._clock.elapsed() + sending.late_s, sending.active
        async with self._asleep(lambda: self._clock.elapsed() >= due or bool(active and active.lifted.is_set())):
            await sending.due(self._clock)
        await self._arrive(sending)

    async def _arrive(self, sending: Sending[PendingPost]) -> None:
        """Post it until the gateway has said something of it that will not change."""
        again_s = AGAIN_S
        self.counts["posted"] += sending.item.path == self._events.path
        while not await self._posted(sending):
            self.counts["retried"] += 1
            sending.item.settled.set()
            await self._sleep(again_s)
            again_s = min(2 * again_s, LONGEST_AGAIN_S)

    async def _sleep(self, seconds: float) -> None:
        due = self._clock.elapsed() + seconds
        async with self._asleep(lambda: self._clock.elapsed() >= due):
            await self._clock.sleep_until(due)

    @contextlib.asynccontextmanager
    async def _asleep(self, due: Callable[[], bool]) -> AsyncIterator[None]:
        """Nothing to settle in here, until it is due."""
        self._sleeping.add(due)
        self._pause()
        try:
            yield
        finally:
            self._sleeping.discard(due)
            self._begin()

    async def _posted(self, sending: Sending[PendingPost]) -> bool:
        """Once; False when it is to be posted again."""
        pending = sending.item
        try:
            async with self._slots:
                reply = await self._request(pending, sending.text)
                if reply.status_code == 401 and b"TOKEN_EXPIRED" in reply.content:
                    self._token = ""
                    reply = await self._request(pending, sending.text)
        except httpx.HTTPError as error:
            self.counts["unreachable"] += 1
            return self._in_trouble(pending, str(error) or type(error).__name__)
        if _did_not_arrive(reply):
            self._token = "" if reply.status_code in (401, 403) else self._token
            return self._in_trouble(pending, f"answered {reply.status_code}")
        self._in_trouble(pending, "")
        body = _json(reply)
        pending.replies.append({"status": reply.status_code, "body": body})
        if reply.is_success:
            self.counts["acknowledged" if pending.path == self._events.path else "loads"] += 1
            self.counts["duplicates"] += isinstance(body, dict) and body.get("duplicate") is True
        else:
            self.counts["refused"] += 1
            self.refused[reply.status_code] += 1
        return True

    def _in_trouble(self, pending: PendingPost, words: str) -> bool:
        """Says it once, however many events wait for it to be over. Always False: the event is to be posted again."""
        if words and not self._trouble:
            log.warning("The gateway at %s %s; events wait and are posted again.", self._url, words)
        elif self._trouble and not words:
            log.warning("The gateway at %s takes events again.", self._url)
        self._trouble = pending.trouble = words
        return False

    async def _request(self, pending: PendingPost, text: bytes) -> httpx.Response:
        return await self._http.request(pending.method, self._url + pending.path, content=text, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        self._token = self._token or self._new_token()
        return {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}

    async def _break_off(self, sending: Sending[PendingPost]) -> None:
        """Half a request on a connection of its own, which is then aborted."""
        pending, host = sending.item, urlsplit(self._url)
        headers = {"Host": host.netloc, **self._headers(), "Content-Length": str(len(sending.text))}
        head = f"{pending.method} {host.path}{pending.path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        port, tls = host.port or (443 if host.scheme == "https" else 80), host.scheme == "https"
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host.hostname, port, ssl=tls or None)
            writer.write(head.encode() + b"\r\n" + sending.text[: len(sending.text) // 2])
            await writer.drain()
            writer.transport.abort()


def _did_not_arrive(reply: httpx.Response) -> bool:
    """A gateway that cannot now, that does not take our token, or that is none: not an answer to the event."""
    if reply.status_code in (401, 403, 429) or reply.is_server_error or reply.is_redirect:
        return True
    if reply.status_code not in (404, 405):
        return False
    body = _json(reply)
    return not isinstance(body, dict) or body.get("code") in (None, "NOT_FOUND", "METHOD_NOT_ALLOWED")


def _json(reply: httpx.Response) -> Json:
    try:
        return orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        return reply.text[:200]
