"""/_control of the mock directory: what all mocks have, its people, when it locks them out, and its certificate."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from argus_wfm.json_type import Json
from argus_wfm.mocks.controls import Switches, body_of, control, router
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.faults.tcp import KINDS, Ports
from argus_wfm.mocks.ldap.accounts import Account
from argus_wfm.mocks.ldap.certificates import Certificate
from argus_wfm.mocks.ldap.directory import DirectoryEntries
from argus_wfm.mocks.ldap.entries import Entry
from argus_wfm.openapi.errors import EmployeeNotFound, ValidationFailed

FLAGS = ("disabled", "locked", "expired", "must_change", "password_expired")
TIMES = {"window_s": "window", "duration_s": "duration"}


def controls(
    directory: DirectoryEntries, active_faults: ActiveFaults, ports: Ports, certificate: Certificate
) -> Router:
    """
    POST people {"login", "password", "groups", "mail", "department", "title", "disabled", "locked", "expired", …}
    POST lockout {"threshold", "window_s", "duration_s"}    GET certificate (PEM)    and what all mocks have
    """

    async def people(request: Request) -> Json:
        return _change(directory, await body_of(request))

    async def lockout(request: Request) -> Json:
        if request.method == "POST":
            _set_lockout(directory, await body_of(request))
        return directory.view()["lockout"]

    async def authority(_request: Request) -> Response:
        return PlainTextResponse(certificate.authority, media_type="application/x-pem-file")

    now = directory.clock.now
    own = [
        control("/people", people, "POST", now=now),
        control("/lockout", lockout, "GET", "POST", now=now),
        Route("/certificate", authority, methods=["GET"]),
    ]
    return router(directory, Switches(active_faults, "replies", ports, KINDS), own)


def _change(directory: DirectoryEntries, body: dict[str, Json]) -> Json:
    """Raises ValidationFailed, EmployeeNotFound; then nothing has changed."""
    login, given = body.get("login"), {name: value for name, value in body.items() if name != "login"}
    with directory.lock:
        entry = directory.person(login) if isinstance(login, str) else None
        if entry is None or entry.account is None:
            raise EmployeeNotFound(f"The directory has no account {login}.", field="login")
        for name, value in given.items():
            _check(directory, name, value)
        for name, value in given.items():
            if name in Entry.changeable:
                directory.write(entry, name, (value,) if value is not None else ())
            elif name == "groups":
                directory.join(entry, value)
            else:
                _set(directory, entry.account, name, value)
        troubles = entry.account.troubles(directory.clock.now(), directory.lockout)
        return {"login": entry.login, "dn": entry.dn, "troubles": troubles}


def _check(directory: DirectoryEntries, name: str, value: Json) -> None:
    if name in FLAGS:
        sound = isinstance(value, bool)
    elif name == "password":
        sound = isinstance(value, str) and value != ""
    elif name == "groups":
        sound = isinstance(value, list) and all(one in directory.groups() for one in value)
    elif name in Entry.changeable:
        sound = value is None or (isinstance(value, str) and value != "")
    else:
        known = ", ".join((*FLAGS, "password", "groups", *Entry.changeable))
        raise ValidationFailed(f"{name} is none of {known}", field=name)
    if not sound:
        raise ValidationFailed(f"{name} cannot be {value!r}; groups are {', '.join(directory.groups())}", field=name)


def _set(directory: DirectoryEntries, account: Account, name: str, value: Json) -> None:
    if name == "expired":
        account.expires = directory.clock.now() if value else None
    elif name == "locked":
        account.unlock()
        account.locked = value
    else:
        setattr(account, name, value)


def _set_lockout(directory: DirectoryEntries, body: dict[str, Json]) -> None:
    """Raises ValidationFailed."""
    for name, value in body.items():
        if name not in ("threshold", *TIMES):
            raise ValidationFailed(f"{name} is none of threshold, {', '.join(TIMES)}", field=name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 0 <= value <= 10**6:
            raise ValidationFailed(f"{name} is a whole number up to a million; a threshold of 0 is never", field=name)
    with directory.lock:
        directory.lockout.threshold = body.get("threshold", directory.lockout.threshold)
        for name, member in TIMES.items():
            if name in body:
                setattr(directory.lockout, member, dt.timedelta(seconds=body[name]))
