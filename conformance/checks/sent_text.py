"""What a run has sent that looks damaged: a host that gives it back has damaged nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import unquote_plus

from argus_wfm.conformance.checks.encoding import is_whole
from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.json_type import Json

UNUSUAL = re.compile(rb"[\x80-\xff]|\?\?|\\u|%")  # what text can only be damaged with
KEPT = 300_000  # pieces of texts, the first that were sent
PIECE, LOOKED_AT = 4, 1000  # characters
EXACTLY = "="  # before a whole text


def sent(exchange: Exchange) -> list[str]:
    """Texts of a request, from its address and its body, that are more than plain ASCII."""
    address, body = exchange.url[len(exchange.base_url) :], exchange.request_body
    texts = [unquote_plus(part) for part in re.split("[/?&=]", address)]
    if UNUSUAL.search(body):
        texts += _texts(body)
    return [text for text in texts if not text.isascii() or "??" in text]


class SentTexts:
    """Takes requests from any thread; knows pieces of their texts again, since a host may cut or quote them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: set[str] = set()

    def take(self, exchange: Exchange) -> None:
        """Remember what a request sent."""
        pieces = [piece for text in sent(exchange) for piece in _pieces(text)]
        with self._lock:
            if len(self._pieces) < KEPT:
                self._pieces.update(pieces)

    def hold(self, text: str) -> bool:
        """Whether a text that looks damaged was sent, or has some of one in it."""
        words = [word.strip(".,:;()'\"«»…") for word in re.split("[ /=]", text)]
        short = [word for word in words if len(word) < PIECE and _tells(word)]
        with self._lock:
            return f"{EXACTLY}{text}" in self._pieces or not self._pieces.isdisjoint([*_cut(text), *short])


def _pieces(text: str) -> list[str]:
    """By which a text is known again: as it is, and its pieces; a short one is a piece of its own."""
    return [f"{EXACTLY}{text[:LOOKED_AT]}", *_cut(text), *([text] if len(text) < PIECE and _tells(text) else [])]


def _cut(text: str) -> list[str]:
    """Of as many characters as no two texts share by chance."""
    pieces = (text[start : start + PIECE] for start in range(min(len(text), LOOKED_AT) - PIECE + 1))
    return [piece for piece in pieces if _tells(piece)]


def _tells(piece: str) -> bool:
    """More than Cyrillic, ASCII and question marks, which anybody's text has."""
    letters = piece.replace("?", "")
    return not is_whole(letters) or ("??" in piece and len(letters.strip()) > 1)


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
