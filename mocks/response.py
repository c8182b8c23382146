"""A reply that is whole before it goes out, so that it can be looked at, spoiled or replaced."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class WholeResponse:
    """Status, headers and body; header names as the application wrote them."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def retyped(self, media_type: str, body: bytes) -> WholeResponse:
        """The same reply with another type and body."""
        others = tuple((name, value) for name, value in self.headers if name.lower() != b"content-type")
        return replace(self, headers=(*others, (b"content-type", media_type.encode())), body=body)

    async def give(self, scope: Scope, send: Send) -> None:
        """Let it out, with the length that it has."""
        sized = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        sized.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": sized})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self.body})


async def answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> WholeResponse:
    """What an application answers, kept back."""
    start: Message = {}
    chunks: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, keep)
    return WholeResponse(start["status"], tuple((bytes(n), bytes(v)) for n, v in start["headers"]), b"".join(chunks))
