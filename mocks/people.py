"""The cast: one set of people for every mock, each derived from hash(seed, number) alone (design decision 10).

Person 1 is the seed's own (A23). The default cast has exactly 513 people employed on every day of WINDOW; on the way
to them the walk also meets people who left before it and people hired after it.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import random
from dataclasses import dataclass, replace
from typing import Literal

from faker import Faker

WINDOW = (dt.date(2025, 6, 30), dt.date(2025, 9, 30))
SITES = {
    "moscow": "Europe/Moscow",
    "yekaterinburg": "Asia/Yekaterinburg",
    "novosibirsk": "Asia/Novosibirsk",
    "vladivostok": "Asia/Vladivostok",
}  # zone by id
POSITIONS = (
    "Оператор", "Старший оператор", "Специалист поддержки", "Супервизор", "Тренер", "Специалист по качеству",
    "Аналитик", "Руководитель группы",
)  # fmt: skip
UNITS = ("Центр продаж", "Центр поддержки", "Центр качества", "Дирекция")
GROUPS = ("Группа 1", "Группа 2", "Группа 3")
PLACES = {
    **dict.fromkeys((6, 9, 12), "yekaterinburg"),
    **dict.fromkeys((7, 10, 13), "novosibirsk"),
    **dict.fromkeys((15, 16), "vladivostok"),
}  # site by number of the department; the others are in Moscow
NORMS = ((40, 80), (36, 8), (30, 4), (24, 4), (20, 4))  # hours a week: per cent of people
RATES = ((1.0, 85), (0.5, 8), (0.75, 4), (0.25, 3))
LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Department:
    """A unit of the two-level tree; `parent` is None for the upper level."""

    id: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the cast, the same in 1C, Oktell, LDAP and every export; dates are whole days, both included."""

    number: int
    gender: Literal["male", "female"]
    lastname: str
    firstname: str
    secondname: str | None
    position_id: str
    department_id: str
    hired: dt.date
    dismissed: dt.date | None
    norm_week: float
    employment_rate: float

    @property
    def site(self) -> str:
        """The zone of the department's site."""
        return SITES[site_of(self.department_id)]

    @property
    def agent_id(self) -> str:
        """The id in 1C."""
        return f"MCE{self.number:03d}"

    @property
    def employee_id(self) -> str:
        """The id in Central (A23)."""
        return f"EMP{self.number:03d}"

    @property
    def tab_number(self) -> str:
        """Personnel number with its leading zeros."""
        return f"{122 + self.number:05d}"

    @property
    def login(self) -> str:
        """first.last in Latin letters; every person but the first of a name has the number behind it."""
        base = f"{transliterated(self.firstname)}.{transliterated(self.lastname)}"
        return base if self.number == 1 else f"{base}{self.number}"

    def employed_on(self, day: dt.date) -> bool:
        """The day of dismissal included (A41)."""
        return self.hired <= day and (self.dismissed is None or day <= self.dismissed)

    def employed_within(self, start: dt.date, end: dt.date) -> bool:
        """Whether employed on some day of the period."""
        return self.hired <= end and (self.dismissed is None or start <= self.dismissed)


FIRST = Person(1, "male", "Иванов", "Иван", "Иванович", "POS001", "DEPT001", dt.date(2020, 1, 15), None, 40, 1.0)


def departments() -> list[Department]:
    """The departments tree: four units, three groups in each; DEPT001 is the first unit."""
    units = [Department(f"DEPT{n:03d}", name, None) for n, name in enumerate(UNITS, 1)]
    groups = [
        Department(f"DEPT{len(UNITS) + i * len(GROUPS) + j:03d}", name, unit.id)
        for i, unit in enumerate(units)
        for j, name in enumerate(GROUPS, 1)
    ]
    return units + groups


DEPARTMENT_IDS = tuple(department.id for department in departments())


@functools.lru_cache(maxsize=8)  # a process has several parties, and each begins anew at every reset
def cast(agents: int = 513, seed: int = 1) -> tuple[Person, ...]:
    """People number 1, 2, … until `agents` of them are employed all through WINDOW."""
    fake, steady = Faker("ru_RU"), 0
    people: list[Person] = []
    while steady < agents:
        people.append(person(len(people) + 1, seed, fake))
        steady += all(people[-1].employed_on(day) for day in WINDOW)
    return tuple(people)


def person(number: int, seed: int = 1, fake: Faker | None = None) -> Person:
    """Person `number`: the same alone or among thousands."""
    if number == 1:
        return FIRST
    key = int.from_bytes(hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest())
    choice, fake = random.Random(key), fake or Faker("ru_RU")
    fake.seed_instance(key)
    gender: Literal["male", "female"] = choice.choice(("male", "female"))
    hired, dismissed = _employment(choice)
    name = _name(fake, choice, gender)
    position, department = choice.randint(1, len(POSITIONS)), choice.choice(DEPARTMENT_IDS)
    choice.random()  # was the site's own, which the department now says; without it everybody would become another
    return Person(
        number,
        gender,
        *name,
        position_id=f"POS{position:03d}",
        department_id=department,
        hired=hired,
        dismissed=dismissed,
        norm_week=_weighted(choice, NORMS),
        employment_rate=_weighted(choice, RATES),
    )


def site_of(department_id: str) -> str:
    """The site of a department; one that the cast does not know is in Moscow."""
    number = department_id.removeprefix("DEPT")
    return PLACES.get(int(number), "moscow") if number.isdecimal() else "moscow"


def hire(people: list[Person], seed: int, day: dt.date) -> Person:
    """The next person of the cast, hired on `day` and still here."""
    return replace(person(len(people) + 1, seed), hired=day, dismissed=None)


def _name(fake: Faker, choice: random.Random, gender: str) -> tuple[str, str, str | None]:
    last, first, middle = (getattr(fake, f"{part}_{gender}")() for part in ("last_name", "first_name", "middle_name"))
    return last, first, None if choice.random() < 0.02 else middle


def _employment(choice: random.Random) -> tuple[dt.date, dt.date | None]:
    """4 % left before WINDOW, 4 % come after it; of the others 8 % leave later, on different days."""
    kind = choice.random()
    if kind < 0.04:
        hired = _between(choice, dt.date(2012, 1, 10), dt.date(2024, 6, 30))
        return hired, _between(choice, hired + dt.timedelta(days=30), WINDOW[0] - dt.timedelta(days=1))
    if kind < 0.08:
        return _between(choice, WINDOW[1] + dt.timedelta(days=1), dt.date(2026, 10, 31)), None
    hired = _between(choice, dt.date(2012, 1, 10), WINDOW[0] - dt.timedelta(days=1))
    leaves = choice.random() < 0.08
    return hired, _between(choice, dt.date(2025, 10, 1), dt.date(2027, 6, 30)) if leaves else None


def _between(choice: random.Random, start: dt.date, end: dt.date) -> dt.date:
    return dt.date.fromordinal(choice.randint(start.toordinal(), end.toordinal()))


def _weighted(choice: random.Random, table: tuple[tuple[float, int], ...]) -> float:
    return choice.choices([value for value, _ in table], [weight for _, weight in table])[0]


@functools.lru_cache(maxsize=4096)
def transliterated(name: str) -> str:
    """A Russian name in lower-case Latin letters, as logins are written."""
    return "".join(LATIN.get(letter, letter) for letter in name.lower() if letter.isalpha())
