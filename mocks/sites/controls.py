"""/_control of the mock sites: what all mocks have, and what a site does when told."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Router

from argus_wfm.json_type import Json
from argus_wfm.mocks.controls import Switches, body_of, control, router
from argus_wfm.mocks.faults.active import ActiveFaults
from argus_wfm.mocks.sites.site import SimulatedSite
from argus_wfm.openapi.errors import ValidationFailed

if TYPE_CHECKING:
    from argus_wfm.mocks.sites.sites import MockSites

MEMBERS = ("employee_id", "start", "end")


def controls(sites: MockSites, active_faults: ActiveFaults, kinds: frozenset[str]) -> Router:
    """
    POST pull {"site"}    POST push {"site"}    of all sites without one
    POST clockings {"site", "shifts": [{"employee_id", "start", "end", "shift_id"?}, …]}    wall time at the site
    POST work {"site", "day": "2025-08-01"}    everybody's shifts that end on that day
    POST cut-off {"site", "cut_off": true}    and what all mocks have
    """

    async def pull(request: Request) -> Json:
        for site in _chosen(sites, await body_of(request)):
            await sites.pull(site)
        return sites.view()

    async def push(request: Request) -> Json:
        for site in _chosen(sites, await body_of(request)):
            await sites.push(site)
        return sites.view()

    async def clockings(request: Request) -> Json:
        body = await body_of(request)
        (site,) = _chosen(sites, body, one=True)
        shifts = _shifts(body)
        return {"clockings": [site.clock(**shift) for shift in shifts]}

    async def work(request: Request) -> Json:
        body = await body_of(request)
        return {"clockings": {one.id: one.work(sites.seed, *_day(one, body)) for one in _chosen(sites, body)}}

    async def cut_off(request: Request) -> Json:
        body = await body_of(request)
        if not isinstance(body.get("cut_off"), bool):
            raise ValidationFailed("cut_off is true or false", field="cut_off")
        for site in _chosen(sites, body):
            site.is_cut_off = body["cut_off"]
        return sites.view()

    now = sites.clock.now
    acts = {"/pull": pull, "/push": push, "/clockings": clockings, "/work": work, "/cut-off": cut_off}
    own = [control(path, act, "POST", now=now) for path, act in acts.items()]
    return router(sites, Switches(active_faults, "messages", kinds=kinds), own)


def _chosen(sites: MockSites, body: dict[str, Json], *, one: bool = False) -> list[SimulatedSite]:
    """Raises ValidationFailed."""
    name = body.get("site")
    if name is None and not one:
        return list(sites.branches.values())
    if name not in sites.branches:
        raise ValidationFailed(f"site is one of {', '.join(sites.branches)}", field="site")
    return [sites.branches[name]]


def _shifts(body: dict[str, Json]) -> list[dict[str, str]]:
    """Raises ValidationFailed."""
    shifts = body.get("shifts")
    if not isinstance(shifts, list) or not shifts:
        raise ValidationFailed("shifts is a list of clockings", field="shifts")
    for number, shift in enumerate(shifts):
        given = shift if isinstance(shift, dict) else {}
        if not {*MEMBERS} <= given.keys() <= {*MEMBERS, "shift_id"} or not all(
            isinstance(v, str) for v in given.values()
        ):
            raise ValidationFailed(f"a clocking has {', '.join(MEMBERS)}", field=f"shifts.{number}")
    return shifts


def _day(site: SimulatedSite, body: dict[str, Json]) -> tuple[dt.datetime, dt.datetime]:
    """Before and at the last instant of a day at the site. Raises ValidationFailed."""
    try:
        midnight = dt.datetime.combine(dt.date.fromisoformat(body["day"]), dt.time(), site.zone)
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationFailed("day is written as 2025-08-01", field="day") from error
    second = dt.timedelta(seconds=1)
    end = dt.datetime.combine(midnight.date() + dt.timedelta(days=1), dt.time(), site.zone)
    return midnight.astimezone(dt.UTC) - second, end.astimezone(dt.UTC) - second
