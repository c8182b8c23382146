"""User names that attack a login: LDAP metacharacters, injections, look-alikes."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

from tests.support.sso_client import LOGIN

META = [
    "*",
    "(",
    ")",
    "\\",
    "\0",
    "/",
    "|",
    "&",
    "!",
    "=",
    "~",
    "<",
    ">",
    ",",
    "+",
    '"',
    ";",
    "#",
    " ",
    ":",
    "\t",
    "\n",
]


INJECTIONS = [
    "*", "*)(sAMAccountName=*", "*)(objectClass=*))(|(cn=*", f"{LOGIN})(objectClass=*", f"{LOGIN})(|(a=*)", ")(cn=*",
    f"{LOGIN}\0", f"\0{LOGIN}", "\\2a", "\\00", "i*", "(&)", "(|)", f"{LOGIN},ou=employees,dc=company,dc=ru", "svc", "",
    f"cn={LOGIN}", f"COMPANY\\{LOGIN}", f"{LOGIN}@company.ru", f"{LOGIN}#", f" {LOGIN}", f"{LOGIN} ", "argus-nobody-",
]  # fmt: skip


ALIKE = {"a": "аàａɑ\u0251", "i": "іìｉıΙ", "v": "ѵｖν", "n": "ｎпñ", "o": "оοｏ0ö", ".": "．․·。"}
STRANGE = [
    "\u200b",
    "\u202e",
    "\ufeff",
    "\u0301",
    "\ud7ff",
    "\ue000",
    "\U0001f600",
    "\U000e0041",
    "\u00ad",
    "İ",
    "ß",
    "ﬁ",
]


def hostile(count: int, seed: int = 1) -> Iterator[str]:
    """So many names, none of them anybody's; the same for the same seed."""
    dice = random.Random(seed)
    for number in range(count):
        kind = number % 5
        if number < len(INJECTIONS):
            name = INJECTIONS[number]
        elif kind == 0:
            name = "".join(dice.choice([*META, *LOGIN]) for _ in range(dice.randrange(1, 30)))
        elif kind == 1:
            place = dice.randrange(len(LOGIN) + 1)
            name = LOGIN[:place] + dice.choice([*META, *STRANGE]) + LOGIN[place:]
        elif kind == 2:
            name = "".join(dice.choice(ALIKE.get(one, one)) if dice.random() < 0.5 else one for one in LOGIN)
        elif kind == 3:
            name = dice.choice([LOGIN, "(" * 9, "*", "я", "\U0001f600"]) * dice.choice([20, 200, 2000])
        else:
            name = "".join(chr(dice.choice([*range(0xD800), *range(0xE000, 0x11000)])) for _ in range(20))
        yield name if name and unicodedata.normalize("NFC", name).casefold() != LOGIN else f"{name}*"
