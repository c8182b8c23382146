"""Request bodies, read whole within a limit before the application gets them."""

from __future__ import annotations

from starlette.types import Message, Receive

from argus_wfm.openapi.errors import (
    PayloadTooLarge,
    ValidationFailed,
)

DRAINED_BYTES = 128 * 1024 * 1024  # of a refused body, read so that the client sees the answer and not a reset


async def buffered(receive: Receive, limit: int) -> Receive:
    """Read the whole body, chunked or not, and give it back as one message. Raises PayloadTooLarge (A30)."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ValidationFailed("The caller went away before its body was whole.")
        size += len(message.get("body", b""))
        if size <= limit:
            chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    if size > limit:
        raise PayloadTooLarge(f"The body has more than {limit} bytes; send fewer employees a request.")
    return replayed(b"".join(chunks), receive)


def replayed(body: bytes, receive: Receive) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(messages, None) or await receive()

    return replay
