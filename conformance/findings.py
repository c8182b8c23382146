"""Findings and verdicts: one model for the terminal, JSON, JUnit and HTML (design decision 14)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Json = Any
SHOWN = 300  # characters of an expected or actual value that a finding keeps


class Drift(StrEnum):
    """In what way the host departs from the contract; "operation absent" says more than "404"."""

    UNREACHABLE = "unreachable"
    ABSENT = "operation absent"
    PROTOCOL = "wrong protocol"
    AUTH = "auth"
    SHAPE = "shape"
    VALUE = "value"


class Verdict(StrEnum):
    """Of a scenario. Only PASS was run and held; the last two were not run, and say why."""

    PASS = "pass"
    FAIL = "fail"
    UNTESTED = "could not test"
    HELD = "held back for safety"


CODES: dict[str, str] = {
    "UNREACHABLE": "The host did not answer: refused, reset, or silent for the whole deadline.",
    "OPERATION_ABSENT": "The host has no such path or method; the contract has.",
    "WRONG_PROTOCOL": "The answer is not JSON (HTML, XML or SOAP, plain text) where the contract has JSON.",
    "MEDIA_TYPE": "The Content-Type is not the one the contract documents for this status.",
    "CHARSET": "The body is not UTF-8, or is declared to be something else.",
    "STATUS_UNDOCUMENTED": "A status that the contract does not document for this operation.",
    "STATUS_UNEXPECTED": "A documented status, but not the one this situation calls for.",
    "ERROR_CODE": "The envelope's code is not the one this situation calls for, or not one of its status.",
    "ENVELOPE": "An error that is not the envelope {error, code, message, details}.",
    "MISSING_MEMBER": "A member that the contract requires is not there.",
    "RENAMED_MEMBER": "A required member is missing, and an undeclared one stands where it should be.",
    "UNDECLARED_MEMBER": "A member that the contract does not have.",
    "WRONG_TYPE": "A value of another JSON type than the contract's.",
    "WRONG_FORMAT": "A string that is not in the contract's format or pattern (dates, codes).",
    "OUT_OF_RANGE": "A value outside the contract's bounds or list.",
    "SCHEMA": "The body departs from the contract's schema in another way.",
    "HEADER": "A header that the contract documents is missing or wrong.",
    "AUTH_NOT_CHECKED": "The host answered without checking credentials.",
    "AUTH_REFUSED": "The host refused the credentials it was given.",
    "COUNT": "A count does not agree with what it counts.",
    "NOT_UNIQUE": "A value that identifies occurs twice.",
    "MOJIBAKE": "Text arrived damaged: U+FFFD, question marks, or Cyrillic read in another charset.",
    "VALUE": "A value is not what the domain's rules make it.",
    "UNREADABLE": "A step could not read the answer at all; the contract findings beside it say more.",
    "SLOW": "A reply took longer than the contract's users can wait.",
    "REQUEST_REFUSED": "A request that keeps to the contract was refused.",
    "REQUEST_ACCEPTED": "A request that breaks the contract was accepted.",
    "SERVER_ERROR": "The host failed with a 5xx.",
    "CONTRACT_TEST": "A generated contract test failed in another way.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between host and contract; `where` is a JSON pointer, a header or "status"."""

    code: str
    drift: Drift
    operation: str
    where: str
    message: str
    expected: str = ""
    actual: str = ""
    curl: str = ""
    scenario: str = ""
    severity: str = "error"

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that stay the same over runs: code, operation and place, whichever list member it was."""
        place = re.sub(r"/\d+(?=/|$)", "/*", self.where)
        return hashlib.sha256(f"{self.code}:{self.operation}:{place}".encode()).hexdigest()[:12]

    def as_dict(self) -> dict[str, Json]:
        """For report.json and for the way from child processes."""
        return {**asdict(self), "drift": self.drift.value, "fingerprint": self.fingerprint}

    @classmethod
    def from_dict(cls, given: dict[str, Json]) -> Finding:
        """The reverse of as_dict()."""
        fields = {name: value for name, value in given.items() if name in cls.__dataclass_fields__}
        return cls(**{**fields, "drift": Drift(given["drift"])})


class Departure(AssertionError):
    """A check that did not hold; carries its finding. Raised by steps and by checks of generated tests."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.operation} {finding.where}: {finding.message}")
        self.finding = finding


class CouldNotTest(Exception):
    """The host has not what the test needs; str() is the reason. Never a pass."""


class CouldNotRun(Exception):
    """The run as a whole has no verdict (exit code 2); the message says why and what to do."""


class HeldBack(Exception):
    """The test would have changed the host, or locked an account; str() is the reason."""


@dataclass(slots=True)
class Witnessed:
    """A finding, how often it was seen and by which scenarios."""

    finding: Finding
    times: int = 0
    witnesses: list[str] = field(default_factory=list)


class Findings:
    """Each difference once, by fingerprint, with its witnesses, in the order first seen."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._by_fingerprint: dict[str, Witnessed] = {}
        for finding in findings:
            self.add(finding)

    def add(self, finding: Finding) -> None:
        """Keep it, or count it with the one that is already there."""
        witnessed = self._by_fingerprint.setdefault(finding.fingerprint, Witnessed(finding))
        witnessed.times += 1
        if finding.scenario and finding.scenario not in witnessed.witnesses:
            witnessed.witnesses.append(finding.scenario)

    def __iter__(self) -> Iterator[Witnessed]:
        return iter(self._by_fingerprint.values())

    def __len__(self) -> int:
        return len(self._by_fingerprint)


def clipped(value: object) -> str:
    """A value for a finding: readable, and never a whole reply."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
