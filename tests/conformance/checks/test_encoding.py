"""Text in the wrong encoding is recognised, and text that is whole is not accused."""

from __future__ import annotations

import pytest

from argus_wfm.conformance.checks.encoding import damaged, is_whole, legible


@pytest.mark.parametrize(
    "text",
    [
        "Иванов",
        "Щёголева-Ярёменко",
        "Müller",
        "José",
        "Ё",
        "её",
        "всё",
        "№ 5 «А» — б",
        "РОССИЯ",
        "СССР РСФСР",
        "O'Нил",
        "😀",
    ],
)
def test_text_that_is_whole_is_not_accused(text: str) -> None:
    assert damaged(text) == ""


@pytest.mark.parametrize("charset", ["cp1251", "cp866", "koi8-r"])
def test_text_read_in_another_charset_is_told_with_what_was_meant(charset: str) -> None:
    assert "Петров" in damaged("Петров".encode().decode(charset))


def test_text_in_a_western_charset_is_told_with_what_was_meant() -> None:
    assert "Иванов" in damaged("Иванов".encode("cp1251").decode("latin-1"))
    assert damaged("Ив\ufffdнов") == "U+FFFD"
    assert damaged("??????") == "question marks"


@pytest.mark.parametrize(
    "text", ["ô\U000d75d7\x80÷", "what??", "????", "РџРµС‚СЂРѕРІ", "Èâàíîâ Пётр", "\ufffd", "Иванов"]
)
def test_what_is_written_to_a_host_of_others_looks_damaged_to_nobody(text: str) -> None:
    made = legible({"name": [text]})["name"][0]
    assert (len(made), damaged(made) if not is_whole(made) else "") == (len(text), "")
    assert made == text or not is_whole(text)
