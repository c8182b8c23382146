"""Simple paged results (RFC 2696), by which clients get more entries than a directory gives at once."""

from __future__ import annotations

from typing import Any, NamedTuple

from ldaptor.protocols import pureber

from argus_wfm.mocks.ldap.protocol import Undecodable

OID = b"1.2.840.113556.1.4.319"
Control = tuple[bytes, bool, bytes]


class Page(NamedTuple):
    """So many entries from there on."""

    size: int
    begin: int


def asked(controls: list[tuple[bytes, Any, bytes | None]] | None) -> Page | None:
    """The page that a request is for; None for one without the control. Raises Undecodable."""
    value = next((value for kind, _, value in controls or () if kind == OID), None)
    if value is None:
        return None
    try:
        inner, _ = pureber.berDecodeObject(pureber.BERDecoderContext(), value)
        size, cookie = inner
        begin = int(cookie.value or b"0")
    except Exception as error:  # ldaptor raises what it stumbles over
        raise Undecodable("the control of paged results is not as RFC 2696 has it") from error
    if not 0 <= size.value < 2**31 or begin < 0:
        raise Undecodable("the size of a page is a number from 0, and the cookie is ours")
    return Page(size.value, begin)


def told(next_begin: int | None) -> Control:
    """Of a reply: where the next page begins; None for the last."""
    cookie = b"" if next_begin is None else str(next_begin).encode()
    value = pureber.BERSequence([pureber.BERInteger(0), pureber.BEROctetString(cookie)])
    return OID, False, value.toWire()
