"""What a run has sent that looks damaged: a host that gives it back has damaged nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from conformance.exchange import Exchange
from conformance.findings import Finding, clipped

Json = Any
UNUSUAL = re.compile(rb"[\x80-\xff]|\?\?|\\u|%")  # what text can only be damaged with
KEPT = 5000  # texts, the first that were sent
TELLING = 3  # characters that a text needs to be known again inside any other


def sent(exchange: Exchange) -> list[str]:
    """Texts of a request, from its address and its body, that are more than plain ASCII."""
    address, body = exchange.url[len(exchange.base_url) :], exchange.request_body
    texts = [unquote_plus(part) for part in re.split("[/?&=]", address)]
    if UNUSUAL.search(body):
        texts += _texts(body)
    return [text for text in texts if not text.isascii() or "??" in text]


class Echoes:
    """Takes requests from any thread, and knows their texts again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, None] = {}

    def take(self, exchange: Exchange) -> None:
        """Remember what a request sent."""
        texts = sent(exchange)
        with self._lock:
            room = KEPT - len(self._texts)
            self._texts.update(dict.fromkeys(clipped(text) for text in texts[: max(room, 0)]))

    def hold(self, finding: Finding) -> bool:
        """Whether what a finding takes for damage is a text that was sent, or has one in it."""
        if finding.code != "MOJIBAKE":
            return False
        with self._lock:
            text, known = finding.actual, self._texts
            return any(_within(one.removesuffix("…"), text) for one in known)


def _within(sent: str, text: str) -> bool:
    """A short one only as a word of its own, since damage is made of the same letters."""
    if sent not in text or len(sent) >= TELLING:
        return sent in text
    return any(word.strip(".,:;()'\"«»") == sent for word in re.split("[ /=]", text))


def _texts(body: bytes) -> list[str]:
    try:
        return list(_members(json.loads(body)))
    except (ValueError, RecursionError):
        return [body.decode("utf-8", "replace")]


def _members(body: Json) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict):
        for name, value in body.items():
            yield name
            yield from _members(value)
    elif isinstance(body, list):
        for value in body:
            yield from _members(value)
