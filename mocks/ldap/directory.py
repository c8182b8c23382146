"""The directory behind the mock: who is in it, who may bind as whom, and what a search finds."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator

from argus_wfm.json_type import Json
from argus_wfm.mocks import people
from argus_wfm.mocks.clock import Clock
from argus_wfm.mocks.ldap import accounts, entries, names
from argus_wfm.mocks.ldap.accounts import Account, BindRefusal, LockoutPolicy, Trouble
from argus_wfm.mocks.ldap.entries import DOMAIN, KINDS, OPERATIONAL, REALM, SPELLED, Entry
from argus_wfm.mocks.ldap.filters import Filter, Matcher, pinned
from argus_wfm.mocks.ldap.names import BadName, Name

BASE, ONE_LEVEL, SUBTREE = 0, 1, 2


class DirectoryEntries:
    """Entries by name and by login. Take `lock` around what reads or changes it; nothing waits while holding it."""

    def __init__(self, *, seed: int, agents: int, clock: Clock, lockout: LockoutPolicy | None = None) -> None:
        self.clock, self.seed, self.agents = clock, seed, agents
        self.lock = threading.RLock()
        self._at_start = lockout or LockoutPolicy()
        self._matcher = Matcher(KINDS)
        self.reset()

    def reset(self, seed: int | None = None, agents: int | None = None) -> None:
        """Back to the cast, its passwords and its troubles; the clock is not touched."""
        with self.lock:
            self.seed = self.seed if seed is None else seed
            self.agents = self.agents if agents is None else agents
            start = self._at_start
            self.lockout = LockoutPolicy(start.threshold, start.window, start.duration)
            self.created = self.clock.now().replace(microsecond=0)
            employees = people.cast(self.agents, self.seed)
            service = Account(accounts.SERVICE_PASSWORD, self.created, service=True)
            theirs = (accounts.account(person, self.seed, self.created) for person in employees)
            self._entries = list(entries.entries(employees, theirs, service))
            self._by_name = {entry.name: entry for entry in self._entries}
            self._by_login = {names.folded(entry.login): entry for entry in self._entries if entry.login}

    async def settle(self) -> None:
        """For controls: nothing here waits for the clock."""

    def bind(self, who: str, password: bytes) -> Entry | BindRefusal:
        """By DN, by UPN or as DOMAIN\\user: the account, or why not."""
        with self.lock:
            entry = self.named(who)
            if entry is None:
                return BindRefusal.UNKNOWN
            if entry.account is None:
                return BindRefusal.WRONG_PASSWORD
            return entry.account.bind(password, self.clock.now(), self.lockout) or entry

    def named(self, who: str) -> Entry | None:
        """Whom a bind means; a name without a domain is none of AD's forms."""
        domain, _, login = who.rpartition("\\")
        if domain.casefold() == DOMAIN.casefold():
            return self._by_login.get(names.folded(login))
        login, _, realm = who.rpartition("@")
        if realm.casefold() == REALM and "=" not in who:
            return self._by_login.get(names.folded(login))
        try:
            return self._by_name.get(names.parse(who))
        except BadName:
            return None

    def person(self, login: str) -> Entry | None:
        """Somebody's entry."""
        entry = self._by_login.get(names.folded(login))
        return entry if entry and entry.account else None

    def base(self, name: Name) -> Entry | None:
        """The entry of that name."""
        return self._by_name.get(name)

    def nearest(self, name: Name) -> str:
        """The DN of the closest entry above a name that is not there; empty outside of the directory."""
        above = (self._by_name.get(name[steps:]) for steps in range(1, len(name)))
        return next((entry.dn for entry in above if entry), "")

    def search(self, base: Name, scope: int, given: Filter) -> Iterator[Entry]:
        """What matches, in the order of the directory."""
        login = pinned(given, "samaccountname")
        found = [self._by_login.get(names.folded(login))] if login is not None else self._within(base, scope)
        for entry in found:
            if entry and _in_scope(entry.name, base, scope) and self.matches(entry, given):
                yield entry

    def matches(self, entry: Entry, given: Filter) -> bool:
        """Whether an entry does."""
        matched = self._matcher.match(
            given, lambda attribute: self._held(entry, attribute), lambda attribute: self._chain(entry, attribute)
        )
        return matched is True

    def shown(self, entry: Entry, asked: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Its attributes that were asked for, as they are spelled here; none asked is all but the operational."""
        wanted = [name.lower() for name in asked] or ["*"]
        held = {**entry.attributes, **self._changing(entry)}
        plain = [name for name in held if name not in OPERATIONAL]
        chosen = plain if "*" in wanted else []
        chosen += [name for name in held if name in OPERATIONAL] if "+" in wanted else []
        named = [SPELLED[name] for name in wanted if name in SPELLED]
        return {name: held[name] for name in dict.fromkeys([*chosen, *named]) if name in held}

    def groups(self) -> list[str]:
        """Those that somebody can be in."""
        return [entry.attributes["cn"][0] for entry in self._entries if "group" in entry.attributes["objectClass"]]

    def join(self, entry: Entry, groups: Iterable[str]) -> None:
        """In these groups and in no others."""
        wanted = tuple(entries.group_dn(name) for name in groups)
        for group in (one for one in self._entries if "group" in one.attributes["objectClass"]):
            members = [dn for dn in group.attributes.get("member", ()) if dn != entry.dn]
            self.write(group, "member", (*members, entry.dn) if group.dn in wanted else tuple(members))
        self.write(entry, "memberOf", wanted)

    def write(self, entry: Entry, attribute: str, values: tuple[str, ...]) -> None:
        """What it holds from now on; nothing takes the attribute away."""
        entry.attributes.pop(attribute, None)
        if values:
            entry.attributes[attribute] = values

    def ldif(self) -> str:
        """All of it with its passwords, for a real directory to load; what that keeps for itself is left out."""
        with self.lock:
            return "\n".join(_record(entry, self.shown(entry, ("*",))) for entry in self._entries)

    def view(self) -> dict[str, Json]:
        """What a test may look at."""
        with self.lock:
            now, troubles = self.clock.now(), {str(trouble): list[str]() for trouble in Trouble}
            wrong: dict[str, int] = {}
            for entry in self._entries:
                if entry.account is None:
                    continue
                for trouble in entry.account.troubles(now, self.lockout):
                    troubles[trouble].append(entry.login)
                if entry.account.bad_count:
                    wrong[entry.login] = entry.account.bad_count
            return {
                "seed": self.seed,
                "entries": len(self._entries),
                "people": sum(entry.account is not None for entry in self._entries) - 1,
                "base": entries.PEOPLE,
                "troubles": troubles,
                "wrong_passwords": wrong,
                "lockout": {
                    "threshold": self.lockout.threshold,
                    "window_s": self.lockout.window.total_seconds(),
                    "duration_s": self.lockout.duration.total_seconds(),
                },
            }

    def _within(self, base: Name, scope: int) -> list[Entry]:
        return [self._by_name[base]] if scope == BASE else self._entries

    def _held(self, entry: Entry, attribute: str) -> tuple[str, ...]:
        name = SPELLED[attribute]
        held = entry.attributes.get(name)
        return held if held is not None else self._changing(entry).get(name, ())

    def _chain(self, entry: Entry, attribute: str) -> tuple[str, ...]:
        """What an attribute refers to, and what that refers to; each once, so that a circle ends."""
        seen: dict[str, None] = {}
        left = list(self._held(entry, attribute))
        while left:
            dn = left.pop()
            if dn not in seen:
                seen[dn] = None
                further = self._by_name.get(names.parse(dn))
                left += self._held(further, attribute) if further else ()
        return tuple(seen)

    def _changing(self, entry: Entry) -> dict[str, tuple[str, ...]]:
        stamp = f"{self.created:%Y%m%d%H%M%S}.0Z"
        held: dict[str, tuple[str, ...]] = {"createTimestamp": (stamp,), "modifyTimestamp": (stamp,)}
        if entry.account:
            changing = entry.account.attributes(self.clock.now(), self.lockout)
            held |= {name: (str(value),) for name, value in changing.items()}
        return held


def _in_scope(name: Name, base: Name, scope: int) -> bool:
    if scope == ONE_LEVEL:
        return name[1:] == base and bool(name)
    return name == base if scope == BASE else not base or name[-len(base) :] == base


def _record(entry: Entry, held: dict[str, tuple[str, ...]]) -> str:
    """In LDIF; every value in base64, which any value can be."""
    if entry.account:
        held = {**held, "userPassword": (entry.account.password,)}
    del held["distinguishedName"]
    values = [("dn", entry.dn), *((name, value) for name, given in held.items() for value in given)]
    return "".join(f"{name}:: {base64.b64encode(value.encode()).decode()}\n" for name, value in values)
