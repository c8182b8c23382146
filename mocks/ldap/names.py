"""Names in a directory (RFC 4514), and what two of them have to share to be the same one."""

from __future__ import annotations

import re
import unicodedata

Rdn = frozenset[tuple[str, str]]
Name = tuple[Rdn, ...]  # the leaf first; () is the root
TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)*")
ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})|\\(.)", re.DOTALL)
SPECIAL = re.compile(r'([\\,+"<>;=])')


class BadName(ValueError):
    """This is no distinguished name."""


def parse(text: str) -> Name:
    """A distinguished name as it is compared. Raises BadName."""
    return tuple(_rdn(part) for part in _split(text, ",")) if text.strip() else ()


def folded(value: str) -> str:
    """A value as it is compared (RFC 4518): no case, no width, no more than one space together."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def escaped(value: str) -> str:
    """A value as it is written within a name."""
    return re.sub(r"^([# ])| $", lambda edge: f"\\{edge[0]}", SPECIAL.sub(r"\\\1", value))


def _rdn(text: str) -> Rdn:
    pairs = []
    for part in _split(text, "+"):
        kind, equals, value = part.partition("=")
        if not equals or not TYPE.fullmatch(kind.strip()):
            raise BadName(f"{part!r} is not type=value")
        pairs.append((kind.strip().lower(), folded(_unescaped(value))))
    return frozenset(pairs)


def _split(text: str, separator: str) -> list[str]:
    """At separators that no backslash stands before."""
    parts, begin, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == separator:
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    if at > len(text):
        raise BadName("a backslash at the end escapes nothing")
    return [*parts, text[begin:]]


def _unescaped(value: str) -> str:
    try:
        return ESCAPED.sub(_unescape, _stripped(value).encode()).decode()
    except UnicodeError as error:
        raise BadName(f"{value!r} is not UTF-8") from error


def _stripped(value: str) -> str:
    """Without the spaces around it, but for one that a backslash keeps."""
    bare = value.strip(" ")
    kept = (len(bare) - len(bare.rstrip("\\"))) % 2
    return bare + " " * kept


def _unescape(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else found[2]
