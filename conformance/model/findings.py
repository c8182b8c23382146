"""Findings and verdicts: one model for the terminal, JSON, JUnit, SARIF and HTML (design decision 14)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from argus_wfm.conformance.model.codes import CODES as CODES
from argus_wfm.conformance.model.codes import kind, severity
from argus_wfm.json_type import Json

UNREADABLE = (KeyError, IndexError, TypeError, AttributeError, ValueError)  # what reading a misshapen answer raises
SHOWN = 300  # characters of an expected or actual value that a finding keeps
TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]*\.?[\w-]*")  # a JSON Web Token, which is nobody else's business

SECRET = re.compile(r"""(["'](?:access_token|refresh_token|token|password)["']\s*:\s*["'])[^"']*""")  # of other forms


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


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between host and contract; `where` is a JSON pointer (RFC 6901), "body", "status" or a header.

    `variant` tells apart what differs at one place: the status or the code that came. `request` and `attempt` say of
    which request, and of which sending of it; both are empty where there was none.
    """

    code: str
    drift: Drift
    operation: str
    where: str
    message: str
    expected: str = ""
    actual: str = ""
    curl: str = ""
    scenario: str = ""
    severity: str = ""
    variant: str = ""
    sample: str = ""
    request: str = ""
    attempt: str = ""

    def __post_init__(self) -> None:
        if not self.severity:
            object.__setattr__(self, "severity", severity(self.code))

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that stay the same over runs: kind, operation and place, whichever list member it was."""
        place = re.sub(r"/\d+(?=/|$)", "/*", self.where)
        parts = [kind(self.code), self.operation, place, *([self.variant] if self.variant else [])]
        return hashlib.sha256(":".join(parts).encode()).hexdigest()[:12]

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


@dataclass(slots=True)
class Witnessed:
    """A finding, how often it was seen, by which scenarios, and in which sendings of which requests."""

    finding: Finding
    times: int = 0
    witnesses: list[str] = field(default_factory=list)
    seen: dict[str, set[str]] = field(default_factory=dict, repr=False)

    def take(self, finding: Finding) -> None:
        """Count it; one that says more precisely what is wrong is told instead of the one before."""
        self.times += 1
        if finding.scenario and finding.scenario not in self.witnesses:
            self.witnesses.append(finding.scenario)
        if finding.request:
            self.seen.setdefault(finding.request, set()).add(finding.attempt)
        if kind(self.finding.code) == self.finding.code != finding.code:
            self.finding = finding

    def frequency(self, sent: Mapping[str, int]) -> tuple[int, int] | None:
        """(seen, sent) of the requests that were sent more than once; None where none was."""
        repeated = [request for request in self.seen if sent.get(request, 0) > 1]
        if not repeated:
            return None
        return sum(len(self.seen[request]) for request in repeated), sum(sent[request] for request in repeated)


def steadiness(frequency: tuple[int, int] | None) -> str:
    """In words: steady, intermittent, or "" where no request was repeated."""
    if frequency is None:
        return ""
    seen, sent = frequency
    words = "steady" if seen >= sent else "intermittent"
    return f"{words}: seen in {min(seen, sent)} of {sent} attempts of the same request"


class Findings:
    """Each difference once, by fingerprint, with its witnesses, in the order first seen."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._by_fingerprint: dict[str, Witnessed] = {}
        for finding in findings:
            self.add(finding)

    def add(self, finding: Finding) -> None:
        """Keep it, or count it with the one that is already there."""
        self._by_fingerprint.setdefault(finding.fingerprint, Witnessed(finding)).take(finding)

    def __iter__(self) -> Iterator[Witnessed]:
        return iter(self._by_fingerprint.values())

    def __len__(self) -> int:
        return len(self._by_fingerprint)


def clipped(value: object, most: int = SHOWN) -> str:
    """A value for a finding: readable, never a whole reply, and without tokens."""
    text = TOKEN.sub("eyJ…", value if isinstance(value, str) else repr(value))
    text = SECRET.sub(lambda held: held[0] if "eyJ…" in held[0] else f"{held[1]}…", text)
    return text if len(text) <= most else f"{text[:most]}…"
