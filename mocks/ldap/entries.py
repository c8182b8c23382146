"""Entries of the directory, made of the cast as Active Directory would hold it, and their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from argus_wfm.mocks import people
from argus_wfm.mocks.ldap import names
from argus_wfm.mocks.ldap.accounts import Account
from argus_wfm.mocks.ldap.names import Name
from argus_wfm.mocks.people import Person

ROOT = "dc=company,dc=ru"
PEOPLE, GROUPS = f"ou=employees,{ROOT}", f"ou=groups,{ROOT}"
SERVICE, SERVICE_LOGIN = f"cn=svc,{ROOT}", "svc"
REALM, DOMAIN = "company.ru", "COMPANY"
OPERATORS, SUPERVISORS, ADMINS = "argus-operators", "argus-supervisors", "argus-admins"
EVERYBODY = "argus-users"  # its members are the other groups, for LDAP_MATCHING_RULE_IN_CHAIN
MEMBERSHIP = {"Супервизор": SUPERVISORS, "Руководитель группы": SUPERVISORS, "Аналитик": ADMINS}  # others: OPERATORS
TEXTS = (
    "objectClass", "dc", "ou", "cn", "sn", "givenName", "displayName", "description", "mail", "department", "title",
    "company", "employeeID", "sAMAccountName", "userPrincipalName", "createTimestamp", "modifyTimestamp",
)  # fmt: skip
INTEGERS = (
    "userAccountControl", "accountExpires", "pwdLastSet", "lockoutTime", "badPwdCount", "badPasswordTime",
    "msDS-User-Account-Control-Computed",
)  # fmt: skip
NAMES = ("distinguishedName", "memberOf", "member")
SPELLED = {name.lower(): name for name in (*TEXTS, *INTEGERS, *NAMES)}
KINDS = {
    **{name.lower(): "text" for name in TEXTS},
    **{name.lower(): "integer" for name in INTEGERS},
    **{name.lower(): "name" for name in NAMES},
}
OPERATIONAL = frozenset({"createTimestamp", "modifyTimestamp", "msDS-User-Account-Control-Computed"})


@dataclass(slots=True)
class Entry:
    """One entry: what it holds, and its account, whose attributes change with time."""

    dn: str
    attributes: dict[str, tuple[str, ...]]
    account: Account | None = None
    name: Name = field(init=False)

    changeable: ClassVar[tuple[str, ...]] = ("mail", "department", "title")

    def __post_init__(self) -> None:
        self.name = names.parse(self.dn)
        self.attributes["distinguishedName"] = (self.dn,)

    @property
    def login(self) -> str:
        """Empty for what is no account."""
        return next(iter(self.attributes.get("sAMAccountName", ())), "")


def entries(employees: Iterable[Person], accounts: Iterable[Account], service: Account) -> Iterator[Entry]:
    """The whole directory, parents before their children."""
    yield Entry(ROOT, {"objectClass": ("top", "domain"), "dc": ("company",)})
    for dn, unit in ((PEOPLE, "employees"), (GROUPS, "groups")):
        yield Entry(dn, {"objectClass": ("top", "organizationalUnit"), "ou": (unit,)})
    yield Entry(SERVICE, _account(SERVICE_LOGIN, "svc", "svc"), service)
    taken: set[str] = set()
    members: dict[str, list[str]] = {OPERATORS: [], SUPERVISORS: [], ADMINS: []}
    departments = {department.id: department.name for department in people.departments()}
    for person, account in zip(employees, accounts, strict=True):
        entry = _person(person, departments[person.department_id], taken, account)
        members[_group(person)].append(entry.dn)
        yield entry
    yield from _groups(members)


def group_dn(name: str) -> str:
    """Of one of the groups."""
    return f"cn={name},{GROUPS}"


def _person(person: Person, department: str, taken: set[str], account: Account) -> Entry:
    full = " ".join(filter(None, (person.lastname, person.firstname, person.secondname)))
    common = full if full not in taken else f"{full} {person.number}"  # a name is there once within its unit
    taken.add(common)
    held = _account(person.login, common, person.lastname) | {
        "givenName": (person.firstname,),
        "displayName": (full,),
        "mail": (f"{person.login}@{REALM}",),
        "department": (department,),
        "title": (people.POSITIONS[int(person.position_id.removeprefix("POS")) - 1],),
        "employeeID": (person.employee_id,),
        "memberOf": (group_dn(_group(person)),),
    }
    return Entry(f"cn={names.escaped(common)},{PEOPLE}", held, account)


def _account(login: str, common: str, surname: str) -> dict[str, tuple[str, ...]]:
    return {
        "objectClass": ("top", "person", "organizationalPerson", "user"),
        "cn": (common,),
        "sn": (surname,),
        "sAMAccountName": (login,),
        "userPrincipalName": (f"{login}@{REALM}",),
    }


def _group(person: Person) -> str:
    return MEMBERSHIP.get(people.POSITIONS[int(person.position_id.removeprefix("POS")) - 1], OPERATORS)


def _groups(members: dict[str, list[str]]) -> Iterator[Entry]:
    for name, dns in members.items():
        held = _group_entry(name, dns)
        yield Entry(group_dn(name), {**held, "memberOf": (group_dn(EVERYBODY),)})
    yield Entry(group_dn(EVERYBODY), _group_entry(EVERYBODY, [group_dn(name) for name in members]))


def _group_entry(name: str, members: list[str]) -> dict[str, tuple[str, ...]]:
    return {
        "objectClass": ("top", "group"),
        "cn": (name,),
        "sAMAccountName": (name,),
        **({"member": tuple(members)} if members else {}),
    }
