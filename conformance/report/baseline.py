"""Findings that are known and accepted until a day: `argus conform --baseline FILE` (TOML or JSON).

[[finding]]
fingerprint = "0a1b2c3d4e5f"
code = "RENAMED_MEMBER"
reason = "1C calls it tabN; the gateway maps it"
expires = 2026-12-31
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from argus_wfm.conformance.errors import CouldNotRun
from argus_wfm.conformance.model.codes import CODES, nearest
from argus_wfm.conformance.model.findings import Witnessed
from argus_wfm.json_type import Json

MEMBERS = {"fingerprint", "code", "reason", "expires", "operation", "where"}  # the last two are for the reader
FINGERPRINT = re.compile("[0-9a-f]{12}")
LIFE = dt.timedelta(days=30)  # that a written baseline lasts
TO_BE_TOLD = "TODO: say why this is accepted"


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry; `expires` is the last day on which it is accepted (UTC)."""

    fingerprint: str
    code: str
    reason: str
    expires: dt.date


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings of a run beside a baseline."""

    new: list[Witnessed]
    accepted: list[tuple[Witnessed, Accepted]]
    expired: list[tuple[Witnessed, Accepted]]  # these count again, and are in `new` as well
    stale: list[Accepted]  # no longer seen


def read(path: Path) -> list[Accepted]:
    """The entries of a file. Raises CouldNotRun that says what is wrong where."""
    try:
        text = path.read_text(encoding="utf-8")
        given = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise CouldNotRun(f"Cannot read the baseline {path}: {error.strerror}.") from error
    except ValueError as error:
        raise CouldNotRun(
            f"The baseline {path} is no {'JSON' if path.suffix == '.json' else 'TOML'}: {error}"
        ) from error
    rows = given.get("finding") if isinstance(given, dict) else None
    if not isinstance(rows, list) or set(given) != {"finding"}:
        raise CouldNotRun(f"The baseline {path} is to have a list of [[finding]], and nothing beside it.")
    entries = [_entry(f"{path}, finding {number}", row) for number, row in enumerate(rows, 1)]
    twice = {one.fingerprint for one in entries if [each.fingerprint for each in entries].count(one.fingerprint) > 1}
    if twice:
        raise CouldNotRun(f"The baseline {path} has the fingerprint {min(twice)} twice.")
    return entries


def _entry(where: str, row: Json) -> Accepted:
    if not isinstance(row, dict):
        raise CouldNotRun(f"{where} is no table.")
    unknown = sorted(set(row) - MEMBERS)
    if unknown:
        raise CouldNotRun(f"{where} has {unknown[0]}, which is none of {', '.join(sorted(MEMBERS))}.")
    for name in ("fingerprint", "code", "reason"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise CouldNotRun(f"{where} has no {name}.")
    if not FINGERPRINT.fullmatch(row["fingerprint"]):
        raise CouldNotRun(f"{where}: {row['fingerprint']} is no fingerprint; it has twelve hex digits.")
    if row["code"] not in CODES:
        close = nearest(row["code"])
        raise CouldNotRun(f"{where}: there is no code {row['code']}{f'; did you mean {close[0]}?' if close else '.'}")
    if row["reason"].startswith("TODO"):
        raise CouldNotRun(f"{where}: the reason is still to be told; say why {row['code']} is accepted.")
    return Accepted(row["fingerprint"], row["code"], row["reason"], _day(where, row.get("expires")))


def _day(where: str, given: Json) -> dt.date:
    if given is None:
        raise CouldNotRun(f"{where} has no expires; write the last day on which it is accepted, e.g. 2026-12-31.")
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        return given
    try:
        return dt.date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise CouldNotRun(f"{where}: expires is {given}, which is no day; write it as 2026-12-31.") from error


def sort(findings: Iterable[Witnessed], entries: Sequence[Accepted], today: dt.date) -> Sorted:
    """Which findings are new, accepted, or accepted no longer, and which entries are of nothing that was seen."""
    listed = {entry.fingerprint: entry for entry in entries}
    result = Sorted([], [], [], [])
    for witnessed in findings:
        entry = listed.pop(witnessed.finding.fingerprint, None)
        if entry is None:
            result.new.append(witnessed)
        elif entry.expires >= today:
            result.accepted.append((witnessed, entry))
        else:
            result.new.append(witnessed)
            result.expired.append((witnessed, entry))
    result.stale.extend(listed.values())
    return result


def written(findings: Iterable[Witnessed], kept: Sequence[Accepted], today: dt.date) -> str:
    """TOML of all findings: entries that are there keep reason and day, new ones wait for a reason."""
    known = {entry.fingerprint: entry for entry in kept}
    blocks = ["# Accepted findings. Each needs a reason, and the last day on which it is accepted.\n"]
    for witnessed in findings:
        finding = witnessed.finding
        entry = known.get(finding.fingerprint)
        reason, expires = (entry.reason, entry.expires) if entry else (TO_BE_TOLD, today + LIFE)
        values = {"fingerprint": finding.fingerprint, "code": finding.code, "operation": finding.operation,
                  "where": finding.where, "reason": reason}  # fmt: skip
        lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
        blocks.append("\n".join(["[[finding]]", *lines, f"expires = {expires}", ""]))
    return "\n".join(blocks)


def _toml(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
