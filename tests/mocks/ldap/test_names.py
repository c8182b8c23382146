"""Names of a directory: what is the same, what is none, and that a value written into one is read from it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_wfm.mocks.ldap.names import BadName, escaped, folded, parse


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=Иванов,dc=ru", "CN = ИВАНОВ , DC=RU"),
        (r"cn=\D0\98ван", "cn=Иван"),
        (r"cn=a\,b", r"cn=a\2cb"),
        ("cn=a  b", "cn=a b"),
        ("cn=a+sn=b", "sn=B+cn=A"),
        (r"cn=\ a\ ", "cn=a"),
        ("2.5.4.3=a", "2.5.4.3=A"),
        ("", "  "),
    ],
)
def test_are_the_same(one: str, other: str) -> None:
    assert parse(one) == parse(other)


@pytest.mark.parametrize(
    "text", ["cn", "cn=a,", ",cn=a", "=a", "cn=a\\", r"cn=\ff", "a b=c", "cn=a,,dc=b", "cn=a+", "*"]
)
def test_are_none(text: str) -> None:
    with pytest.raises(BadName):
        parse(text)


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_a_value_that_is_written_is_read(value: str) -> None:
    ((pair,),) = parse(f"cn={escaped(value)}")
    assert pair == ("cn", folded(value))


@given(st.text())
def test_any_text_is_a_name_or_none(text: str) -> None:
    try:
        parse(text)
    except BadName:
        return
