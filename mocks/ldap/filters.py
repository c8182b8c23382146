"""Search filters (RFC 4511 4.5.1.7) as ldaptor decodes them, and whether an entry matches one: yes, no or undefined."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ldaptor.protocols import pureldap

from argus_wfm.mocks.ldap import names
from argus_wfm.mocks.ldap.names import BadName, folded

BIT_AND, BIT_OR = "1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804"
IN_CHAIN = "1.2.840.113556.1.4.1941"
Truth = bool | None  # None is "undefined", which NOT does not turn into a match
Filter = Any  # one of ldaptor's LDAPFilter_… classes
Kinds = dict[str, str]  # of attributes, by their names in lower case: text, integer or name
Values = Callable[[str], Iterable[str]]  # of an attribute in lower case, of the entry looked at
Chain = Callable[[str], Iterable[str]]  # the same with what these refer to, and so on


class Matcher:
    """Matches filters against entries whose attributes are of these `kinds`; one that is not known is undefined."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def match(self, given: Filter, values: Values, chain: Chain) -> Truth:
        """Whether an entry with these values matches."""
        match given:
            case pureldap.LDAPFilter_and():
                return _all([self.match(one, values, chain) for one in given])
            case pureldap.LDAPFilter_or():
                turned = _all([_not(self.match(one, values, chain)) for one in given])
                return _not(turned)
            case pureldap.LDAPFilter_not():
                return _not(self.match(given.value, values, chain))
            case pureldap.LDAPFilter_present():
                return self._present(_text(given.value), values)
            case pureldap.LDAPFilter_extensibleMatch():
                return self._extensible(given, values, chain)
        return self._assertion(given, values)

    def _present(self, attribute: str | None, values: Values) -> Truth:
        kind = self._kind(attribute)
        return None if kind is None or attribute is None else any(True for _ in values(attribute.lower()))

    def _kind(self, attribute: str | None) -> str | None:
        return None if attribute is None else self._kinds.get(attribute.lower())

    def _assertion(self, given: Filter, values: Values) -> Truth:
        """Equality, order and parts of values."""
        parts = isinstance(given, pureldap.LDAPFilter_substrings)
        attribute = _text(given.type if parts else given.attributeDesc.value)
        kind = self._kind(attribute)
        if attribute is None or kind is None:
            return None
        held = values(attribute.lower())
        if parts:
            return _has_parts(given, held) if kind == "text" else None
        asserted = _text(given.assertionValue.value)
        wanted = None if asserted is None else comparable(kind, asserted)
        if wanted is None:
            return None
        match given:
            case pureldap.LDAPFilter_equalityMatch() | pureldap.LDAPFilter_approxMatch():
                return any(comparable(kind, value) == wanted for value in held)
            case pureldap.LDAPFilter_greaterOrEqual() if kind != "name":
                return any(comparable(kind, value) >= wanted for value in held)
            case pureldap.LDAPFilter_lessOrEqual() if kind != "name":
                return any(comparable(kind, value) <= wanted for value in held)
        return None

    def _extensible(self, given: Filter, values: Values, chain: Chain) -> Truth:
        """The rules that Active Directory has; without a rule it is equality."""
        attribute = _text(given.type.value) if given.type else None
        kind, asserted = self._kind(attribute), _text(given.matchValue.value)
        if attribute is None or kind is None or asserted is None:
            return None
        wanted = comparable(kind, asserted)
        if wanted is None:
            return None
        rule = _text(given.matchingRule.value) if given.matchingRule else ""
        if rule in (BIT_AND, BIT_OR) and kind == "integer":
            bits = [int(value) & wanted for value in values(attribute.lower())]
            return any(bit == wanted if rule == BIT_AND else bit for bit in bits)
        if rule == IN_CHAIN and kind == "name":
            return any(comparable(kind, value) == wanted for value in chain(attribute.lower()))
        return any(comparable(kind, value) == wanted for value in values(attribute.lower())) if rule == "" else None


def comparable(kind: str, value: str) -> Any:
    """A value in the form in which values of its kind are compared; None for what is none of its kind."""
    try:
        return folded(value) if kind == "text" else int(value) if kind == "integer" else names.parse(value)
    except (BadName, ValueError):
        return None


def pinned(given: Filter, attribute: str) -> str | None:
    """The value that a filter asks an attribute (in lower case) to have in any case, so that an index can be asked."""
    if isinstance(given, pureldap.LDAPFilter_and):
        return next((value for one in given if (value := pinned(one, attribute)) is not None), None)
    if not isinstance(given, pureldap.LDAPFilter_equalityMatch):
        return None
    asked, value = _text(given.attributeDesc.value), _text(given.assertionValue.value)
    return value if asked is not None and asked.lower() == attribute else None


def _has_parts(given: Filter, held: Iterable[str]) -> bool | None:
    """Whether a value has the asked parts in their order, without overlap."""
    parts = [(type(part), _text(part.value)) for part in given.substrings]
    if any(not isinstance(text, str) for _, text in parts):
        return None
    return any(_in_order(folded(value), [(kind, _part(str(text))) for kind, text in parts]) for value in held)


def _part(text: str) -> str:
    """Folded like a value, but for the spaces at its ends, which stand between words."""
    inner = folded(text)
    return " " * text[:1].isspace() + inner + " " * (text[-1:].isspace() and inner != "")


def _in_order(value: str, parts: list[tuple[type, str]]) -> bool:
    at, end = 0, len(value)
    for kind, part in parts:
        if kind is pureldap.LDAPFilter_substrings_initial:
            found = 0 if value.startswith(part) else -1
        elif kind is pureldap.LDAPFilter_substrings_final:
            found = end - len(part) if value.endswith(part) and end - len(part) >= at else -1
        else:
            found = value.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _all(truths: list[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _text(value: Any) -> str | None:
    """What a filter asserts; undefined where it is not UTF-8."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        return None
