"""Text in Cyrillic, and what becomes of it where bytes are read in a wrong charset."""

from __future__ import annotations

import re

from argus_wfm.json_type import Json

CHARSETS = ("cp1251", "latin-1", "cp1252", "cp866", "koi8-r")
WESTERN = re.compile(r"\b[\u00c0-\u00ff]{2,}\b")
CYRILLIC = re.compile("[А-Яа-яЁё]")


def damaged(text: str) -> str:
    """In what way Cyrillic was damaged on its way; empty when it was not."""
    if "\ufffd" in text:
        return "U+FFFD"
    if "??" in text:
        return "question marks"
    for charset in CHARSETS:
        try:
            meant = text.encode(charset).decode("utf-8")
        except UnicodeError:
            continue
        if meant != text and CYRILLIC.search(meant):
            return f"UTF-8 read as {charset}; meant is {meant}"
    if WESTERN.search(text):
        return f"windows-1251 read in a Western charset; meant is {_cyrillic(text)}"
    return "control characters" if re.search("[\u0080-\u009f]", text) else ""


def _cyrillic(text: str) -> str:
    try:
        return text.encode("latin-1").decode("cp1251")
    except UnicodeError:
        return "Cyrillic"


def is_whole(text: str) -> bool:
    """Cyrillic as people write it, with a few signs beside: no need to look closer."""
    return re.fullmatch("[\\x20-\\x3e\\x40-\\x7eА-Яа-яЁё№«»–—…·×≤≥\u00a0]*", text) is not None and not re.search(
        "(Р.|С.){3}", text
    )


def legible(value: Json) -> Json:
    """The same value, its texts as long as they were and none that looks damaged: somebody may keep and show them."""
    if isinstance(value, dict):
        return {name: legible(member) for name, member in value.items()}
    if isinstance(value, list):
        return [legible(member) for member in value]
    if not isinstance(value, str) or is_whole(value):
        return value
    text = "".join(letter if is_whole(letter) or letter == "?" else "Ж" for letter in value).replace("??", "?!")
    return text if not damaged(text) else "".join(letter if letter.isascii() else "Ж" for letter in text)
