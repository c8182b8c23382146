"""The sites of a company: who belongs to which, and wall time there (seed section 6; A32, A33).

Every stored time is UTC; a site's zone turns it into what is shown, and wall time of the site into what is stored.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from argus_wfm.gateway.errors import SiteNotFound
from argus_wfm.json_type import Json

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
MEMBERS = {"id", "name", "zone", "departments"}
SEED: list[dict[str, Json]] = [
    {
        "id": "moscow",
        "name": "Москва",
        "zone": "Europe/Moscow",
        "departments": [f"DEPT{number:03d}" for number in (1, 2, 3, 4, 5, 8, 11, 14)],
    },
    {
        "id": "yekaterinburg",
        "name": "Екатеринбург",
        "zone": "Asia/Yekaterinburg",
        "departments": ["DEPT006", "DEPT009", "DEPT012"],
    },
    {
        "id": "novosibirsk",
        "name": "Новосибирск",
        "zone": "Asia/Novosibirsk",
        "departments": ["DEPT007", "DEPT010", "DEPT013"],
    },
    {
        "id": "vladivostok",
        "name": "Владивосток",
        "zone": "Asia/Vladivostok",
        "departments": ["DEPT015", "DEPT016"],
    },
]  # seed section 6


class SitesError(Exception):
    """The list of sites cannot be used; the message is one line that says where."""


class NoSuchWallTime(ValueError):
    """The site's clocks never showed it, or showed it twice; `code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Site:
    """One site; `departments` are 1C's ids."""

    id: str
    name: str
    zone: ZoneInfo
    departments: tuple[str, ...]

    def local(self, moment: dt.datetime) -> dt.datetime:
        """An instant as the site's clocks show it, aware."""
        return moment.astimezone(self.zone)

    def moment(self, written: str) -> dt.datetime:
        """UTC of a date-time as sites write it: with a zone, or wall time here. Raises NoSuchWallTime."""
        parsed = dt.datetime.fromisoformat(written)
        if parsed.tzinfo is not None:
            return parsed.astimezone(dt.UTC)
        readings = [parsed.replace(tzinfo=self.zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1)]
        true = {moment for moment in readings if self.local(moment).replace(tzinfo=None) == parsed}
        if not true:
            words = f"The clocks of {self.zone.key} were set forward over {parsed.isoformat()}."
            raise NoSuchWallTime("WALL_TIME_NONEXISTENT", words)
        if len(true) > 1:
            words = f"The clocks of {self.zone.key} showed {parsed.isoformat()} twice; write its offset."
            raise NoSuchWallTime("WALL_TIME_AMBIGUOUS", words)
        return true.pop()

    def shown(self, at: dt.datetime) -> Json:
        """As openapi/operations.yaml has it, with its time at an instant."""
        local = self.local(at)
        moment = local.isoformat(timespec="seconds")
        return {
            "id": self.id,
            "name": self.name,
            "zone": self.zone.key,
            "departments": list(self.departments),
            "local_time": moment,
            "utc_offset": moment[19:],
            "abbreviation": local.tzname() or "",
        }


class SiteRegistry:
    """The registry, in the order of its list."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self._sites = {site.id: site for site in sites}
        self.of_department = {department: site for site in sites for department in site.departments}

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites.values())

    def __getitem__(self, site_id: str) -> Site:
        """Raises SiteNotFound."""
        if site_id not in self._sites:
            raise SiteNotFound(f"There is no site {site_id}; there are: {', '.join(self._sites)}.", field="siteId")
        return self._sites[site_id]

    @classmethod
    def of_file(cls, path: Path | None) -> SiteRegistry:
        """TOML or JSON, {"sites": [{"id", "name", "zone", "departments"}]}; None: the seed's. Raises SitesError."""
        if path is None:
            return cls.of(SEED)
        try:
            text = path.read_text(encoding="utf-8")
            document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        except OSError as error:
            raise SitesError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SitesError(f"{path} is neither TOML nor JSON: {error}") from error
        listed = document.get("sites") if isinstance(document, dict) else None
        if not isinstance(listed, list) or not listed:
            raise SitesError(f"{path} lists no sites; write a [[sites]] table for each")
        return cls.of(listed)

    @classmethod
    def of(cls, listed: Sequence[Json]) -> SiteRegistry:
        """Raises SitesError."""
        sites = [_site(number, given) for number, given in enumerate(listed, 1)]
        owners: dict[str, str] = {}
        for number, site in enumerate(sites):
            if site.id in {other.id for other in sites[:number]}:
                raise SitesError(f"two sites have the id {site.id}")
            for department in site.departments:
                if department in owners:
                    raise SitesError(f"department {department} is at two sites, {owners[department]} and {site.id}")
                owners[department] = site.id
        return cls(sites)


def _site(number: int, given: Json) -> Site:
    """Raises SitesError."""
    if not isinstance(given, Mapping):
        raise SitesError(f"site {number} is no table of {', '.join(sorted(MEMBERS))}")
    name = str(given.get("id", number))
    if wrong := MEMBERS ^ given.keys():
        missing = sorted(wrong & MEMBERS)
        words = f"{missing[0]} is missing" if missing else f"{min(wrong, key=str)} is no member of a site"
        raise SitesError(f"site {name}: {words}")
    texts = all(isinstance(given[member], str) and given[member].strip() for member in ("id", "name", "zone"))
    departments = given["departments"]
    if not texts or not isinstance(departments, list) or not all(isinstance(one, str) and one for one in departments):
        raise SitesError(f"site {name}: id, name and zone are text, departments is a list of 1C's ids")
    if not ID.fullmatch(name):
        raise SitesError(f"site {name}: an id is small Latin letters, digits, _ and -, at most 32")
    return Site(name, given["name"], _zone(name, given["zone"]), tuple(departments))


def _zone(site: str, key: str) -> ZoneInfo:
    """Raises SitesError."""
    try:
        return ZoneInfo(key)
    except (LookupError, ValueError, OSError) as error:  # no such zone, no name of one, a folder of them
        raise SitesError(f"site {site}: {key} is no IANA time zone, such as Asia/Vladivostok") from error
