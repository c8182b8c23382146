"""Accounts as Active Directory keeps them: passwords, what bars a logon, and locking out after wrong passwords."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import random
from dataclasses import dataclass
from enum import StrEnum

from argus_wfm.mocks.people import Person

FIRST_PASSWORD = "argus-dev"  # of person 1, for development alone, as all of these
SERVICE_PASSWORD = "argus-svc"
BLOCK = 50  # people; one of each Trouble is among them
EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)  # of times in AD, in steps of 100 ns
NEVER = 2**63 - 1
NORMAL, DISABLED, NO_EXPIRY = 0x200, 0x2, 0x10000  # bits of userAccountControl
LOCKED_OUT, PASSWORD_EXPIRED = 0x10, 0x800000  # of msDS-User-Account-Control-Computed


class BindRefusal(StrEnum):
    """Why a bind fails: the data code in AD's message."""

    UNKNOWN = "525"
    WRONG_PASSWORD = "52e"
    PASSWORD_EXPIRED = "532"
    DISABLED = "533"
    EXPIRED = "701"
    MUST_CHANGE = "773"
    LOCKED = "775"


class Trouble(StrEnum):
    """What is the matter with an account, for which it is refused with the right password."""

    DISABLED = "disabled"
    EXPIRED = "expired"
    LOCKED = "locked"
    MUST_CHANGE = "must_change"
    PASSWORD_EXPIRED = "password_expired"


REFUSALS = {  # in the order in which AD looks; LOCKED comes before the password
    Trouble.DISABLED: BindRefusal.DISABLED,
    Trouble.EXPIRED: BindRefusal.EXPIRED,
    Trouble.PASSWORD_EXPIRED: BindRefusal.PASSWORD_EXPIRED,
    Trouble.MUST_CHANGE: BindRefusal.MUST_CHANGE,
}


@dataclass(slots=True)
class LockoutPolicy:
    """When wrong passwords lock an account: `threshold` of them within `window`, for `duration`; 0 is never."""

    threshold: int = 5
    window: dt.timedelta = dt.timedelta(minutes=30)
    duration: dt.timedelta = dt.timedelta(minutes=30)


@dataclass(slots=True)
class Account:
    """One account. `locked` is by hand and stays; `locked_at` is by wrong passwords and passes."""

    password: str
    created: dt.datetime
    expires: dt.datetime | None = None
    disabled: bool = False
    locked: bool = False
    must_change: bool = False
    password_expired: bool = False
    service: bool = False
    locked_at: dt.datetime | None = None
    bad_count: int = 0
    bad_at: dt.datetime | None = None

    def bind(self, password: bytes, now: dt.datetime, lockout: LockoutPolicy) -> BindRefusal | None:
        """Try a password; None is success, which forgets the wrong ones. A locked account does not look at it."""
        if self.is_locked(now, lockout):
            return BindRefusal.LOCKED
        self.locked_at = None
        if password != self.password.encode():
            self._mistaken(now, lockout)
            return BindRefusal.WRONG_PASSWORD
        self.bad_count = 0
        troubles = self.troubles(now, lockout)
        return next((refusal for trouble, refusal in REFUSALS.items() if trouble in troubles), None)

    def is_locked(self, now: dt.datetime, lockout: LockoutPolicy) -> bool:
        """By hand, or by wrong passwords and not for long enough yet."""
        return self.locked or (self.locked_at is not None and now < self.locked_at + lockout.duration)

    def troubles(self, now: dt.datetime, lockout: LockoutPolicy) -> list[Trouble]:
        """All that is the matter with it now."""
        bars = {
            Trouble.DISABLED: self.disabled,
            Trouble.EXPIRED: self.expires is not None and self.expires <= now,
            Trouble.LOCKED: self.is_locked(now, lockout),
            Trouble.MUST_CHANGE: self.must_change,
            Trouble.PASSWORD_EXPIRED: self.password_expired,
        }
        return [trouble for trouble, there in bars.items() if there]

    def unlock(self) -> None:
        """As an administrator does."""
        self.locked, self.locked_at, self.bad_count = False, None, 0

    def attributes(self, now: dt.datetime, lockout: LockoutPolicy) -> dict[str, int]:
        """As AD shows it."""
        locked = self.is_locked(now, lockout)
        changed = 0 if self.must_change else filetime(self.created - dt.timedelta(days=365 * self.password_expired))
        return {
            "userAccountControl": NORMAL | DISABLED * self.disabled | NO_EXPIRY * self.service,
            "accountExpires": NEVER if self.expires is None else filetime(self.expires),
            "pwdLastSet": changed,
            "lockoutTime": filetime(self.locked_at or self.created) if locked else 0,
            "badPwdCount": self.bad_count,
            "badPasswordTime": filetime(self.bad_at) if self.bad_at else 0,
            "msDS-User-Account-Control-Computed": LOCKED_OUT * locked | PASSWORD_EXPIRED * self.password_expired,
        }

    def _mistaken(self, now: dt.datetime, lockout: LockoutPolicy) -> None:
        if self.bad_at is None or now - self.bad_at >= lockout.window:
            self.bad_count = 0
        self.bad_count, self.bad_at = self.bad_count + 1, now
        if 0 < lockout.threshold <= self.bad_count:
            self.locked_at = now


def account(person: Person, seed: int, created: dt.datetime) -> Account:
    """Of a person of the cast; one who leaves has an account until the end of that day (in Moscow)."""
    trouble = _trouble(person.number, seed)
    expires = None
    if person.dismissed:
        midnight = dt.datetime.combine(person.dismissed + dt.timedelta(days=1), dt.time(), dt.UTC)
        expires = midnight - dt.timedelta(hours=3)
    if trouble == Trouble.EXPIRED:
        expires = created - dt.timedelta(days=30)
    return Account(
        password_of(person.login, seed) if person.number > 1 else FIRST_PASSWORD,
        created,
        expires=expires,
        disabled=trouble == Trouble.DISABLED,
        locked=trouble == Trouble.LOCKED,
        must_change=trouble == Trouble.MUST_CHANGE,
        password_expired=trouble == Trouble.PASSWORD_EXPIRED,
    )


def password_of(login: str, seed: int) -> str:
    """Anybody's but person 1's, by seed and login."""
    digest = hashlib.blake2b(f"{seed}:{login}".encode(), digest_size=9).digest()
    return base64.urlsafe_b64encode(digest).decode()


def filetime(moment: dt.datetime) -> int:
    """An instant as AD writes it."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1) * 10


def _trouble(number: int, seed: int) -> Trouble | None:
    """By the person's block and place in it; person 1 never has any."""
    block, place = divmod(number - 1, BLOCK)
    chosen = random.Random(f"{seed}:{block}").sample(range(1, BLOCK), len(Trouble))
    return dict(zip(chosen, Trouble, strict=True)).get(place)
